//! What the decoder of a chip can do, by the driver's own answers.

use nvbufsurface_sys::cuvid::{self, CuvidDecodeCaps};
use serde::Serialize;

use super::decoding::{CODECS, ChromaFormat, DecodeDemand};
use crate::backend::Cuda;
use crate::error::Error;

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
    for (codec, _) in CODECS {
        for chroma in ChromaFormat::DECODABLE {
            for bit_depth in BIT_DEPTHS {
                let demand = DecodeDemand {
                    codec,
                    chroma,
                    bit_depth,
                    size: (0, 0),
                };
                let caps = query(cuda, gpu_id, &demand)?;
                if caps.is_supported == 0 {
                    continue;
                }
                modes.push(DecodeMode {
                    codec,
                    chroma: chroma.name(),
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

/// Whether the chip decodes such a stream.
///
/// # Errors
/// [`Error::NoDecoder`] if not, [`Error::NoSuchGpu`], or a failure of the driver.
pub(super) fn check(cuda: &Cuda, gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), Error> {
    let caps = query(cuda, gpu_id, demand)?;
    demand
        .judge(&caps)
        .map_err(|reason| refused(gpu_id, demand, reason))
}

fn query(cuda: &Cuda, gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<CuvidDecodeCaps, Error> {
    let mut caps = demand
        .question()
        .map_err(|reason| refused(gpu_id, demand, reason))?;
    let _current = cuda.enter(gpu_id)?;
    let api = cuvid::load().map_err(|error| refused(gpu_id, demand, error.to_string()))?;
    // SAFETY: a context is current; the struct is complete and writable.
    let result = unsafe { (api.get_decoder_caps)(&raw mut caps) };
    cuda.check("cuvidGetDecoderCaps", result)?;
    Ok(caps)
}

fn refused(gpu_id: u32, demand: &DecodeDemand<'_>, reason: String) -> Error {
    Error::NoDecoder {
        codec: demand.codec.to_owned(),
        gpu_id,
        reason,
    }
}
