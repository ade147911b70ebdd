//! An `NvBufSurface` in system memory: descriptor, slot list and pixels.

use std::ptr::NonNull;

use nvbufsurface_sys::{
    Generation, NVBUF_LAYOUT_PITCH, NVBUF_MEM_SYSTEM, NvBufSurfaceHead, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParams,
};

use super::allocator::OwnedSurface;
use super::block::ZeroedBlock;
use crate::error::Error;
use crate::layout::{SlotLayout, SurfaceSpec};

/// Alignment of descriptors, which hold pointers and 64-bit integers.
pub(super) const DESCRIPTOR_ALIGNMENT: usize = 16;

/// Alignment of the first pixel: a multiple of every vector register and of a cache line.
const PIXEL_ALIGNMENT: usize = 256;

/// A surface and everything it points to.
pub(crate) struct HostSurface {
    spec: SurfaceSpec,
    generation: Generation,
    descriptor: ZeroedBlock,
    /// Keeps the memory that the descriptor's `surfaceList` points to.
    _slots: ZeroedBlock,
    /// All slots, one after the other.
    pixels: ZeroedBlock,
    pixels_size: usize,
}

impl HostSurface {
    /// Allocates a surface with zeroed pixels and no filled slot.
    pub(crate) fn new(spec: &SurfaceSpec, generation: Generation) -> Result<Self, Error> {
        let layout = spec.slot_layout()?;
        // Pitches are multiples of the pixels' alignment, so every slot has it. 1024 slots of less
        // than 4 GiB fit 64 bits.
        let slot_size = layout.size as usize;
        let count = spec.batch_size as usize;
        let pixels_size = slot_size * count;
        let pixels = ZeroedBlock::new(pixels_size, PIXEL_ALIGNMENT)?;
        let stride = generation.params_stride();
        let slots = ZeroedBlock::new(stride * count, DESCRIPTOR_ALIGNMENT)?;
        for index in 0..count {
            // SAFETY: the slot lies inside the block (slot_size * count bytes).
            let first = unsafe { pixels.as_ptr().add(slot_size * index) };
            let params = slot_params(spec, &layout, first);
            // SAFETY: slot `index` lies inside the block (stride * batch_size bytes) and is
            // aligned, since the stride of either generation is a multiple of 8.
            unsafe {
                slots
                    .as_ptr()
                    .add(stride * index)
                    .cast::<NvBufSurfaceParamsHead>()
                    .write(params);
            };
        }
        let descriptor = ZeroedBlock::new(generation.surface_size(), DESCRIPTOR_ALIGNMENT)?;
        let head = NvBufSurfaceHead {
            gpu_id: spec.gpu_id,
            batch_size: spec.batch_size,
            num_filled: 0,
            is_contiguous: u8::from(spec.batch_size > 1),
            mem_type: NVBUF_MEM_SYSTEM,
            surface_list: slots.as_ptr().cast().as_ptr(),
        };
        // SAFETY: the block is at least as large as the head of either generation, and aligned.
        unsafe { descriptor.as_ptr().cast::<NvBufSurfaceHead>().write(head) };
        Ok(Self {
            spec: *spec,
            generation,
            descriptor,
            _slots: slots,
            pixels,
            pixels_size,
        })
    }
}

impl OwnedSurface for HostSurface {
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead> {
        self.descriptor.as_ptr().cast()
    }

    fn descriptor_size(&self) -> usize {
        self.generation.surface_size()
    }

    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error> {
        let copy = Self::new(&self.spec, self.generation)?;
        // SAFETY: both blocks have `pixels_size` bytes, they are distinct allocations, the new one is
        // unknown to others, and the caller excludes writers of the old one. Both descriptors are
        // initialised and alive.
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.pixels.as_ptr().as_ptr(),
                copy.pixels.as_ptr().as_ptr(),
                self.pixels_size,
            );
            (*copy.descriptor().as_ptr()).num_filled = (*self.descriptor().as_ptr()).num_filled;
        };
        Ok(Box::new(copy))
    }
}

fn slot_params(
    spec: &SurfaceSpec,
    layout: &SlotLayout,
    pixels: NonNull<u8>,
) -> NvBufSurfaceParamsHead {
    let mut planes = NvBufSurfacePlaneParams {
        num_planes: layout.planes.len() as u32,
        ..NvBufSurfacePlaneParams::default()
    };
    for (index, plane) in layout.planes.iter().enumerate() {
        planes.width[index] = plane.width;
        planes.height[index] = plane.height;
        planes.pitch[index] = plane.pitch;
        planes.offset[index] = plane.offset;
        planes.psize[index] = plane.size;
        planes.bytes_per_pix[index] = plane.bytes_per_sample;
    }
    NvBufSurfaceParamsHead {
        width: spec.width,
        height: spec.height,
        pitch: layout.planes[0].pitch,
        color_format: spec.format.info().color_format,
        layout: NVBUF_LAYOUT_PITCH,
        data_size: layout.size,
        data_ptr: pixels.as_ptr().cast(),
        plane_params: planes,
        ..NvBufSurfaceParamsHead::default()
    }
}
