//! The codecs that can be encoded, one row each.

use frames::Codec;
use surfaces::VideoFormat;

/// What an encoder of a codec asks for.
pub(crate) struct Traits {
    codec: Codec,
    /// What both sides of the picture must be a multiple of.
    pub(crate) size_divisor: u32,
    /// The only format that a configuration may state.
    pub(crate) only_format: Option<VideoFormat>,
    /// Whether software makes B frames well.
    pub(crate) has_b_frames: bool,
}

const TRAITS: [Traits; 8] = [
    video(Codec::H264, true),
    video(Codec::Hevc, true),
    video(Codec::Av1, false),
    still(Codec::Jpeg, None),
    still(Codec::Png, Some(VideoFormat::Rgba)),
    still(Codec::RawRgba, None),
    still(Codec::RawRgb, None),
    still(Codec::RawNv12, None),
];

/// Chroma samples of 4:2:0 belong to two pixels in both directions.
const fn video(codec: Codec, has_b_frames: bool) -> Traits {
    Traits {
        codec,
        size_divisor: 2,
        only_format: None,
        has_b_frames,
    }
}

const fn still(codec: Codec, only_format: Option<VideoFormat>) -> Traits {
    Traits {
        codec,
        size_divisor: 1,
        only_format,
        has_b_frames: false,
    }
}

/// The row of a codec; `None` if it is only decoded.
pub(crate) fn traits(codec: Codec) -> Option<&'static Traits> {
    TRAITS.iter().find(|traits| traits.codec == codec)
}

/// The codecs that can be encoded.
pub(crate) fn names() -> String {
    TRAITS.map(|traits| traits.codec.name()).join(", ")
}
