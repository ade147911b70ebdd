//! The capability query of NVIDIA's video decoder, from the driver's `libnvcuvid.so.1`.
//!
//! Layout and numbers are those of the decode API that NVIDIA documents in its Video Codec SDK
//! (`CUVIDDECODECAPS`, `cudaVideoCodec`, `cudaVideoChromaFormat`).

use std::ffi::c_int;
use std::sync::OnceLock;

use libloading::os::unix::Library;

use crate::api::{MissingSymbol, linker_text};

/// File name of the library.
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

/// `cuvidGetDecoderCaps`. A context of the device must be current. 0 means success.
pub type GetDecoderCaps = unsafe extern "C" fn(*mut CuvidDecodeCaps) -> c_int;

/// Why the query cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CuvidError {
    /// The driver's library is not there.
    #[error("{LIBRARY} cannot be opened: {0}")]
    NotFound(String),
    /// The library is too old.
    #[error(transparent)]
    MissingSymbol(#[from] MissingSymbol),
}

/// The query function; the library is opened once and stays open.
///
/// # Errors
/// The same [`CuvidError`] on every call.
pub fn get_decoder_caps() -> Result<GetDecoderCaps, CuvidError> {
    static FUNCTION: OnceLock<Result<GetDecoderCaps, CuvidError>> = OnceLock::new();
    FUNCTION.get_or_init(open).clone()
}

fn open() -> Result<GetDecoderCaps, CuvidError> {
    const NAME: &str = "cuvidGetDecoderCaps";
    // SAFETY: the initialisers of the driver's library are made for being opened this way.
    let library = unsafe { Library::new(LIBRARY) }
        .map_err(|error| CuvidError::NotFound(linker_text(&error)))?;
    // SAFETY: the type is that of the C declaration.
    let function = unsafe { library.get::<GetDecoderCaps>(NAME) }.map(|symbol| *symbol);
    // The function must stay valid, so the library is never closed.
    std::mem::forget(library);
    function.map_err(|error| {
        let reason = linker_text(&error);
        CuvidError::MissingSymbol(MissingSymbol { name: NAME, reason })
    })
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
