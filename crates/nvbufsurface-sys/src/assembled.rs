//! Batches assembled of slots of other surfaces, and the rectangles for them.

use core::ptr::NonNull;

use crate::abi::new::NvBufSurface;
use crate::abi::{NvBufSurfTransformRectHead, NvBufSurfaceHead, NvBufSurfaceParamsHead};
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceMemType};
use crate::generation::Generation;

/// A batch whose slots are copies of slots of other surfaces. The pixels are those of the originals.
///
/// Calls that write to a slot write to the copy. It must not be given to `NvBufSurfaceDestroy`.
#[derive(Debug)]
pub struct AssembledSurface {
    /// One element: what a vector holds stays where it is when the vector is moved.
    surface: Vec<NvBufSurface>,
    /// Keeps the memory that `surfaceList` points to, aligned for it.
    _slots: Vec<u64>,
}

impl AssembledSurface {
    /// A batch of copies of `slots`, all filled. Each is shown with the color format beside it, which
    /// may be another than its own.
    ///
    /// # Safety
    /// The slots are alive and of `generation`, and nobody writes them during this call. They must
    /// outlive every use of the batch's pointer.
    pub unsafe fn new(
        generation: Generation,
        gpu_id: u32,
        mem_type: NvBufSurfaceMemType,
        slots: &[(NonNull<NvBufSurfaceParamsHead>, NvBufSurfaceColorFormat)],
    ) -> Self {
        let stride = generation.params_stride();
        let mut copies = vec![0u64; slots.len() * stride / size_of::<u64>()];
        let list = copies.as_mut_ptr().cast::<NvBufSurfaceParamsHead>();
        for (index, (slot, color_format)) in slots.iter().enumerate() {
            // SAFETY: the slot has `stride` bytes, as the caller vouches, and so has its place in the
            // list, which is aligned: the stride of either generation is a multiple of 8. Every field
            // may have any bits.
            unsafe {
                let copy = list.byte_add(index * stride);
                let (from, to) = (slot.as_ptr().cast::<u8>(), copy.cast::<u8>());
                core::ptr::copy_nonoverlapping(from, to, stride);
                (*copy).color_format = *color_format;
            }
        }
        let count = slots.len() as u32;
        let surface = NvBufSurface {
            head: NvBufSurfaceHead {
                gpu_id,
                batch_size: count,
                num_filled: count,
                is_contiguous: 0,
                mem_type,
                surface_list: list,
            },
            ..NvBufSurface::default()
        };
        Self {
            surface: vec![surface],
            _slots: copies,
        }
    }

    /// The pointer for the library, the same at each call; valid as long as `self` lives.
    pub fn as_mut_ptr(&mut self) -> *mut NvBufSurface {
        self.surface.as_mut_ptr()
    }
}

/// One rectangle for each slot of a batch, as far apart as a library of the generation looks for
/// them.
#[derive(Debug)]
pub struct RectList(Vec<NvBufSurfTransformRectHead>);

impl RectList {
    /// The list of these rectangles.
    pub fn new(
        generation: Generation,
        rects: impl ExactSizeIterator<Item = NvBufSurfTransformRectHead>,
    ) -> Self {
        let step = generation.rect_stride() / size_of::<NvBufSurfTransformRectHead>();
        let mut list = vec![NvBufSurfTransformRectHead::default(); rects.len() * step];
        for (place, rect) in list.iter_mut().step_by(step).zip(rects) {
            *place = rect;
        }
        Self(list)
    }

    /// The pointer for the library; valid as long as `self` lives.
    pub fn as_mut_ptr(&mut self) -> *mut NvBufSurfTransformRectHead {
        self.0.as_mut_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{new, old};
    use crate::constants::{
        NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_709, NVBUF_MEM_CUDA_DEVICE,
    };
    use crate::slot::slot_pointer;

    fn marked(width: u32) -> NvBufSurfaceParamsHead {
        let mut head = NvBufSurfaceParamsHead {
            width,
            color_format: NVBUF_COLOR_FORMAT_NV12,
            ..NvBufSurfaceParamsHead::default()
        };
        head.mapped_addr.egl_image = core::ptr::without_provenance_mut(width as usize);
        head
    }

    #[test]
    fn a_batch_shows_slots_of_other_surfaces_in_order_and_in_either_generation() {
        let mut old_slots = [old::NvBufSurfaceParams::default(); 2];
        let mut new_slots = [new::NvBufSurfaceParams::default(); 2];
        for index in 0..2 {
            old_slots[index].head = marked(100 + index as u32);
            new_slots[index].head = marked(100 + index as u32);
            new_slots[index].reserved[3] = core::ptr::without_provenance_mut(7 + index);
        }
        let mut addresses = |generation: Generation| {
            let stride = generation.params_stride();
            let first = match generation {
                Generation::Old => (&raw mut old_slots).cast::<NvBufSurfaceParamsHead>(),
                Generation::New => (&raw mut new_slots).cast(),
            };
            [
                first.wrapping_byte_add(stride),
                first,
                first.wrapping_byte_add(stride),
            ]
            .map(|slot| NonNull::new(slot).expect("a slot of an array"))
        };
        let formats = [NVBUF_COLOR_FORMAT_NV12_709, NVBUF_COLOR_FORMAT_NV12, 19];
        for generation in [Generation::Old, Generation::New] {
            let slots = addresses(generation);
            let shown: Vec<_> = slots.into_iter().zip(formats).collect();
            // SAFETY: the arrays have these slots, and nobody else uses them.
            let mut batch =
                unsafe { AssembledSurface::new(generation, 3, NVBUF_MEM_CUDA_DEVICE, &shown) };
            let before = batch.as_mut_ptr();
            let mut batch = Box::new(batch);
            assert_eq!(batch.as_mut_ptr(), before, "moving moves no struct");
            // SAFETY: the batch is alive.
            let head = unsafe { (*before).head };
            assert_eq!((head.gpu_id, head.mem_type), (3, NVBUF_MEM_CUDA_DEVICE));
            assert_eq!((head.batch_size, head.num_filled), (3, 3));
            for (index, (format, width)) in formats.into_iter().zip([101, 100, 101]).enumerate() {
                let stride = generation.params_stride();
                // SAFETY: the batch has three slots of this stride.
                let slot = unsafe { slot_pointer(before, index as u32, stride) }.expect("a slot");
                // SAFETY: as above; an entry of the new generation is as long as its struct.
                unsafe {
                    assert_eq!(slot.as_ref().color_format, format);
                    assert_eq!(slot.as_ref().width, width);
                    assert_eq!(slot.as_ref().mapped_addr, marked(width).mapped_addr);
                    if generation == Generation::New {
                        let whole = slot.cast::<new::NvBufSurfaceParams>().as_ref();
                        assert_eq!(whole.reserved[3].addr(), (width - 93) as usize);
                    }
                }
                // SAFETY: the arrays are alive.
                let original = unsafe { slots[index].as_ref() };
                assert_eq!(
                    original.color_format, NVBUF_COLOR_FORMAT_NV12,
                    "the original is not written"
                );
            }
        }
    }

    #[test]
    fn rectangles_are_as_far_apart_as_their_generation_says() {
        let rect = |top| NvBufSurfTransformRectHead {
            top,
            ..NvBufSurfTransformRectHead::default()
        };
        for generation in [Generation::Old, Generation::New] {
            let mut list = RectList::new(generation, [rect(5), rect(6)].into_iter());
            for (index, top) in [5, 6].into_iter().enumerate() {
                let place = list
                    .as_mut_ptr()
                    .wrapping_byte_add(index * generation.rect_stride());
                // SAFETY: the list has two rectangles of this distance.
                assert_eq!(unsafe { place.read() }.top, top);
            }
        }
    }
}
