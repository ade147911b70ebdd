//! Surfaces that NVIDIA's library allocates, and descriptors of CUDA memory of somebody else.

use std::any::Any;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use nvbufsurface_sys::{
    NVBUF_LAYOUT_PITCH, NVBUF_MEM_SYSTEM, NvBufSurface, NvBufSurfaceCreateParams,
    NvBufSurfaceCreateParamsHead, NvBufSurfaceHead, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParams,
};

use super::engine::Engine;
use super::pixels;
use crate::backend::CudaArray;
use crate::enums::MemType;
use crate::error::Error;
use crate::layout::SurfaceSpec;
use crate::memory::{DESCRIPTOR_ALIGNMENT, OwnedSurface, ZeroedBlock};
use crate::reader::Surface;

/// A surface of NVIDIA's library.
pub(super) struct LibrarySurface {
    engine: Arc<Engine>,
    spec: SurfaceSpec,
    surface: NonNull<NvBufSurface>,
}

// SAFETY: the library's functions may be called from every thread; the surface is used through
// raw pointers, and whoever dereferences them answers for the synchronisation.
unsafe impl Send for LibrarySurface {}
// SAFETY: as above; a shared reference gives a pointer only.
unsafe impl Sync for LibrarySurface {}

impl LibrarySurface {
    /// Allocates a surface with zeroed pixels and no filled slot.
    pub(super) fn new(engine: &Arc<Engine>, spec: &SurfaceSpec) -> Result<Self, Error> {
        // Checked here because the library corrupts its heap for 0 slots.
        spec.slot_layout()?;
        let mut params = NvBufSurfaceCreateParams::from(NvBufSurfaceCreateParamsHead {
            gpu_id: spec.gpu_id,
            width: spec.width,
            height: spec.height,
            color_format: spec.format.info().color_format,
            layout: NVBUF_LAYOUT_PITCH,
            mem_type: spec.mem_type as u32,
            ..NvBufSurfaceCreateParamsHead::default()
        });
        let mut surface = ptr::null_mut();
        let current = engine.cuda.enter(spec.gpu_id)?;
        // SAFETY: both pointers are to live locals; the parameters have the longest known form and
        // ask for at least one slot.
        let result = unsafe {
            (engine.libraries.surface.create)(&raw mut surface, spec.batch_size, &raw mut params)
        };
        drop(current);
        let surface = NonNull::new(surface)
            .filter(|_| result == 0)
            .ok_or_else(|| Error::Device {
                call: "NvBufSurfaceCreate",
                reason: format!(
                    "it returned {result} for {} slots of {}x{} {} in {} memory of GPU {}",
                    spec.batch_size,
                    spec.width,
                    spec.height,
                    spec.format.name(),
                    spec.mem_type.name(),
                    spec.gpu_id
                ),
            })?;
        let created = Self {
            engine: engine.clone(),
            spec: *spec,
            surface,
        };
        // SAFETY: the library just made the surface, which nobody else knows.
        unsafe {
            (*created.descriptor().as_ptr()).num_filled = 0;
            created.zero()?;
        }
        Ok(created)
    }

    /// Zeroes the pixels: device memory holds what its last user left.
    ///
    /// # Safety
    /// Nobody else may know the surface.
    unsafe fn zero(&self) -> Result<(), Error> {
        let surface = self.slots();
        for index in 0..self.spec.batch_size {
            let slot = surface.any_slot(index)?;
            if self.engine.is_cpu_memory(slot.mem_type) {
                // SAFETY: the library allocated `data_size` bytes there, in memory of the CPU.
                unsafe { ptr::write_bytes(slot.data_ptr as *mut u8, 0, slot.data_size as usize) };
            } else if self.engine.is_cuda_memory(slot.mem_type) {
                let mut work = self.engine.cuda.work(slot.gpu_id)?;
                // SAFETY: the slot is alive and nobody else knows it.
                unsafe { pixels::set(&mut work, &slot, |_| 0)? };
                work.finish()?;
            }
        }
        Ok(())
    }

    fn slots(&self) -> Surface {
        // SAFETY: the library's surface is alive as long as this value.
        unsafe { Surface::from_head(self.descriptor(), self.engine.generation) }
    }
}

impl OwnedSurface for LibrarySurface {
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead> {
        self.surface.cast()
    }

    fn descriptor_size(&self) -> usize {
        self.engine.generation.surface_size()
    }

    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error> {
        // SAFETY: same contract.
        unsafe { duplicate(&self.engine, &self.spec, self.descriptor()) }
    }
}

impl Drop for LibrarySurface {
    fn drop(&mut self) {
        let _current = match self.engine.cuda.enter(self.spec.gpu_id) {
            Ok(current) => current,
            Err(error) => {
                // Mostly the end of the process, which frees the memory as well.
                tracing::debug!("a surface is not freed: {error}");
                return;
            }
        };
        // SAFETY: this value owns the surface, and nothing points at it any more.
        let result = unsafe { (self.engine.libraries.surface.destroy)(self.surface.as_ptr()) };
        if result != 0 {
            tracing::warn!("NvBufSurfaceDestroy returned {result}");
        }
    }
}

/// A descriptor of CUDA memory that somebody else owns.
pub(super) struct AdoptedSurface {
    engine: Arc<Engine>,
    spec: SurfaceSpec,
    descriptor: ZeroedBlock,
    /// Keeps the memory that the descriptor's `surfaceList` points to.
    _slot: ZeroedBlock,
    /// Keeps the pixels.
    _owner: Box<dyn Any + Send + Sync>,
}

impl AdoptedSurface {
    /// A surface of one filled slot.
    pub(super) fn new(
        engine: &Arc<Engine>,
        array: &CudaArray,
        mem_type: MemType,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<Self, Error> {
        let spec = SurfaceSpec {
            format: array.format,
            width: array.width,
            height: array.height,
            batch_size: 1,
            gpu_id: array.gpu_id,
            mem_type,
        };
        spec.slot_layout()?;
        let generation = engine.generation;
        let slot = ZeroedBlock::new(generation.params_stride(), DESCRIPTOR_ALIGNMENT)?;
        let descriptor = ZeroedBlock::new(generation.surface_size(), DESCRIPTOR_ALIGNMENT)?;
        let params = slot_params(array)?;
        let head = NvBufSurfaceHead {
            gpu_id: array.gpu_id,
            batch_size: 1,
            num_filled: 1,
            is_contiguous: 0,
            mem_type: mem_type as u32,
            surface_list: slot.as_ptr().cast().as_ptr(),
        };
        // SAFETY: both blocks are at least as large as the heads of either generation, and aligned.
        unsafe {
            slot.as_ptr().cast::<NvBufSurfaceParamsHead>().write(params);
            descriptor.as_ptr().cast::<NvBufSurfaceHead>().write(head);
        }
        Ok(Self {
            engine: engine.clone(),
            spec,
            descriptor,
            _slot: slot,
            _owner: owner,
        })
    }
}

/// The slot of an array. What lies after its last pixel is not part of it.
fn slot_params(array: &CudaArray) -> Result<NvBufSurfaceParamsHead, Error> {
    let bytes = array.format.channels();
    let too_large = || Error::InvalidSurfaceSize {
        format: array.format,
        width: array.width,
        height: array.height,
        slots: 1,
        reason: "a slot must be smaller than 4 GiB",
    };
    let row = array.width.checked_mul(bytes).ok_or_else(too_large)?;
    let size = array
        .pitch
        .checked_mul(array.height - 1)
        .and_then(|size| size.checked_add(row))
        .ok_or_else(too_large)?;
    let mut planes = NvBufSurfacePlaneParams {
        num_planes: 1,
        ..NvBufSurfacePlaneParams::default()
    };
    planes.width[0] = array.width;
    planes.height[0] = array.height;
    planes.pitch[0] = array.pitch;
    planes.psize[0] = size;
    planes.bytes_per_pix[0] = bytes;
    Ok(NvBufSurfaceParamsHead {
        width: array.width,
        height: array.height,
        pitch: array.pitch,
        color_format: array.format.info().color_format,
        layout: NVBUF_LAYOUT_PITCH,
        data_size: size,
        data_ptr: array.data_ptr as *mut _,
        plane_params: planes,
        ..NvBufSurfaceParamsHead::default()
    })
}

impl OwnedSurface for AdoptedSurface {
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead> {
        self.descriptor.as_ptr().cast()
    }

    fn descriptor_size(&self) -> usize {
        self.engine.generation.surface_size()
    }

    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error> {
        // SAFETY: same contract.
        unsafe { duplicate(&self.engine, &self.spec, self.descriptor()) }
    }
}

/// A new surface with the pixels and the fill count of another one.
///
/// # Safety
/// `original` is the descriptor of a live surface as `spec` says, and nobody may write its pixels
/// meanwhile.
unsafe fn duplicate(
    engine: &Arc<Engine>,
    spec: &SurfaceSpec,
    original: NonNull<NvBufSurfaceHead>,
) -> Result<Box<dyn OwnedSurface>, Error> {
    let copy = LibrarySurface::new(engine, spec)?;
    // SAFETY: the caller vouches for the original.
    let from = unsafe { Surface::from_head(original, engine.generation) };
    let to = copy.slots();
    for index in 0..spec.batch_size {
        let (from, to) = (from.any_slot(index)?, to.any_slot(index)?);
        if from.mem_type == NVBUF_MEM_SYSTEM {
            let size = from.data_size.min(to.data_size) as usize;
            // SAFETY: both slots have `size` bytes in memory of the CPU; they are distinct; the
            // new one is unknown to others, and the caller excludes writers of the old one.
            unsafe {
                ptr::copy_nonoverlapping(from.data_ptr as *const u8, to.data_ptr as *mut u8, size);
            }
        } else {
            let mut work = engine.cuda.work(from.gpu_id)?;
            // SAFETY: both slots are alive; the new one is unknown to others, and the caller
            // excludes writers of the old one.
            unsafe { pixels::copy_slot(&mut work, &from, &to)? };
            work.finish()?;
        }
    }
    // SAFETY: both descriptors are alive; the caller excludes writers.
    unsafe { (*copy.descriptor().as_ptr()).num_filled = (*original.as_ptr()).num_filled };
    Ok(Box::new(copy))
}
