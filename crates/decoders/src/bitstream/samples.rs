//! What the samples of a stream are like, as far as its headers say.

use std::num::NonZeroUsize;

use h264_reader::nal::sps::{ChromaFormat as H264Chroma, SeqParameterSet};
use h264_reader::rbsp::BitRead;
use surfaces::platform::ChromaFormat;
use surfaces::{Colour, Matrix, Range};

use super::bits::bits;
use super::hevc_sequence::{HEADER, SequenceSet};
use super::hevc_vui;
use super::vui::Tags;

/// What a decoder must be able to do. The default is what nearly all streams are: 4:2:0, 8 bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Samples {
    /// Chroma subsampling.
    pub chroma: ChromaFormat,
    /// Bits of a sample.
    pub bit_depth: u32,
    /// Coded size in pixels.
    pub size: Option<(u32, u32)>,
    /// Matrix and range, of codecs and headers that are read for them. What these do not tag counts as
    /// BT.601, limited.
    pub colour: Option<Colour>,
    /// Whether they are G, B and R.
    pub is_rgb: bool,
}

impl Samples {
    /// What the picture format of a software decoder depends on.
    pub fn format(&self) -> (ChromaFormat, u32) {
        (self.chroma, self.bit_depth)
    }

    /// Whether they are none of those that every software decoder puts out.
    pub(super) fn are_rare(&self) -> bool {
        match self.chroma {
            ChromaFormat::Yuv420 | ChromaFormat::Yuv422 | ChromaFormat::Yuv444 => {
                !matches!(self.bit_depth, 8 | 10 | 12)
            }
            ChromaFormat::Monochrome => self.bit_depth != 8,
            ChromaFormat::Other => true,
        }
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            chroma: ChromaFormat::Yuv420,
            bit_depth: 8,
            size: None,
            colour: None,
            is_rgb: false,
        }
    }
}

/// Those of an H.264 sequence parameter set, NAL unit header included.
pub(super) fn h264(unit: &[u8]) -> Option<Samples> {
    let mut tags = Tags::default();
    let bits = bits(unit, NonZeroUsize::MIN).noting(&mut tags);
    let set = SeqParameterSet::from_bits(bits).ok()?;
    let info = &set.chroma_info;
    Some(Samples {
        chroma: match info.chroma_format {
            H264Chroma::Monochrome => ChromaFormat::Monochrome,
            H264Chroma::YUV420 => ChromaFormat::Yuv420,
            H264Chroma::YUV422 => ChromaFormat::Yuv422,
            H264Chroma::YUV444 => ChromaFormat::Yuv444,
            H264Chroma::Invalid(_) => return None,
        },
        bit_depth: 8 + u32::from(info.bit_depth_luma_minus8.max(info.bit_depth_chroma_minus8)),
        size: set.pixel_dimensions().ok(),
        colour: Some(tags.colour),
        is_rgb: tags.is_rgb && matches!(info.chroma_format, H264Chroma::YUV444),
    })
}

/// Those of an HEVC sequence parameter set, NAL unit header included.
pub(super) fn hevc(unit: &[u8]) -> Option<Samples> {
    let mut tags = Tags::default();
    let mut bits = bits(unit, HEADER).noting(&mut tags);
    let (_, set) = SequenceSet::read(&mut bits).ok()?;
    let set = set?;
    // Damage in the rest costs the tags only.
    let _ = hevc_vui::seek(&mut bits, &set);
    Some(Samples {
        colour: Some(tags.colour),
        is_rgb: tags.is_rgb && set.samples.chroma == ChromaFormat::Yuv444,
        ..set.samples
    })
}

/// Those of a VP8 key frame (RFC 6386, 9.1); `None` for other frames.
pub fn vp8(packet: &[u8]) -> Option<Samples> {
    const START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];
    let &[
        tag,
        _,
        _,
        a,
        b,
        c,
        width_low,
        width_high,
        height_low,
        height_high,
        ..,
    ] = packet
    else {
        return None;
    };
    // The upper two bits of each side are a scale for the display.
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (tag & 1 == 0 && [a, b, c] == START_CODE).then(|| Samples {
        size: Some((side(width_low, width_high), side(height_low, height_high))),
        // The only colour space there is (9.2).
        colour: Some(Colour::default()),
        ..Samples::default()
    })
}

/// Those of a VP9 key frame (VP9 bitstream specification, 6.2); `None` for other frames.
pub fn vp9(packet: &[u8]) -> Option<Samples> {
    const KEY_FRAME_SYNC: u32 = 0x0049_8342;
    const BT_709: u32 = 2;
    const BT_2020: u32 = 5;
    const RGB: u32 = 7;
    let mut bits = h264_reader::rbsp::BitReader::new(packet);
    let mut read = |count: u32| bits.read_var::<u32>(count, "uncompressed_header").ok();
    if read(2)? != 2 {
        return None;
    }
    let profile = read(1)? | read(1)? << 1;
    if profile == 3 {
        read(1)?;
    }
    let (shows_existing, is_inter) = (read(1)?, read(1)?);
    read(2)?; // show_frame, error_resilient_mode
    if shows_existing == 1 || is_inter == 1 || read(24)? != KEY_FRAME_SYNC {
        return None;
    }
    let bit_depth = match profile {
        2 | 3 if read(1)? == 1 => 12,
        2 | 3 => 10,
        _ => 8,
    };
    let has_choice = profile % 2 == 1;
    let color_space = read(3)?;
    let mut colour = Colour {
        matrix: match color_space {
            BT_709 => Matrix::Bt709,
            BT_2020 => Matrix::Bt2020,
            _ => Matrix::Bt601,
        },
        range: Range::Full,
    };
    let chroma = if color_space == RGB {
        if has_choice {
            read(1)?;
        }
        ChromaFormat::Yuv444
    } else {
        if read(1)? == 0 {
            colour.range = Range::Limited;
        }
        let subsampling = if has_choice {
            let subsampling = (read(1)?, read(1)?);
            read(1)?;
            subsampling
        } else {
            (1, 1)
        };
        match subsampling {
            (1, 1) => ChromaFormat::Yuv420,
            (1, 0) => ChromaFormat::Yuv422,
            (0, 0) => ChromaFormat::Yuv444,
            // 4:4:0, which the driver's query does not know either.
            _ => ChromaFormat::Other,
        }
    };
    let size = (read(16)? + 1, read(16)? + 1);
    Some(Samples {
        chroma,
        bit_depth,
        size: Some(size),
        colour: Some(colour),
        is_rgb: color_space == RGB,
    })
}

#[cfg(test)]
mod tests;
