//! Access to one slot of a batch.
//!
//! `surfaceList` is an array whose stride depends on the loaded library, so a slot is found by
//! its byte distance, never by indexing.

use core::ptr::NonNull;

use crate::abi::new::{NvBufSurface, NvBufSurfaceParams};
use crate::abi::{NvBufSurfaceHead, NvBufSurfaceParamsHead};
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceMemType};
use crate::generation::Generation;

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

/// A descriptor of a single slot of a batch, for calls that should work on that slot only.
///
/// It is a batch of one whose `surfaceList` points into the original. Calls that write to the
/// slot write to the original's. It works with every version and makes the stride of rectangle
/// lists irrelevant. It must not be given to `NvBufSurfaceDestroy`.
#[derive(Debug)]
pub struct OneSlotSurface {
    surface: NvBufSurface,
    /// What calls see in place of the original's slot.
    substitute: Option<NvBufSurfaceParams>,
}

impl OneSlotSurface {
    /// A descriptor of slot `index` of `surface`, whose slots are `stride` bytes apart.
    ///
    /// # Safety
    /// As for [`slot_pointer`]; the original must outlive every use of the descriptor's pointer.
    pub unsafe fn new(
        surface: *const NvBufSurface,
        index: u32,
        stride: usize,
    ) -> Result<Self, SlotError> {
        // SAFETY: same contract.
        let slot = unsafe { slot_pointer(surface, index, stride)? };
        // SAFETY: every version begins with the head.
        let original = unsafe { surface.cast::<NvBufSurfaceHead>().read() };
        Ok(Self::from_parts(original.gpu_id, original.mem_type, slot))
    }

    /// A descriptor of the slot at an address, of a surface with this device and memory type.
    pub fn from_parts(
        gpu_id: u32,
        mem_type: NvBufSurfaceMemType,
        slot: NonNull<NvBufSurfaceParamsHead>,
    ) -> Self {
        Self {
            surface: NvBufSurface {
                head: NvBufSurfaceHead {
                    gpu_id,
                    batch_size: 1,
                    num_filled: 1,
                    is_contiguous: 0,
                    mem_type,
                    surface_list: slot.as_ptr(),
                },
                ..NvBufSurface::default()
            },
            substitute: None,
        }
    }

    /// Makes calls see a copy of the slot that has this color format. The original is not written, not
    /// even by calls that write to the slot; the pixels are still its own.
    ///
    /// # Safety
    /// The slot is alive and of `generation`, and nobody writes it during this call.
    #[must_use]
    pub unsafe fn with_color_format(
        mut self,
        generation: Generation,
        color_format: NvBufSurfaceColorFormat,
    ) -> Self {
        let mut copy = NvBufSurfaceParams::default();
        // SAFETY: the slot has as many bytes, as the caller vouches; the copy has the newest form,
        // which is the largest, and every field of it may have any bits.
        unsafe {
            core::ptr::copy_nonoverlapping(
                self.surface.head.surface_list.cast::<u8>().cast_const(),
                (&raw mut copy).cast::<u8>(),
                generation.params_stride(),
            );
        }
        copy.head.color_format = color_format;
        self.substitute = Some(copy);
        self
    }

    /// The pointer for the library; valid as long as `self` is neither moved nor dropped.
    pub fn as_mut_ptr(&mut self) -> *mut NvBufSurface {
        if let Some(copy) = &mut self.substitute {
            self.surface.head.surface_list = (&raw mut *copy).cast();
        }
        &raw mut self.surface
    }

    /// The fields of the descriptor.
    pub fn head(&self) -> &NvBufSurfaceHead {
        &self.surface.head
    }
}

#[cfg(test)]
mod tests {
    use super::{OneSlotSurface, SlotError, slot_pointer};
    use crate::abi::{NvBufSurfaceHead, new, old};
    use crate::constants::{
        NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_709, NVBUF_MEM_CUDA_DEVICE,
    };
    use crate::generation::Generation;

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
    fn a_shadow_shows_one_slot_of_either_generation() {
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
                let mut shadow = unsafe { OneSlotSurface::new(&raw const surface, index, stride) }
                    .expect("the slot exists");
                assert_eq!(shadow.head().batch_size, 1);
                assert_eq!(shadow.head().num_filled, 1);
                assert_eq!(shadow.head().is_contiguous, 0);
                assert_eq!(shadow.head().gpu_id, 3);
                assert_eq!(shadow.head().mem_type, NVBUF_MEM_CUDA_DEVICE);
                // SAFETY: the shadow has one slot in the same array.
                let slot = unsafe { slot_pointer(shadow.as_mut_ptr(), 0, stride) }
                    .expect("a shadow has slot 0");
                // SAFETY: as above.
                assert_eq!(unsafe { slot.as_ref() }.width, first_width + index);
            }
        }
    }

    #[test]
    fn a_substitute_has_its_own_color_format_and_the_rest_of_the_original() {
        let mut old_slots = [old::NvBufSurfaceParams::default(); 2];
        let mut new_slots = [new::NvBufSurfaceParams::default(); 2];
        let heads = [&mut old_slots[1].head, &mut new_slots[1].head];
        for head in heads {
            head.width = 640;
            head.color_format = NVBUF_COLOR_FORMAT_NV12;
            head.mapped_addr.egl_image = core::ptr::without_provenance_mut(77);
        }
        new_slots[1].reserved[3] = core::ptr::without_provenance_mut(99);
        for (surface, generation) in [
            (batch(&mut old_slots), Generation::Old),
            (batch(&mut new_slots), Generation::New),
        ] {
            let stride = generation.params_stride();
            // SAFETY: the arrays outlive the loop and have the stride given; nobody writes them.
            let mut shadow = unsafe {
                OneSlotSurface::new(&raw const surface, 1, stride)
                    .expect("the slot exists")
                    .with_color_format(generation, NVBUF_COLOR_FORMAT_NV12_709)
            };
            let copy = shadow.as_mut_ptr();
            // SAFETY: the copy has the newest form; the original's slot 1 is alive.
            let (seen, original) = unsafe {
                let seen = (*copy).head.surface_list.cast::<new::NvBufSurfaceParams>();
                let original = slot_pointer(&raw const surface, 1, stride);
                (seen.read(), original.expect("slot 1").read())
            };
            assert_eq!(seen.head.color_format, NVBUF_COLOR_FORMAT_NV12_709);
            assert_eq!(original.color_format, NVBUF_COLOR_FORMAT_NV12);
            assert_eq!(
                (seen.head.width, seen.head.mapped_addr),
                (640, original.mapped_addr)
            );
            if generation == Generation::New {
                assert_eq!(seen.reserved[3].addr(), 99, "the tail is copied too");
            }
        }
    }

    #[test]
    fn slots_outside_the_batch_are_refused() {
        let mut slots = [new::NvBufSurfaceParams::default(); 2];
        let mut surface = batch(&mut slots);
        let stride = size_of::<new::NvBufSurfaceParams>();
        // SAFETY: the array outlives the calls and has the stride given.
        let refused = unsafe { OneSlotSurface::new(&raw const surface, 2, stride) };
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
