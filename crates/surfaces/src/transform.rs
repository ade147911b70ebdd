//! Scaling from one buffer into another.

use crate::backend::backend;
use crate::colour::{self, Colour};
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::letterbox_map::LetterboxMap;
use crate::shared_buffer::SharedBuffer;

/// Scales `src_rect` of slot 0 of `src` into slot 0 of `dst`, converting the pixel format. Blocks
/// until the pixels are complete. Timestamps and ids are not copied.
///
/// `dst` must not be in anybody else's hands: its lock is taken while that of `src` is held.
///
/// # Errors
/// Those of [`Backend::transform`](crate::backend::Backend::transform);
/// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`], [`Error::NotWritable`].
pub fn transform(
    src: &SharedBuffer,
    src_rect: Option<Rect>,
    dst: &SharedBuffer,
    config: &TransformConfig,
) -> Result<(), Error> {
    run(src, src_rect, dst, config, Colours::Marked)
}

/// [`transform`] into a buffer that takes over matrix and range of the source, and is marked with them:
/// between Y, Cb, Cr formats samples are moved and scaled, not converted to other colours.
///
/// `assumed` holds in place of the source's mark, which is not written; a source of a format that is not
/// in [`VideoFormat`](crate::VideoFormat) keeps what it is marked with. Returns the rectangle that the
/// picture covers.
///
/// # Errors
/// As [`transform`].
pub fn transform_keeping_colour(
    src: &SharedBuffer,
    src_rect: Option<Rect>,
    assumed: Option<Colour>,
    dst: &SharedBuffer,
    config: &TransformConfig,
) -> Result<Rect, Error> {
    let (src_slot, dst_slot) = (src.first_slot()?, dst.first_slot()?);
    let [src_size, dst_size] = [&src_slot, &dst_slot].map(|slot| (slot.width, slot.height));
    let map = LetterboxMap::new(config, src_size, src_rect, dst_size)?;
    run(src, src_rect, dst, config, Colours::Kept { assumed })?;
    Ok(map.rect())
}

/// Matrix and range of the two buffers.
#[derive(Clone, Copy)]
enum Colours {
    /// Both have those of their marks.
    Marked,
    /// The destination takes over the source's: those assumed, or those of the mark.
    Kept { assumed: Option<Colour> },
}

fn run(
    src: &SharedBuffer,
    src_rect: Option<Rect>,
    dst: &SharedBuffer,
    config: &TransformConfig,
    colours: Colours,
) -> Result<(), Error> {
    let (mut src_slot, mut dst_slot) = (src.first_slot()?, dst.first_slot()?);
    let guards = (src.lock_pixels(), dst.lock_pixels_mut()?);
    if let Colours::Kept { assumed } = colours {
        if let Some(colour) = assumed {
            src_slot.assume_colour(colour);
        }
        if let Some((_, colour)) = colour::describe(src_slot.color_format) {
            // SAFETY: the guard excludes everybody from the destination.
            unsafe { dst_slot.set_colour(colour) };
        }
    }
    // SAFETY: both buffers are alive; the guards exclude writers of the source and everybody from
    // the destination, which is another buffer, or taking its lock would not have returned.
    let result = unsafe { backend()?.transform(&src_slot, src_rect, &dst_slot, config) };
    drop(guards);
    result
}
