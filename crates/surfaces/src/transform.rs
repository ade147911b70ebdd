//! Scaling from buffers into another.

use crate::backend::{TransformJob, backend};
use crate::colour::{self, Colour};
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::letterbox_map::LetterboxMap;
use crate::locks::lock_for_transform;
use crate::shared_buffer::SharedBuffer;

/// A picture for one slot of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct SlotSource<'a> {
    /// The slot that it goes to, filled or not.
    pub slot: u32,
    /// The buffer whose slot 0 has it.
    pub src: &'a SharedBuffer,
    /// The part of it that counts, in pixels; `None` for all.
    pub src_rect: Option<Rect>,
}

/// Scales `src_rect` of slot 0 of `src` into slot 0 of `dst`, converting the pixel format. Blocks
/// until the pixels are complete. Timestamps and ids are not copied.
///
/// # Errors
/// As [`transform_slots`].
pub fn transform(
    src: &SharedBuffer,
    src_rect: Option<Rect>,
    dst: &SharedBuffer,
    config: &TransformConfig,
) -> Result<(), Error> {
    transform_slots(&[into_first_slot(src, src_rect)], dst, config)
}

/// [`transform`] of many pictures, each into a slot of its own, in one call of the device or in
/// parallel on the CPU. After an error the pixels of these slots are not specified.
///
/// # Errors
/// Those of [`Backend::transform`](crate::backend::Backend::transform); [`Error::RepeatedSlot`],
/// [`Error::SourceIsDestination`], [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`],
/// [`Error::NotWritable`].
pub fn transform_slots(
    sources: &[SlotSource<'_>],
    dst: &SharedBuffer,
    config: &TransformConfig,
) -> Result<(), Error> {
    run(sources, dst, config, Colours::Marked)
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
    let source = into_first_slot(src, src_rect);
    run(&[source], dst, config, Colours::Kept { assumed })?;
    Ok(map.rect())
}

fn into_first_slot(src: &SharedBuffer, src_rect: Option<Rect>) -> SlotSource<'_> {
    SlotSource {
        slot: 0,
        src,
        src_rect,
    }
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
    sources: &[SlotSource<'_>],
    dst: &SharedBuffer,
    config: &TransformConfig,
    colours: Colours,
) -> Result<(), Error> {
    let mut slots: Vec<_> = sources.iter().map(|source| source.slot).collect();
    slots.sort_unstable();
    if let Some(repeated) = slots.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::RepeatedSlot { slot: repeated[0] });
    }
    let mut jobs = sources
        .iter()
        .map(|source| {
            Ok(TransformJob {
                src: source.src.first_slot()?,
                src_rect: source.src_rect,
                dst: dst.any_slot(source.slot)?,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let guards = lock_for_transform(sources.iter().map(|source| source.src), dst)?;
    if let Colours::Kept { assumed } = colours {
        for job in &mut jobs {
            if let Some(colour) = assumed {
                job.src.assume_colour(colour);
            }
            if let Some((_, colour)) = colour::describe(job.src.color_format) {
                // SAFETY: the guards exclude everybody from the destination.
                unsafe { job.dst.set_colour(colour) };
            }
        }
    }
    // SAFETY: all buffers are alive; the guards exclude writers of the sources and everybody from the
    // destination, which is none of the sources; its slots were checked to be distinct.
    let result = unsafe { backend()?.transform_slots(&jobs, config) };
    drop(guards);
    result
}
