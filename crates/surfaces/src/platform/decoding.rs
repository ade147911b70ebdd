//! What a decoder in hardware is asked for, and what the driver answers.

use std::ffi::c_int;
use std::fmt;

use nvbufsurface_sys::cuvid::{self, CuvidDecodeCaps};

/// Chroma subsampling of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChromaFormat {
    /// Luma only.
    Monochrome,
    /// 4:2:0.
    Yuv420,
    /// 4:2:2.
    Yuv422,
    /// 4:4:4.
    Yuv444,
    /// Anything else, which no hardware decodes.
    Other,
}

impl ChromaFormat {
    /// Those that hardware may decode.
    pub(super) const DECODABLE: [Self; 4] =
        [Self::Monochrome, Self::Yuv420, Self::Yuv422, Self::Yuv444];

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monochrome => "4:0:0",
            Self::Yuv420 => "4:2:0",
            Self::Yuv422 => "4:2:2",
            Self::Yuv444 => "4:4:4",
            Self::Other => "unusual chroma subsampling",
        }
    }

    /// `cudaVideoChromaFormat`.
    fn number(self) -> Option<c_int> {
        match self {
            Self::Monochrome => Some(cuvid::CHROMA_400),
            Self::Yuv420 => Some(cuvid::CHROMA_420),
            Self::Yuv422 => Some(cuvid::CHROMA_422),
            Self::Yuv444 => Some(cuvid::CHROMA_444),
            Self::Other => None,
        }
    }
}

impl fmt::Display for ChromaFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stream that a decoder in hardware should decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeDemand<'a> {
    /// `h264`, `hevc`, `vp8`, `vp9`, `av1` or `jpeg`.
    pub codec: &'a str,
    /// Chroma subsampling.
    pub chroma: ChromaFormat,
    /// Bits of a sample.
    pub bit_depth: u32,
    /// Coded size in pixels.
    pub size: (u32, u32),
}

/// Codec names and the driver's numbers.
pub(super) const CODECS: [(&str, c_int); 6] = [
    ("h264", cuvid::CODEC_H264),
    ("hevc", cuvid::CODEC_HEVC),
    ("vp8", cuvid::CODEC_VP8),
    ("vp9", cuvid::CODEC_VP9),
    ("av1", cuvid::CODEC_AV1),
    ("jpeg", cuvid::CODEC_JPEG),
];

/// The driver's number of a codec.
pub(super) fn number(codec: &str) -> Option<c_int> {
    let mut codecs = CODECS.iter();
    codecs
        .find(|(name, _)| *name == codec)
        .map(|(_, number)| *number)
}

impl DecodeDemand<'_> {
    /// The question for the driver; the reason if no chip decodes such a stream.
    pub(super) fn question(&self) -> Result<CuvidDecodeCaps, String> {
        let number = number(self.codec).ok_or("no GPU has a decoder for it")?;
        let chroma = self
            .chroma
            .number()
            .ok_or("the stream has unusual chroma subsampling")?;
        let depth = self
            .bit_depth
            .checked_sub(8)
            .ok_or("the stream has less than 8 bits a sample")?;
        Ok(CuvidDecodeCaps::question(number, chroma, depth))
    }

    /// Whether the driver's answer means yes; the reason if not.
    pub(super) fn judge(&self, answer: &CuvidDecodeCaps) -> Result<(), String> {
        let Self {
            chroma, bit_depth, ..
        } = self;
        if answer.is_supported == 0 {
            return Err(format!(
                "the chip does not decode {chroma} at {bit_depth} bits"
            ));
        }
        let (width, height) = self.size;
        let (min_width, min_height) = (u32::from(answer.min_width), u32::from(answer.min_height));
        let macroblocks = u64::from(width.div_ceil(16)) * u64::from(height.div_ceil(16));
        if (min_width..=answer.max_width).contains(&width)
            && (min_height..=answer.max_height).contains(&height)
            && macroblocks <= u64::from(answer.max_macroblocks)
        {
            return Ok(());
        }
        Err(format!(
            "the chip decodes {min_width}x{min_height} to {}x{} pixels and at most {} macroblocks, not {width}x{height}",
            answer.max_width, answer.max_height, answer.max_macroblocks
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMAND: DecodeDemand<'_> = DecodeDemand {
        codec: "hevc",
        chroma: ChromaFormat::Yuv420,
        bit_depth: 8,
        size: (1920, 1080),
    };

    fn answer() -> CuvidDecodeCaps {
        let mut answer = DEMAND.question().expect("a question");
        answer.is_supported = 1;
        (answer.min_width, answer.min_height) = (144, 144);
        (answer.max_width, answer.max_height) = (8192, 8192);
        answer.max_macroblocks = 262_144;
        answer
    }

    #[test]
    fn the_size_must_be_within_the_chips_limits() {
        assert_eq!(DEMAND.judge(&answer()), Ok(()));
        for size in [(128, 1080), (1920, 96), (8193, 1080), (8192, 8193)] {
            let reason = DecodeDemand { size, ..DEMAND }.judge(&answer());
            assert!(reason.is_err_and(|reason| reason.contains("144x144 to 8192x8192")));
        }
        let mut few_macroblocks = answer();
        few_macroblocks.max_macroblocks = 8000;
        assert!(DEMAND.judge(&few_macroblocks).is_err());
    }

    #[test]
    fn what_the_chip_does_not_know_is_refused() {
        let refused = CuvidDecodeCaps::default();
        assert!(
            DEMAND
                .judge(&refused)
                .is_err_and(|reason| reason.contains("4:2:0 at 8 bits"))
        );
        for demand in [
            DecodeDemand {
                codec: "png",
                ..DEMAND
            },
            DecodeDemand {
                bit_depth: 7,
                ..DEMAND
            },
            DecodeDemand {
                chroma: ChromaFormat::Other,
                ..DEMAND
            },
        ] {
            assert!(demand.question().is_err());
        }
    }
}
