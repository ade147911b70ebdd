//! PNG.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};
use surfaces::{Picture, VideoFormat};

use super::converted;

/// 8-bit RGBA, compressed with this effort of deflate, 0 to 9.
pub(super) fn encode(picture: &Picture<'_>, level: u32) -> Result<Vec<u8>, String> {
    let pixels = converted(picture, VideoFormat::Rgba)?;
    write((picture.width, picture.height), level, &pixels).map_err(|error| format!("PNG: {error}"))
}

fn write((width, height): (u32, u32), level: u32, pixels: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_filter(Filter::Adaptive);
    encoder.set_deflate_compression(match u8::try_from(level) {
        Ok(0) | Err(_) => DeflateCompression::NoCompression,
        Ok(level) => DeflateCompression::Level(level),
    });
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
