//! Conversion of pictures in ordinary memory to surfaces.

mod canvas;
mod deep;
pub(crate) mod nearest;
mod picture;
mod planar;
pub(crate) mod resample;
mod rgba;
mod ycbcr;

use crate::backend::backend;
use crate::enums::Padding;
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, visible_letterbox_rect};
use crate::shared_buffer::SharedBuffer;

pub(crate) use canvas::{Canvas, plane_shapes};
pub use picture::{Picture, PictureLayout};
pub(crate) use rgba::to_rgba;

/// Converts a picture into slot 0 of a buffer, on the calling thread.
///
/// RGBA buffers take every layout. NV12, NV21 and I420 buffers take 4:2:0 pictures of their own size,
/// whose samples are not changed; the surface is marked with the picture's matrix and range.
///
/// If the sizes agree, this is one pass and the result is `None`. Otherwise the picture is
/// letterboxed symmetrically with nearest-neighbour sampling, borders are zero, and the result is
/// the rectangle that it covers.
///
/// # Errors
/// [`Error::InvalidPicture`] if a plane is too small, [`Error::UnsupportedConversion`] for other
/// combinations, [`Error::EmptyRect`] if the picture would vanish, [`Error::SlotOutOfBounds`],
/// [`Error::NotNvBufSurface`], [`Error::NotWritable`].
pub fn render_picture(picture: &Picture<'_>, buffer: &SharedBuffer) -> Result<Option<Rect>, Error> {
    let backend = backend()?;
    let mut slot = buffer.slot(0)?;
    let _guard = buffer.lock_pixels_mut()?;
    // SAFETY: the buffer is alive, and the guard excludes every other access to its pixels and its
    // descriptor.
    unsafe {
        slot.set_colour(picture.colour);
        backend.render(picture, &slot)
    }
}

/// Draws a picture.
pub(crate) fn render(
    picture: &Picture<'_>,
    canvas: &mut Canvas<'_>,
) -> Result<Option<Rect>, Error> {
    picture.check()?;
    let picture_size = (picture.width, picture.height);
    if canvas.format() != VideoFormat::Rgba {
        if picture_size == canvas.size() && planar::copy(picture, canvas) {
            return Ok(None);
        }
        return Err(Error::UnsupportedConversion {
            color_format: canvas.format().info().color_format,
            reason: "other formats than RGBA take 4:2:0 pictures of their own size only",
        });
    }
    let size = canvas.size();
    let (to, pitch) = canvas.plane(0);
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
