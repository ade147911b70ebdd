//! Surfaces that NVIDIA's library allocates.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use nvbufsurface_sys::{
    Generation, NVBUF_LAYOUT_PITCH, NVBUF_MEM_SYSTEM, NvBufSurface, NvBufSurfaceCreateParams,
    NvBufSurfaceCreateParamsHead, NvBufSurfaceHead,
};

use super::engine::Engine;
use super::pixels;
use crate::error::Error;
use crate::layout::SurfaceSpec;
use crate::memory::{Duplicate, OwnedSurface};
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
            // Slots at even distances: a batch can then be handed over as one array.
            is_contiguous: u8::from(spec.batch_size > 1),
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

    pub(super) fn slots(&self) -> Surface {
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
        unsafe { self.engine.duplicate(&self.spec, self.descriptor()) }
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

impl Duplicate for Arc<Engine> {
    fn generation(&self) -> Generation {
        self.generation
    }

    unsafe fn duplicate(
        &self,
        spec: &SurfaceSpec,
        original: NonNull<NvBufSurfaceHead>,
    ) -> Result<Box<dyn OwnedSurface>, Error> {
        let copy = LibrarySurface::new(self, spec)?;
        // SAFETY: the caller vouches for the original.
        let from = unsafe { Surface::from_head(original, self.generation) };
        let to = copy.slots();
        for index in 0..spec.batch_size {
            let (from, to) = (from.any_slot(index)?, to.any_slot(index)?);
            if from.mem_type == NVBUF_MEM_SYSTEM {
                let size = from.data_size.min(to.data_size) as usize;
                // SAFETY: both slots have `size` bytes in memory of the CPU; they are distinct; the
                // new one is unknown to others, and the caller excludes writers of the old one.
                unsafe {
                    ptr::copy_nonoverlapping(
                        from.data_ptr as *const u8,
                        to.data_ptr as *mut u8,
                        size,
                    );
                }
            } else {
                let mut work = self.cuda.work(from.gpu_id)?;
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
}
