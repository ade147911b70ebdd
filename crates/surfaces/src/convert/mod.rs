//! Conversion of pictures in ordinary memory to RGBA surfaces.

pub(crate) mod nearest;
mod picture;
mod rgba;
mod ycbcr;

use crate::backend::backend;
use crate::enums::Padding;
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, visible_letterbox_rect};
use crate::shared_buffer::SharedBuffer;

pub use picture::{Matrix, Picture, PictureLayout, Range};
pub(crate) use rgba::to_rgba;

/// Converts a picture into slot 0 of an RGBA buffer, on the calling thread.
///
/// If the sizes agree, this is one pass and the result is `None`. Otherwise the picture is
/// letterboxed symmetrically with nearest-neighbour sampling, borders are zero, and the result is
/// the rectangle that it covers.
///
/// # Errors
/// [`Error::InvalidPicture`] if a plane is too small, [`Error::UnsupportedConversion`] if the
/// surface is not RGBA, [`Error::EmptyRect`] if the picture would vanish,
/// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`], [`Error::NotWritable`].
pub fn render_picture(picture: &Picture<'_>, buffer: &SharedBuffer) -> Result<Option<Rect>, Error> {
    let backend = backend()?;
    let slot = buffer.slot(0)?;
    let _guard = buffer.lock_pixels_mut()?;
    // SAFETY: the buffer is alive, and the guard excludes every other access to its pixels.
    unsafe { backend.render(picture, &slot) }
}

/// Converts a picture into the rows of an RGBA surface of `size`, `pitch` bytes apart.
pub(crate) fn render(
    picture: &Picture<'_>,
    color_format: u32,
    to: &mut [u8],
    pitch: usize,
    size: (u32, u32),
) -> Result<Option<Rect>, Error> {
    if color_format != VideoFormat::Rgba.info().color_format {
        return Err(Error::UnsupportedConversion {
            color_format,
            reason: "only RGBA can be written",
        });
    }
    picture.check()?;
    let picture_size = (picture.width, picture.height);
    if picture_size == size {
        to_rgba(picture, to, pitch)?;
        return Ok(None);
    }

    let target = visible_letterbox_rect(picture_size, size, Padding::Symmetric, None)?;
    let map = nearest::Map::new(Rect::covering(picture_size), target, 4);
    nearest::clear_around(to, pitch, size, target, 4);
    let mut line = vec![0; picture.width as usize * 4];
    let mut line_holds = None;
    for row in 0..target.height {
        let source = map.source_row(row);
        if line_holds != Some(source) {
            let pitch = line.len();
            to_rgba(&picture.row(source), &mut line, pitch)?;
            line_holds = Some(source);
        }
        map.scale_row(&line, &mut to[map.target_row(row) * pitch..]);
    }
    Ok(Some(target))
}

#[cfg(test)]
mod tests;
