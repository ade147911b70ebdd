//! PNG.
//!
//! Every colour type and depth becomes 8-bit RGBA. Samples of 16 bits are rounded; chunks about colour
//! (`gAMA`, `iCCP` and the like) do not matter.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Transformations};
use surfaces::{PictureLayout, Rect};

use super::scratch::with_scratch;
use super::{Target, check_pixels, render_packed};

/// What deflate compresses at best: 258 bytes to two bits.
const GREATEST_RATIO: usize = 1032;

pub(super) fn render(data: &[u8], target: Target<'_>) -> Result<Rect, String> {
    let describe = |error: DecodingError| format!("PNG: {error}");
    let mut decoder = Decoder::new(Cursor::new(data));
    decoder.set_transformations(Transformations::EXPAND | Transformations::ALPHA);
    check_size(decoder.read_header_info().map_err(describe)?, data)?;
    let mut reader = decoder.read_info().map_err(describe)?;
    let (width, height) = reader.info().size();
    let pixels = width as usize * height as usize;
    let size = reader
        .output_buffer_size()
        .ok_or("PNG: the picture is too large")?;
    with_scratch(size.max(pixels * 4), |bytes| {
        let info = reader.next_frame(bytes).map_err(describe)?;
        if info.bit_depth == BitDepth::Sixteen {
            round_to_8_bits(bytes);
        }
        if info.color_type == ColorType::GrayscaleAlpha {
            expand_grey(bytes, pixels);
        }
        let pitch = width as usize * 4;
        render_packed(PictureLayout::Rgba, (width, height), bytes, pitch, target)
    })
}

/// Refuses what no decoder should even get memory for.
fn check_size(info: &Info<'_>, data: &[u8]) -> Result<(), String> {
    check_pixels("PNG", u64::from(info.width), u64::from(info.height))?;
    if info.raw_bytes() / GREATEST_RATIO > data.len() {
        return Err(format!(
            "PNG: {} bytes cannot hold a picture of {}x{}",
            data.len(),
            info.width,
            info.height
        ));
    }
    Ok(())
}

/// Rounds big-endian samples to 8 bits, in the first half of the bytes.
fn round_to_8_bits(bytes: &mut [u8]) {
    for index in 0..bytes.len() / 2 {
        let sample = u16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]]);
        bytes[index] = ((u32::from(sample) + 128) / 257) as u8;
    }
}

/// Turns so many pixels of grey and alpha into RGBA, from the last one on, which needs no other memory.
fn expand_grey(bytes: &mut [u8], pixels: usize) {
    for index in (0..pixels).rev() {
        let [grey, alpha] = [bytes[2 * index], bytes[2 * index + 1]];
        bytes[4 * index..][..4].copy_from_slice(&[grey, grey, grey, alpha]);
    }
}
