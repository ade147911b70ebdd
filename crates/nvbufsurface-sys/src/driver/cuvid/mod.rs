//! The video decoder, `libnvcuvid.so.1`: what the chip can do, and the parser of streams.
//!
//! Layout and numbers are those of the decode API that NVIDIA documents in its Video Codec SDK
//! (`CUVIDDECODECAPS`, `cudaVideoCodec`, `cudaVideoChromaFormat`).

mod parser;

use std::ffi::c_int;

use crate::api::function_table;

pub use parser::{
    CUVID_PKT_ENDOFPICTURE, CuvidCallback, CuvidPacket, CuvidParser, CuvidParserParams,
};

/// The library's soname.
pub const LIBRARY: &str = "libnvcuvid.so.1";

/// `cudaVideoCodec_H264`.
pub const CODEC_H264: c_int = 4;
/// `cudaVideoCodec_JPEG`.
pub const CODEC_JPEG: c_int = 5;
/// `cudaVideoCodec_HEVC`.
pub const CODEC_HEVC: c_int = 8;
/// `cudaVideoCodec_VP8`.
pub const CODEC_VP8: c_int = 9;
/// `cudaVideoCodec_VP9`.
pub const CODEC_VP9: c_int = 10;
/// `cudaVideoCodec_AV1`.
pub const CODEC_AV1: c_int = 11;

/// `cudaVideoChromaFormat_Monochrome`.
pub const CHROMA_400: c_int = 0;
/// `cudaVideoChromaFormat_420`.
pub const CHROMA_420: c_int = 1;
/// `cudaVideoChromaFormat_422`.
pub const CHROMA_422: c_int = 2;
/// `cudaVideoChromaFormat_444`.
pub const CHROMA_444: c_int = 3;

/// `CUVIDDECODECAPS`: the question (first three fields) and its answer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct CuvidDecodeCaps {
    /// `eCodecType`.
    pub codec: c_int,
    /// `eChromaFormat`.
    pub chroma: c_int,
    /// `nBitDepthMinus8`.
    pub bit_depth_minus_8: u32,
    reserved1: [u32; 3],
    /// `bIsSupported`: not 0 if the chip decodes this.
    pub is_supported: u8,
    /// `nNumNVDECs`: decoder engines that do.
    pub engines: u8,
    /// `nOutputFormatMask`: one bit per surface format.
    pub output_format_mask: u16,
    /// `nMaxWidth` in pixels.
    pub max_width: u32,
    /// `nMaxHeight` in pixels.
    pub max_height: u32,
    /// `nMaxMBCount`: macroblocks of a picture.
    pub max_macroblocks: u32,
    /// `nMinWidth` in pixels.
    pub min_width: u16,
    /// `nMinHeight` in pixels.
    pub min_height: u16,
    /// `bIsHistogramSupported`.
    pub has_histogram: u8,
    /// `nCounterBitDepth`.
    pub counter_bit_depth: u8,
    /// `nMaxHistogramBins`.
    pub max_histogram_bins: u16,
    reserved3: [u32; 10],
}

impl CuvidDecodeCaps {
    /// The question about a codec, a chroma format and the bits of a sample beyond 8.
    pub fn question(codec: c_int, chroma: c_int, bit_depth_minus_8: u32) -> Self {
        Self {
            codec,
            chroma,
            bit_depth_minus_8,
            ..Self::default()
        }
    }
}

function_table! {
    /// Functions of `libnvcuvid.so.1`.
    CuvidApi {
        required {
            /// `(question)`. A context of the device must be current.
            get_decoder_caps: unsafe extern "C" fn(*mut CuvidDecodeCaps) -> c_int
                = "cuvidGetDecoderCaps";
            /// `(out, params)`.
            create_video_parser: unsafe extern "C" fn(
                *mut CuvidParser, *const CuvidParserParams,
            ) -> c_int = "cuvidCreateVideoParser";
            /// `(parser, packet)`. The callbacks are called before it returns.
            parse_video_data: unsafe extern "C" fn(CuvidParser, *const CuvidPacket) -> c_int
                = "cuvidParseVideoData";
            /// `(parser)`.
            destroy_video_parser: unsafe extern "C" fn(CuvidParser) -> c_int
                = "cuvidDestroyVideoParser";
        }
        optional {}
    }
}

super::opened_once! {
    /// The functions of the library, opened on the first call. Each returns a `CUresult`.
    ///
    /// # Errors
    /// The same on every call.
    load: CuvidApi
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::CuvidDecodeCaps;

    #[test]
    fn the_layout_is_that_of_the_c_struct() {
        // Laid out by hand from the field list, with C's alignment rules.
        assert_eq!(offset_of!(CuvidDecodeCaps, is_supported), 24);
        assert_eq!(offset_of!(CuvidDecodeCaps, output_format_mask), 26);
        assert_eq!(offset_of!(CuvidDecodeCaps, max_width), 28);
        assert_eq!(offset_of!(CuvidDecodeCaps, min_width), 40);
        assert_eq!(offset_of!(CuvidDecodeCaps, has_histogram), 44);
        assert_eq!(size_of::<CuvidDecodeCaps>(), 88);
    }
}
