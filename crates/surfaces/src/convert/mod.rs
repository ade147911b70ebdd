//! Conversion of pictures in ordinary memory to surfaces.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod canvas;
mod deep;
mod from_rgba;
mod letterbox;
pub(crate) mod nearest;
mod picture;
mod planar;
pub(crate) mod resample;
mod rgba;
mod ycbcr;

use crate::backend::backend;
use std::ops::Range;

use crate::colour::Colour;
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig};
use crate::shared_buffer::SharedBuffer;
use from_rgba::FromRgba;
use letterbox::Letterbox;

pub use canvas::Canvas;
pub(crate) use canvas::plane_shapes;
pub use picture::{Picture, PictureLayout};
pub(crate) use rgba::to_rgba;

/// Lets `paint` draw slot 0 of a buffer, on the calling thread, and marks the surface with `colour`.
///
/// The pixels are whatever `paint` leaves there, which may be anything before. Nobody else gets at them
/// meanwhile.
///
/// # Errors
/// [`Error::UnsupportedConversion`] if the buffer has no [`VideoFormat`]; [`Error::SlotOutOfBounds`],
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

impl Canvas<'_> {
    /// Draws a picture of any layout, or the part `crop` of it, and returns the rectangle that it covers.
    ///
    /// It is placed and scaled as `config` says; what it does not cover becomes black (zero in RGBA and
    /// `BGRx`).
    ///
    /// Samples of a picture of the canvas's size are not changed where the format holds the same ones:
    /// luma in GRAY8, 4:2:0 and grey in NV12, NV21 and I420, 4:2:2 in UYVY. All other pictures become
    /// Y, Cb, Cr by way of RGB, in their own matrix and range, chroma averaged over its block.
    ///
    /// # Errors
    /// [`Error::InvalidPicture`] if a plane is too small, [`Error::EmptyRect`] if the picture would
    /// vanish, [`Error::CropOutside`], [`Error::DstPadding`].
    pub fn render(
        &mut self,
        picture: &Picture<'_>,
        crop: Option<Rect>,
        config: &TransformConfig,
    ) -> Result<Rect, Error> {
        picture.check()?;
        let (width, height) = self.size();
        let mut source = Letterbox::new(picture, crop, (width, height), config)?;
        if source.is_whole() && planar::copy(picture, self) {
            return Ok(source.covered());
        }
        match self.format() {
            VideoFormat::Rgba => {
                let (to, pitch) = self.plane(0);
                source.draw(0..height, to, pitch)?;
            }
            VideoFormat::Bgrx => {
                let (to, pitch) = self.plane(0);
                for (rows, to) in strips(height).zip(to.chunks_mut(pitch * STRIP as usize)) {
                    source.draw(rows, to, pitch)?;
                    rgba::swap_red_and_blue(to);
                }
            }
            format => {
                let mut converter = FromRgba::new(picture.colour, format, width);
                let pitch = width as usize * 4;
                let mut strip = vec![0; pitch * STRIP.min(height) as usize];
                for rows in strips(height) {
                    source.draw(rows.clone(), &mut strip, pitch)?;
                    converter.convert(&strip, rows, self);
                }
            }
        }
        Ok(source.covered())
    }
}

/// Rows that are RGBA at a time on their way to another format: few enough to stay in the cache. Even, so
/// that no chroma sample belongs to two strips.
const STRIP: u32 = 16;

fn strips(height: u32) -> impl Iterator<Item = Range<u32>> {
    (0..height)
        .step_by(STRIP as usize)
        .map(move |first| first..height.min(first.saturating_add(STRIP)))
}

#[cfg(test)]
mod from_rgba_tests;
#[cfg(test)]
mod tests;
