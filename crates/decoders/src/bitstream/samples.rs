//! What the samples of a stream are like, as far as its headers say.

use std::num::NonZeroUsize;

use h264_reader::nal::sps::{ChromaFormat as H264Chroma, SeqParameterSet};
use h264_reader::rbsp::BitRead;
use surfaces::platform::ChromaFormat;

use super::bits::bits;
use super::hevc_sequence::{HEADER, SequenceSet};

/// What a decoder must be able to do. The default is what nearly all streams are: 4:2:0, 8 bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Samples {
    /// Chroma subsampling.
    pub chroma: ChromaFormat,
    /// Bits of a sample.
    pub bit_depth: u32,
    /// Coded size in pixels.
    pub size: Option<(u32, u32)>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            chroma: ChromaFormat::Yuv420,
            bit_depth: 8,
            size: None,
        }
    }
}

/// Those of an H.264 sequence parameter set, NAL unit header included.
pub(super) fn h264(unit: &[u8]) -> Option<Samples> {
    let set = SeqParameterSet::from_bits(bits(unit, NonZeroUsize::MIN)).ok()?;
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
    })
}

/// Those of an HEVC sequence parameter set, NAL unit header included.
pub(super) fn hevc(unit: &[u8]) -> Option<Samples> {
    let (_, set) = SequenceSet::read(&mut bits(unit, HEADER)).ok()?;
    set.map(|set| set.samples)
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
        ..Samples::default()
    })
}

/// Those of a VP9 key frame (VP9 bitstream specification, 6.2); `None` for other frames.
pub fn vp9(packet: &[u8]) -> Option<Samples> {
    const KEY_FRAME_SYNC: u32 = 0x0049_8342;
    const SRGB: u8 = 7;
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
    let chroma = if read(3)? == u32::from(SRGB) {
        if has_choice {
            read(1)?;
        }
        ChromaFormat::Yuv444
    } else {
        read(1)?; // color_range
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
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vp8_key_frames_tell_their_size() {
        let packet = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x41, 0xf0, 0x00, 9];
        assert_eq!(
            vp8(&packet).and_then(|samples| samples.size),
            Some((320, 240))
        );
        assert_eq!(vp8(&[0x11, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0]), None);
    }

    #[test]
    fn vp9_profiles_tell_chroma_and_depth() {
        // marker 2, profile 0, key frame shown, sync code, color space 2, studio range, 320x240
        let profile_0 = bits_of(
            "10 0 0 0 0 1 0 010010011000001101000010 010 0 0000000100111111 0000000011101111",
        );
        let samples = vp9(&profile_0).expect("a key frame");
        assert_eq!(samples.size, Some((320, 240)));
        assert_eq!(
            (samples.chroma, samples.bit_depth),
            (ChromaFormat::Yuv420, 8)
        );
        // profile 3, 12 bit, 4:4:4
        let profile_3 = bits_of(
            "10 1 1 0 0 0 1 0 010010011000001101000010 1 010 0 0 0 0 0000000100111111 0000000011101111",
        );
        let samples = vp9(&profile_3).expect("a key frame");
        assert_eq!(
            (samples.chroma, samples.bit_depth),
            (ChromaFormat::Yuv444, 12)
        );
    }

    fn bits_of(text: &str) -> Vec<u8> {
        let bits: Vec<u8> = text.bytes().filter(|&byte| byte != b' ').collect();
        bits.chunks(8)
            .map(|bits| {
                (0..8).fold(0, |byte, at| {
                    byte << 1 | u8::from(bits.get(at) == Some(&b'1'))
                })
            })
            .collect()
    }

    proptest! {
        #[test]
        fn no_input_panics(data in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (h264(&data), hevc(&data), vp8(&data), vp9(&data));
        }
    }
}
