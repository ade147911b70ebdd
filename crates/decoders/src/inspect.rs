//! From a submitted frame to what the state machine and a decoder need to know of it.

use frames::{Codec, FrameInfo};

use crate::bitstream::h26x::{AccessUnit, Syntax};
use crate::bitstream::nal::Framing;
use crate::bitstream::{image, vpx};
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
    let in_order = |config, without_picture, payload| Inspection {
        config,
        payload,
        gate: Gate::Immediate,
        reorder: 0,
        without_picture,
        profile_idc: None,
    };
    let hidden = |is_shown| {
        if is_shown {
            NoPicture::Corrupt
        } else {
            NoPicture::NotShown
        }
    };
    let corrupt = NoPicture::Corrupt;
    Ok(match info.codec.ok_or_else(|| unsupported("(none)"))? {
        Codec::H264 => from_access_unit(Syntax::H264.inspect(&payload), |unit| {
            let mut config = H264DecoderConfig::new(match unit.framing {
                Framing::AnnexB => H264StreamFormat::ByteStream,
                Framing::LengthPrefixed => H264StreamFormat::Avc,
            });
            config.codec_data.clone_from(&unit.parameter_sets);
            DecoderConfig::H264(config)
        }),
        Codec::Hevc => from_access_unit(Syntax::Hevc.inspect(&payload), |unit| {
            let mut config = HevcDecoderConfig::new(match unit.framing {
                Framing::AnnexB => HevcStreamFormat::ByteStream,
                Framing::LengthPrefixed => HevcStreamFormat::Hvc1,
            });
            config.codec_data.clone_from(&unit.parameter_sets);
            DecoderConfig::Hevc(config)
        }),
        Codec::Vp8 => {
            let without_picture = hidden(vpx::vp8_is_shown(&payload));
            in_order(
                DecoderConfig::Vp8(Vp8DecoderConfig::default()),
                without_picture,
                payload,
            )
        }
        Codec::Vp9 => {
            let without_picture = hidden(vpx::vp9_is_shown(&payload));
            in_order(
                DecoderConfig::Vp9(Vp9DecoderConfig::default()),
                without_picture,
                payload,
            )
        }
        Codec::Av1 => in_order(
            DecoderConfig::Av1(Av1DecoderConfig::default()),
            corrupt,
            payload,
        ),
        codec @ (Codec::Jpeg | Codec::SwJpeg) => {
            image::check_jpeg(&payload).map_err(invalid)?;
            let backend = if codec == Codec::Jpeg {
                JpegBackend::Gpu
            } else {
                JpegBackend::Cpu
            };
            in_order(
                DecoderConfig::Jpeg(JpegDecoderConfig { backend }),
                corrupt,
                payload,
            )
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
        payload: unit.annex_b,
    }
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
