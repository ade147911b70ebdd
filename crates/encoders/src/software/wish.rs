//! What the properties of all video codecs and platforms ask for, in one form.

use crate::config::EncoderConfig;
use crate::properties::{EncoderProperties, Setting, Value, numbers, quantiser_ranges};
use crate::{RateControl, TuningPreset};

/// The target rate in bits a second when none is given; that of NVIDIA's elements.
const DEFAULT_BITRATE: u32 = 4_000_000;
/// Frames from one intra frame to the next when nothing else is given; that of NVIDIA's elements.
const DEFAULT_INTERVAL: u32 = 30;
/// The greatest interval that every software encoder understands.
const GREATEST_INTERVAL: u32 = 1 << 30;
/// Speeds of the Jetson presets among those of desktop GPUs, 1 to 7.
const JETSON_SPEEDS: [Option<u32>; 5] = [None, Some(1), Some(3), Some(6), Some(7)];

/// Quantisers of I, P and B frames.
pub(super) type Quantisers = [u32; 3];

/// What the encoder is to do. Rates are bits a second, sizes are bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub bitrate: u32,
    pub max_bitrate: Option<u32>,
    pub rate_control: RateControl,
    /// Frames from one key frame to the next.
    pub interval: u32,
    /// The element's own number of the profile.
    pub profile: Option<u32>,
    /// From 1, the fastest, to 7, the best.
    pub speed: Option<u32>,
    pub tuning: Option<TuningPreset>,
    /// Of P, I and B frames.
    pub quantiser_range: Option<[(u32, u32); 3]>,
    pub quantisers: Option<Quantisers>,
    pub buffer_size: Option<u32>,
    pub buffer_delay: Option<u32>,
    pub quality: Option<u32>,
    pub spatial_strength: Option<u32>,
    pub temporal: Option<bool>,
    pub full_range: Option<bool>,
    pub references: Option<u32>,
    pub delimiters: Option<bool>,
    pub colour_info: Option<bool>,
    pub cavlc: Option<bool>,
    pub lossless: bool,
    pub tiles: Option<(u32, u32)>,
    pub b_frames: u32,
    /// Fields that no software encoder follows, as `field: why`.
    pub ignored: Vec<String>,
}

impl Wish {
    /// What a configuration asks for, which has been checked.
    pub(super) fn of(config: &EncoderConfig) -> Self {
        let settings = config
            .properties
            .as_ref()
            .map(EncoderProperties::settings)
            .unwrap_or_default();
        Fields(&settings).wish(config.b_frames)
    }

    /// Whether the rate is not controlled.
    pub(super) fn has_constant_quantiser(&self) -> bool {
        self.rate_control == RateControl::ConstantQp
    }

    /// Kilobits a second, at least one.
    pub(super) fn kilobits(rate: u32) -> u32 {
        (rate.saturating_add(500) / 1000).max(1)
    }

    /// The size of the decoder's buffer in milliseconds of the target rate.
    pub(super) fn buffer_milliseconds(&self) -> Option<u32> {
        let bits = u64::from(self.buffer_size?);
        u32::try_from(bits * 1000 / u64::from(self.bitrate)).ok()
    }
}

/// The fields that are set.
struct Fields<'a>(&'a [Setting]);

impl Fields<'_> {
    fn value(&self, names: &[&str]) -> Option<&Value> {
        let found = self.0.iter().find(|setting| names.contains(&setting.field));
        found.map(|setting| &setting.value)
    }

    fn number(&self, names: &[&str]) -> Option<u32> {
        match self.value(names)? {
            Value::Number(number) | Value::Choice { number, .. } => Some(*number),
            Value::Switch(_) | Value::Text(_) => None,
        }
    }

    fn switch(&self, name: &str) -> Option<bool> {
        match self.value(&[name])? {
            Value::Switch(switch) => Some(*switch),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.value(&[name])? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn wish(&self, b_frames: u32) -> Wish {
        let rate_control = match self.number(&["control_rate"]) {
            _ if self.switch("ratecontrol_enable") == Some(false) => RateControl::ConstantQp,
            Some(0) => RateControl::VariableBitrate,
            Some(2) => RateControl::ConstantQp,
            _ => RateControl::ConstantBitrate,
        };
        let tuning = self
            .number(&["tuning_info"])
            .and_then(|number| TuningPreset::from_name(&number.to_string()).ok());
        Wish {
            bitrate: self.number(&["bitrate"]).unwrap_or(DEFAULT_BITRATE),
            max_bitrate: self.positive(&["max_bitrate", "peak_bitrate"]),
            rate_control,
            interval: self.interval(),
            profile: self.number(&["profile"]),
            speed: self.speed(),
            tuning,
            quantiser_range: self
                .text("qp_range")
                .and_then(|text| quantiser_ranges(text, u32::MAX)),
            quantisers: self.quantisers(),
            buffer_size: self.positive(&["vbv_buf_size", "vbv_size"]),
            buffer_delay: self.positive(&["vbv_init"]),
            quality: self.positive(&["cq"]),
            spatial_strength: self.positive(&["aq"]),
            temporal: self.switch("temporal_aq"),
            full_range: self.switch("extended_colorformat"),
            references: self.positive(&["num_ref_frames"]),
            delimiters: self.switch("insert_aud"),
            colour_info: self.switch("insert_vui"),
            cavlc: self.switch("disable_cabac"),
            lossless: tuning == Some(TuningPreset::Lossless)
                || self.switch("enable_lossless") == Some(true),
            tiles: self.tiles(),
            b_frames,
            ignored: self.ignored(),
        }
    }

    /// Zero stands for the encoder's own choice.
    fn positive(&self, names: &[&str]) -> Option<u32> {
        self.number(names).filter(|number| *number > 0)
    }

    /// Every intra frame is a key frame, so the smaller interval counts.
    fn interval(&self) -> u32 {
        let key_frames = self.positive(&["idrinterval"]);
        let intra_frames = self.positive(&["iframeinterval"]);
        intra_frames
            .unwrap_or(DEFAULT_INTERVAL)
            .min(key_frames.unwrap_or(u32::MAX))
            .min(GREATEST_INTERVAL)
    }

    fn speed(&self) -> Option<u32> {
        let level = self.number(&["preset_level"]);
        self.number(&["preset"])
            .or_else(|| *JETSON_SPEEDS.get(level? as usize)?)
    }

    fn quantisers(&self) -> Option<Quantisers> {
        if let Some(text) = self.text("const_qp") {
            return numbers(text, ':', u32::MAX)?.try_into().ok();
        }
        let intra = self.number(&["quant_i_frames"]);
        let predicted = self.number(&["quant_p_frames"]);
        let either = predicted.or(intra)?;
        Some([
            intra.unwrap_or(either),
            either,
            self.number(&["quant_b_frames"]).unwrap_or(either),
        ])
    }

    fn tiles(&self) -> Option<(u32, u32)> {
        match numbers(self.text("tiles")?, ',', u32::MAX)?[..] {
            [rows, columns] => Some((rows, columns)),
            _ => None,
        }
    }

    fn ignored(&self) -> Vec<String> {
        const REPEATED: &str = "they are repeated at every key frame";
        let cases = [
            (
                "init_qp",
                self.text("init_qp").is_some(),
                "the encoder finds them itself",
            ),
            (
                "maxperf_enable",
                self.switch("maxperf_enable") == Some(true),
                "there is no chip to speed up",
            ),
            (
                "two_pass_cbr",
                self.switch("two_pass_cbr") == Some(true),
                "the encoder works in one pass",
            ),
            (
                "quant_b_frames",
                self.number(&["quant_b_frames"]).is_some(),
                "there are no B frames",
            ),
            (
                "insert_sps_pps",
                self.switch("insert_sps_pps") == Some(false),
                REPEATED,
            ),
            (
                "insert_seq_hdr",
                self.switch("insert_seq_hdr") == Some(false),
                REPEATED,
            ),
        ];
        cases
            .into_iter()
            .filter(|(_, is_asked, _)| *is_asked)
            .map(|(field, _, why)| format!("{field}: {why}"))
            .collect()
    }
}
