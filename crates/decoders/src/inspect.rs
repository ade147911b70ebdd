//! From a submitted frame to what the state machine and a decoder need to know of it.

use frames::{Codec, FrameInfo};

use crate::bitstream::av1;
use crate::bitstream::h26x::{AccessUnit, Syntax};
use crate::bitstream::image::{self, JpegHeader};
use crate::bitstream::nal::Framing;
use crate::bitstream::samples::{self, Samples};
use crate::bitstream::vpx;
use crate::config::{
    Av1DecoderConfig, DecoderConfig, H264DecoderConfig, H264StreamFormat, HevcDecoderConfig,
    HevcStreamFormat, JpegBackend, JpegDecoderConfig, PngDecoderConfig, RawRgbDecoderConfig,
    RawRgbaDecoderConfig, Vp8DecoderConfig, Vp9DecoderConfig,
};
use crate::machine::Gate;
use crate::outcome::{NoPicture, SkipReason};
use crate::output::Payload;

/// Pictures that may come out before an earlier packet's: the largest decoded picture buffer of
/// H.264 (A.3.1, `MaxDpbFrames`) and HEVC (A.4.2).
const MAX_REORDER: usize = 16;

/// What a packet says about itself.
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub(crate) struct Inspection {
    /// The configuration of a decoder that begins with this packet.
    pub config: DecoderConfig,
    /// The bytes for the decoder; H.264 and HEVC always with start codes.
    pub payload: Payload,
    pub gate: Gate,
    pub reorder: usize,
    pub without_picture: NoPicture,
    /// `profile_idc` of an H.264 sequence parameter set.
    pub profile_idc: Option<u8>,
    /// What the packet's headers say of the samples; most packets' say nothing.
    pub samples: Option<Samples>,
    /// The size that a predicted VP9 frame claims for itself.
    pub predicted_size: Option<(u32, u32)>,
    /// Whether a decoder that has the parameter sets may begin here, though it is no random access point.
    pub is_recovery_point: bool,
    /// The parameter sets that the packet brings, if they are complete.
    pub parameter_sets: Option<Payload>,
    /// The H.264 or HEVC sequence parameter set that the packet brings.
    pub sequence_set: Option<Payload>,
    /// Whether no picture from here on, in the order in which they are shown, refers to one before.
    pub restarts: bool,
    /// Whether neither this packet nor one behind it refers to one before it.
    pub refreshes: bool,
    /// Whether the packet brings any parameter set of H.264 or HEVC.
    pub brings_sets: bool,
    /// Whether the packet holds no picture.
    pub is_empty: bool,
    /// Whether it holds nothing but what decoders ignore.
    pub is_ignored: bool,
    /// Whether a decoder that begins here finds a gap in the frame numbers of H.264.
    pub has_gap_in_front: bool,
    /// Why this stream is nothing for a hardware decoder, whatever the chip can do.
    pub only_software: Option<&'static str>,
}

/// A raw picture of the wrong size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawSize {
    pub expected: u64,
    pub actual: usize,
}

/// Why a packet cannot be given to a decoder.
pub(crate) enum Refusal {
    Skip(SkipReason),
    RawSize(RawSize),
}

/// Reads the packet's headers.
pub(crate) fn inspect(info: &FrameInfo, payload: Payload) -> Result<Inspection, Refusal> {
    let unsupported = |name: &str| Refusal::Skip(SkipReason::UnsupportedCodec(name.to_owned()));
    let invalid = |reason| Refusal::Skip(SkipReason::InvalidPayload(reason));
    let (width, height) = (info.width, info.height);
    let corrupt = NoPicture::Corrupt;
    Ok(match info.codec.ok_or_else(|| unsupported("(none)"))? {
        Codec::H264 => from_access_unit(Syntax::H264.inspect(&payload), |unit| {
            let mut config = H264DecoderConfig::new(match unit.framing {
                Framing::AnnexB => H264StreamFormat::ByteStream,
                Framing::LengthPrefixed => H264StreamFormat::Avc,
            });
            config.codec_data = codec_data(unit);
            DecoderConfig::H264(config)
        }),
        Codec::Hevc => from_access_unit(Syntax::Hevc.inspect(&payload), |unit| {
            let mut config = HevcDecoderConfig::new(match unit.framing {
                Framing::AnnexB => HevcStreamFormat::ByteStream,
                Framing::LengthPrefixed => HevcStreamFormat::Hvc1,
            });
            config.codec_data = codec_data(unit);
            DecoderConfig::Hevc(config)
        }),
        Codec::Vp8 => {
            let samples = samples::vp8(&payload);
            let without_picture = without_picture(vpx::vp8_is_shown(&payload));
            let config = DecoderConfig::Vp8(Vp8DecoderConfig::default());
            with_samples(samples, in_order(config, without_picture, payload))
        }
        Codec::Vp9 => {
            let samples = samples::vp9(&payload);
            let without_picture = vp9_without_picture(&payload);
            let config = DecoderConfig::Vp9(Vp9DecoderConfig::default());
            Inspection {
                predicted_size: vpx::vp9_predicted_size(&payload),
                ..with_samples(samples, in_order(config, without_picture, payload))
            }
        }
        Codec::Av1 => {
            let config = DecoderConfig::Av1(Av1DecoderConfig::default());
            let is_start = av1::is_start(&payload);
            Inspection {
                restarts: is_start,
                refreshes: is_start,
                ..in_order(config, corrupt, payload)
            }
        }
        codec @ (Codec::Jpeg | Codec::SwJpeg) => {
            let header = image::jpeg_header(&payload).map_err(invalid)?;
            let backend = if codec == Codec::Jpeg {
                JpegBackend::Gpu
            } else {
                JpegBackend::Cpu
            };
            let config = DecoderConfig::Jpeg(JpegDecoderConfig { backend });
            Inspection {
                samples: Some(header.samples),
                only_software: jpeg_only_software(&header),
                ..in_order(config, corrupt, payload)
            }
        }
        Codec::Png => {
            image::check_png(&payload).map_err(invalid)?;
            in_order(DecoderConfig::Png(PngDecoderConfig), corrupt, payload)
        }
        Codec::RawRgba => {
            check_raw_size(info, &payload, 4)?;
            in_order(
                DecoderConfig::RawRgba(RawRgbaDecoderConfig { width, height }),
                corrupt,
                payload,
            )
        }
        Codec::RawRgb => {
            check_raw_size(info, &payload, 3)?;
            in_order(
                DecoderConfig::RawRgb(RawRgbDecoderConfig { width, height }),
                corrupt,
                payload,
            )
        }
        codec @ Codec::RawNv12 => return Err(unsupported(codec.name())),
    })
}

/// Of a codec whose packets come to a decoder as they are, one picture each.
fn in_order(config: DecoderConfig, without_picture: NoPicture, payload: Payload) -> Inspection {
    Inspection {
        config,
        payload,
        gate: Gate::Immediate,
        reorder: 0,
        without_picture,
        profile_idc: None,
        samples: None,
        predicted_size: None,
        is_recovery_point: false,
        parameter_sets: None,
        sequence_set: None,
        restarts: true,
        refreshes: true,
        brings_sets: false,
        is_empty: false,
        is_ignored: false,
        has_gap_in_front: false,
        only_software: None,
    }
}

/// The same of a frame of VP8 or VP9: only the headers of key frames tell of the samples.
fn with_samples(samples: Option<Samples>, inspection: Inspection) -> Inspection {
    Inspection {
        restarts: samples.is_some(),
        refreshes: samples.is_some(),
        samples,
        ..inspection
    }
}

/// Why a packet may come to no picture.
fn without_picture(is_shown: bool) -> NoPicture {
    if is_shown {
        NoPicture::Corrupt
    } else {
        NoPicture::NotShown
    }
}

fn vp9_without_picture(packet: &[u8]) -> NoPicture {
    if vpx::vp9_only_repeats(packet) {
        NoPicture::Repeated
    } else {
        without_picture(vpx::vp9_is_shown(packet))
    }
}

fn from_access_unit(unit: AccessUnit, config: impl Fn(&AccessUnit) -> DecoderConfig) -> Inspection {
    Inspection {
        config: config(&unit),
        gate: if unit.is_random_access {
            Gate::RandomAccess
        } else {
            Gate::Dependent
        },
        reorder: MAX_REORDER,
        without_picture: unit.without_picture,
        profile_idc: unit.profile_idc,
        samples: unit.samples,
        predicted_size: None,
        is_recovery_point: unit.is_recovery_point,
        parameter_sets: unit.parameter_sets,
        sequence_set: unit.sequence_set,
        restarts: unit.restarts,
        refreshes: unit.refreshes,
        brings_sets: unit.brings_sets,
        is_empty: unit.is_empty,
        is_ignored: unit.is_ignored,
        has_gap_in_front: unit.has_gap_in_front,
        only_software: None,
        payload: unit.annex_b,
    }
}

/// Length-prefixed streams say their parameter sets in the configuration.
fn codec_data(unit: &AccessUnit) -> Option<Payload> {
    (unit.framing == Framing::LengthPrefixed)
        .then(|| unit.parameter_sets.clone())
        .flatten()
}

/// Hardware takes baseline JPEGs whose sides are at least 16 and multiples of 8.
fn jpeg_only_software(header: &JpegHeader) -> Option<&'static str> {
    let fits = |side: u32| side >= 16 && side.is_multiple_of(8);
    match header.samples.size {
        Some((width, height)) if fits(width) && fits(height) => {}
        _ => return Some("a side of the picture is below 16 or not a multiple of 8"),
    }
    (!header.is_baseline).then_some("the picture is progressive, lossless or arithmetic coded")
}

fn check_raw_size(info: &FrameInfo, payload: &[u8], bytes_per_pixel: u64) -> Result<(), Refusal> {
    // 32 + 32 bits times at most 4: cannot overflow in u128, and a length that large cannot exist.
    let expected = u128::from(info.width) * u128::from(info.height) * u128::from(bytes_per_pixel);
    if payload.len() as u128 == expected {
        return Ok(());
    }
    let expected = u64::try_from(expected).unwrap_or(u64::MAX);
    Err(Refusal::RawSize(RawSize {
        expected,
        actual: payload.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp9_tells_why_a_packet_may_bring_no_picture() {
        let (hidden, shown, existing) = (0b1000_0100, 0b1000_0110, 0b1000_1000);
        let pair = |second: u8| [hidden, second, 0xc1, 1, 1, 0xc1];
        assert_eq!(vp9_without_picture(&[hidden]), NoPicture::NotShown);
        assert_eq!(vp9_without_picture(&[existing]), NoPicture::Repeated);
        assert_eq!(vp9_without_picture(&pair(existing)), NoPicture::Repeated);
        assert_eq!(vp9_without_picture(&pair(shown)), NoPicture::Corrupt);
    }
}
