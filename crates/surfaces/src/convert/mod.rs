//! Drawing of pictures in ordinary memory on surfaces: cropped, scaled, converted, with borders.

mod across;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod axis;
mod canvas;
mod deep;
mod from_rgba;
mod gbr;
mod halve;
mod levels;
mod look;
mod picture;
mod planar;
mod prefetch;
mod render;
mod resample;
mod rgba;
mod sampler;
mod source;
mod split;
mod texels;
mod ycbcr;

use crate::backend::backend;
use crate::colour::Colour;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::shared_buffer::SharedBuffer;

pub use canvas::Canvas;
pub(crate) use canvas::plane_shapes;
pub use look::look_at;
pub use picture::{Picture, PictureLayout};
pub(crate) use rgba::to_rgba;

/// Lets `paint` draw slot 0 of a buffer, on the calling thread, and marks the surface with `colour`.
///
/// The pixels are whatever `paint` leaves there, which may be anything before. Nobody else gets at them
/// meanwhile.
///
/// # Errors
/// [`Error::UnsupportedConversion`] if the buffer has no [`VideoFormat`](crate::VideoFormat); [`Error::SlotOutOfBounds`],
/// [`Error::NotNvBufSurface`], [`Error::NotWritable`].
pub fn draw<T>(
    buffer: &SharedBuffer,
    colour: Colour,
    paint: impl FnOnce(&mut Canvas<'_>) -> T,
) -> Result<T, Error> {
    let backend = backend()?;
    let mut slot = buffer.slot(0)?;
    let _guard = buffer.lock_pixels_mut()?;
    let mut paint = Some(paint);
    let mut result = None;
    let mut once = |canvas: &mut Canvas<'_>| result = paint.take().map(|paint| paint(canvas));
    // SAFETY: the buffer is alive, and the guard excludes every other access to its pixels and its
    // descriptor.
    unsafe {
        slot.set_colour(colour);
        backend.draw(&slot, &mut once)?;
    }
    result.ok_or(Error::UnsupportedConversion {
        color_format: slot.color_format,
        reason: "the backend drew nothing",
    })
}

/// Converts a picture into slot 0 of a buffer, on the calling thread; the surface is marked with the
/// picture's matrix and range. See [`Canvas::render`].
///
/// # Errors
/// Those of [`Canvas::render`] and [`draw`].
pub fn render_picture(
    picture: &Picture<'_>,
    buffer: &SharedBuffer,
    config: &TransformConfig,
) -> Result<Rect, Error> {
    draw(buffer, picture.colour, |canvas| {
        canvas.render(picture, None, config)
    })?
}

#[cfg(test)]
mod from_rgba_tests;
#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod tests;
