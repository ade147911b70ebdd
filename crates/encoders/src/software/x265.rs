//! `x265enc`, most of whose options travel in one text.

use surfaces::VideoFormat;

use super::Translation;
use super::wish::Wish;
use crate::{HevcProfile, RateControl, TuningPreset};

/// Spatial strengths of NVIDIA's elements for one of x265: 8 of 15 is x265's default.
const STRENGTH_UNIT: f64 = 8.0;

pub(super) fn translate(wish: &Wish) -> Translation {
    let mut ignored = wish.ignored.clone();
    let mut options = vec![
        ("repeat-headers", "1".to_owned()),
        // A key frame is one that nothing behind it looks past.
        ("open-gop", "0".to_owned()),
        // Key frames come at the interval alone, as from NVIDIA's elements.
        ("scenecut", "0".to_owned()),
        ("bframes", wish.b_frames.to_string()),
    ];
    let mut properties = vec![("key-int-max", wish.interval.to_string())];
    rate(wish, &mut properties, &mut options, &mut ignored);
    let mut add = |name, value: Option<String>| options.extend(value.map(|value| (name, value)));
    if wish.tuning == Some(TuningPreset::LowLatency) {
        add("rc-lookahead", Some("10".to_owned()));
    }
    if let Some([(least, most), ..]) = wish.quantiser_range {
        add("qpmin", Some(least.to_string()));
        add("qpmax", Some(most.to_string()));
    }
    if let Some(strength) = wish.spatial_strength {
        add("aq-mode", Some("1".to_owned()));
        add(
            "aq-strength",
            Some((f64::from(strength) / STRENGTH_UNIT).to_string()),
        );
    }
    add(
        "cutree",
        wish.temporal.map(|temporal| u8::from(temporal).to_string()),
    );
    add("ref", wish.references.map(|frames| frames.to_string()));
    let other_profiles = [HevcProfile::Main10, HevcProfile::Frext].map(|profile| profile as u32);
    if wish
        .profile
        .is_some_and(|profile| other_profiles.contains(&profile))
    {
        ignored.push("profile MAIN10, FREXT: pictures are 4:2:0 with 8 bits".to_owned());
    }
    let mut set = |name, value: Option<String>| properties.extend(value.map(|value| (name, value)));
    set("speed-preset", wish.speed.map(|speed| speed.to_string()));
    if wish.tuning == Some(TuningPreset::UltraLowLatency) {
        set("tune", Some("zerolatency".to_owned()));
    }
    let options: Vec<_> = options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    properties.push(("option-string", options.join(":")));
    Translation {
        element: "x265enc",
        package: "gstreamer1.0-plugins-bad",
        input: VideoFormat::I420,
        output_caps: "video/x-h265,stream-format=byte-stream,alignment=au".to_owned(),
        properties,
        ignored,
        excess: Some(headers_in_front),
    }
}

/// The bytes in front of x265's own packet.
///
/// The element (1.22) puts the headers of the stream in front of its first packet, which repeats them, and takes twice
/// their size from x265's memory: what lies behind them goes along, and may look like a slice. The packet itself
/// begins where its first NAL unit stands for the last time.
fn headers_in_front(packet: &[u8]) -> usize {
    let Some(length) = packet
        .windows(START_CODE.len())
        .skip(1)
        .position(|window| window == START_CODE)
    else {
        return 0;
    };
    let first = &packet[..=length];
    let last = packet
        .windows(first.len())
        .rposition(|window| window == first);
    last.unwrap_or(0)
}

/// In front of parameter sets.
const START_CODE: [u8; 4] = [0, 0, 0, 1];

fn rate(
    wish: &Wish,
    properties: &mut Vec<(&'static str, String)>,
    options: &mut Vec<(&'static str, String)>,
    ignored: &mut Vec<String>,
) {
    if wish.lossless {
        options.push(("lossless", "1".to_owned()));
        return;
    }
    if wish.has_constant_quantiser() {
        // x265 would otherwise control the rate all the same.
        let [intra, predicted, bidirectional] = wish.quantisers.unwrap_or([DEFAULT_QUANTISER; 3]);
        properties.push(("qp", predicted.to_string()));
        for (option, from, to) in [
            ("ipratio", intra, predicted),
            ("pbratio", predicted, bidirectional),
        ] {
            let steps = f64::from(to) - f64::from(from);
            options.push((option, (steps / 6.0).exp2().to_string()));
        }
        return;
    }
    properties.push(("bitrate", Wish::kilobits(wish.bitrate).to_string()));
    let is_variable = wish.rate_control == RateControl::VariableBitrate;
    if let (true, Some(quality)) = (is_variable, wish.quality) {
        options.push(("crf", quality.to_string()));
    }
    let most = match (is_variable, wish.max_bitrate) {
        (true, most) => most,
        (false, _) => Some(wish.bitrate),
    };
    if let Some(most) = most {
        let buffer = wish.buffer_size.unwrap_or(most);
        options.push(("vbv-maxrate", Wish::kilobits(most).to_string()));
        options.push(("vbv-bufsize", Wish::kilobits(buffer).to_string()));
        if let Some(delay) = wish.buffer_delay {
            let share = f64::from(delay) / f64::from(buffer);
            options.push(("vbv-init", share.min(1.0).to_string()));
        }
    } else if wish.buffer_size.is_some() || wish.buffer_delay.is_some() {
        ignored.push(
            "vbv_buf_size, vbv_size, vbv_init: VARIABLE_BITRATE has them beside a greatest rate only".to_owned(),
        );
    }
}

/// The constant quantiser when none is given.
const DEFAULT_QUANTISER: u32 = 28;
