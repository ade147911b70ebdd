//! Access to one slot of a batch.
//!
//! `surfaceList` is an array whose stride depends on the loaded library, so a slot is found by
//! its byte distance, never by indexing.

use core::ptr::NonNull;

use crate::abi::new::NvBufSurface;
use crate::abi::{NvBufSurfaceHead, NvBufSurfaceParamsHead};

/// Why a slot cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// The index is not below the batch size.
    #[error("slot {index} is outside a batch of {batch_size}")]
    OutOfRange {
        /// The index asked for.
        index: u32,
        /// `batchSize` of the surface.
        batch_size: u32,
    },
    /// `surfaceList` is null.
    #[error("the surface has no slots (surfaceList is null)")]
    NoSlots,
}

/// The address of slot `index` of `surface`, whose slots are `stride` bytes apart.
///
/// # Safety
/// `surface` points at an `NvBufSurface` of any version whose `surfaceList` is null or has
/// `batchSize` slots that are `stride` bytes apart. The result is valid as long as the surface.
pub unsafe fn slot_pointer(
    surface: *const NvBufSurface,
    index: u32,
    stride: usize,
) -> Result<NonNull<NvBufSurfaceParamsHead>, SlotError> {
    // SAFETY: every version begins with the head.
    let head = unsafe { surface.cast::<NvBufSurfaceHead>().read() };
    if index >= head.batch_size {
        return Err(SlotError::OutOfRange {
            index,
            batch_size: head.batch_size,
        });
    }
    let first = NonNull::new(head.surface_list).ok_or(SlotError::NoSlots)?;
    // SAFETY: the slot is inside the array, as the caller vouches for its length and stride.
    Ok(unsafe { first.byte_add(index as usize * stride) })
}

#[cfg(test)]
mod tests {
    use super::{SlotError, slot_pointer};
    use crate::abi::{NvBufSurfaceHead, new, old};
    use crate::constants::NVBUF_MEM_CUDA_DEVICE;

    fn batch<P>(slots: &mut [P]) -> new::NvBufSurface {
        new::NvBufSurface {
            head: NvBufSurfaceHead {
                gpu_id: 3,
                batch_size: slots.len() as u32,
                num_filled: 2,
                is_contiguous: 1,
                mem_type: NVBUF_MEM_CUDA_DEVICE,
                surface_list: slots.as_mut_ptr().cast(),
            },
            is_imported_buf: 1,
            ..new::NvBufSurface::default()
        }
    }

    #[test]
    fn slots_are_found_in_either_generation() {
        let mut old_slots = [old::NvBufSurfaceParams::default(); 3];
        let mut new_slots = [new::NvBufSurfaceParams::default(); 3];
        for index in 0..3 {
            old_slots[index].head.width = 100 + index as u32;
            new_slots[index].head.width = 200 + index as u32;
        }
        for (surface, stride, first_width) in [
            (
                batch(&mut old_slots),
                size_of::<old::NvBufSurfaceParams>(),
                100,
            ),
            (
                batch(&mut new_slots),
                size_of::<new::NvBufSurfaceParams>(),
                200,
            ),
        ] {
            for index in 0..3 {
                // SAFETY: the arrays outlive the loop and have the stride given.
                let slot = unsafe { slot_pointer(&raw const surface, index, stride) }
                    .expect("the slot exists");
                // SAFETY: as above.
                assert_eq!(unsafe { slot.as_ref() }.width, first_width + index);
            }
        }
    }

    #[test]
    fn slots_outside_the_batch_are_refused() {
        let mut slots = [new::NvBufSurfaceParams::default(); 2];
        let mut surface = batch(&mut slots);
        let stride = size_of::<new::NvBufSurfaceParams>();
        // SAFETY: the array outlives the calls and has the stride given.
        let refused = unsafe { slot_pointer(&raw const surface, 2, stride) };
        assert_eq!(
            refused.err(),
            Some(SlotError::OutOfRange {
                index: 2,
                batch_size: 2
            })
        );
        surface.head.surface_list = core::ptr::null_mut();
        // SAFETY: a null list is refused, not read.
        let refused = unsafe { slot_pointer(&raw const surface, 0, stride) };
        assert_eq!(refused.err(), Some(SlotError::NoSlots));
    }
}
