//! What the decoder of a chip can do, by the driver's own answers.

use std::ffi::c_int;

use nvbufsurface_sys::cuvid::{self, CuvidDecodeCaps};
use serde::Serialize;

use crate::backend::Cuda;
use crate::error::Error;

/// Codec names and the driver's numbers.
const CODECS: [(&str, c_int); 6] = [
    ("h264", cuvid::CODEC_H264),
    ("hevc", cuvid::CODEC_HEVC),
    ("vp8", cuvid::CODEC_VP8),
    ("vp9", cuvid::CODEC_VP9),
    ("av1", cuvid::CODEC_AV1),
    ("jpeg", cuvid::CODEC_JPEG),
];

/// Chroma formats and the driver's numbers.
const CHROMA: [(&str, c_int); 4] = [
    ("4:0:0", cuvid::CHROMA_400),
    ("4:2:0", cuvid::CHROMA_420),
    ("4:2:2", cuvid::CHROMA_422),
    ("4:4:4", cuvid::CHROMA_444),
];

/// Bits of a sample.
const BIT_DEPTHS: [u32; 3] = [8, 10, 12];

/// A kind of picture that a chip decodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecodeMode {
    /// `h264`, `hevc`, `vp8`, `vp9`, `av1` or `jpeg`.
    pub codec: &'static str,
    /// `4:0:0`, `4:2:0`, `4:2:2` or `4:4:4`.
    pub chroma: &'static str,
    /// Bits of a sample: 8, 10 or 12.
    pub bit_depth: u32,
    /// Smallest width and height in pixels.
    pub min_size: (u32, u32),
    /// Largest width and height in pixels.
    pub max_size: (u32, u32),
    /// Decoder engines of the chip that do it.
    pub engines: u8,
}

/// Every kind of picture that the chip decodes.
///
/// # Errors
/// The driver does not answer.
pub(super) fn decode_modes(cuda: &Cuda, gpu_id: u32) -> Result<Vec<DecodeMode>, Error> {
    let mut modes = Vec::new();
    for (codec, number) in CODECS {
        for (chroma, chroma_number) in CHROMA {
            for bit_depth in BIT_DEPTHS {
                let caps = query(cuda, gpu_id, (number, chroma_number, bit_depth))?;
                if caps.is_supported == 0 {
                    continue;
                }
                modes.push(DecodeMode {
                    codec,
                    chroma,
                    bit_depth,
                    min_size: (caps.min_width.into(), caps.min_height.into()),
                    max_size: (caps.max_width, caps.max_height),
                    engines: caps.engines,
                });
            }
        }
    }
    Ok(modes)
}

/// Whether the chip decodes 8-bit 4:2:0 pictures of a codec.
///
/// # Errors
/// [`Error::NoDecoder`] if not, [`Error::NoSuchGpu`], or a failure of the driver.
pub(super) fn check(cuda: &Cuda, gpu_id: u32, codec: &str) -> Result<(), Error> {
    let refused = |reason: String| Error::NoDecoder {
        codec: codec.to_owned(),
        gpu_id,
        reason,
    };
    let Some((_, number)) = CODECS.iter().find(|(name, _)| *name == codec) else {
        return Err(refused("no GPU has a decoder for it".to_owned()));
    };
    let caps =
        query(cuda, gpu_id, (*number, cuvid::CHROMA_420, 8)).map_err(|error| match error {
            Error::Driver { reason } => refused(reason),
            other => other,
        })?;
    if caps.is_supported == 0 {
        return Err(refused("the driver says that the chip cannot".to_owned()));
    }
    Ok(())
}

fn query(
    cuda: &Cuda,
    gpu_id: u32,
    (codec, chroma, bit_depth): (c_int, c_int, u32),
) -> Result<CuvidDecodeCaps, Error> {
    let _current = cuda.enter(gpu_id)?;
    let get_caps = cuvid::get_decoder_caps().map_err(|error| Error::Driver {
        reason: error.to_string(),
    })?;
    let mut caps = CuvidDecodeCaps::default();
    (caps.codec, caps.chroma, caps.bit_depth_minus_8) = (codec, chroma, bit_depth - 8);
    // SAFETY: a context is current; the struct is complete and writable.
    let result = unsafe { get_caps(&raw mut caps) };
    cuda.check("cuvidGetDecoderCaps", result)?;
    Ok(caps)
}
