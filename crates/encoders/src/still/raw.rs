//! Raw pictures.

use surfaces::{Picture, VideoFormat};

use super::converted;

/// R, G, B without gaps.
pub(super) fn rgb(picture: &Picture<'_>) -> Result<Vec<u8>, String> {
    let pixels = converted(picture, VideoFormat::Rgba)?;
    let mut bytes = Vec::with_capacity(pixels.len() / 4 * 3);
    for [red, green, blue, _] in pixels.as_chunks::<4>().0 {
        bytes.extend_from_slice(&[*red, *green, *blue]);
    }
    Ok(bytes)
}
