//! The host backend: surfaces in system memory, worked on by the CPU.

pub(super) mod pixels;
mod transform;

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Once;

use nvbufsurface_sys::{Generation, NvBufSurfaceHead};
use rayon::prelude::*;

use super::{Backend, BackendKind, ByteRows, ForeignArray, ForeignMemory, TransformJob};
use crate::convert::Canvas;
use crate::enums::MemType;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::layout::SurfaceSpec;
use crate::memory::{self, AdoptedSurface, Duplicate, HostSurface, OwnedSurface};
use crate::platform::{HostPlatform, Platform};
use crate::reader::{SlotInfo, Surface};
use crate::texture::TextureDevice;

/// Pixels to write from which on several threads are faster than one.
const PARALLEL_PIXELS: u64 = 64 * 1024;

/// System memory and the CPU.
pub(super) struct HostBackend {
    platform: HostPlatform,
    generation: Generation,
}

impl HostBackend {
    /// `generation` is that of NVIDIA's library where one is loaded: its elements may meet our
    /// descriptors.
    pub(super) fn new(generation: Generation) -> Self {
        Self {
            platform: HostPlatform,
            generation,
        }
    }
}

impl Backend for HostBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Host
    }

    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    fn resolve_mem_type(&self, gpu_id: u32, mem_type: MemType) -> Result<MemType, Error> {
        static WARNING: Once = Once::new();
        let backend = self.kind().name();
        if gpu_id != 0 {
            return Err(Error::NoSuchGpu {
                gpu_id,
                backend,
                devices: 1,
            });
        }
        match mem_type {
            MemType::Default | MemType::System => {}
            MemType::CudaPinned | MemType::CudaDevice | MemType::CudaUnified => {
                WARNING.call_once(|| {
                    tracing::warn!(
                        "the host backend allocates {} memory as system memory",
                        mem_type.name()
                    );
                });
            }
            MemType::SurfaceArray | MemType::Handle => {
                return Err(Error::UnsupportedMemType { mem_type, backend });
            }
        }
        Ok(MemType::System)
    }

    fn allocate(&self, spec: &SurfaceSpec) -> Result<gst::Memory, Error> {
        Ok(memory::wrap(Box::new(HostSurface::new(
            spec,
            self.generation,
        )?)))
    }

    unsafe fn memset(&self, slot: &SlotInfo, value: u8) -> Result<(), Error> {
        for plane in 0..slot.planes().len() {
            // SAFETY: the caller excludes all others, as the trait demands.
            unsafe { pixels::write_rows(slot, plane, |row| row.fill(value))? };
        }
        Ok(())
    }

    unsafe fn fill(&self, slot: &SlotInfo, pixel: &[u8]) -> Result<(), Error> {
        let paint = |row: &mut [u8]| {
            for bytes in row.chunks_mut(pixel.len()) {
                bytes.copy_from_slice(&pixel[..bytes.len()]);
            }
        };
        // SAFETY: the caller excludes all others, as the trait demands.
        unsafe { pixels::write_rows(slot, 0, paint) }
    }

    unsafe fn copy_in(
        &self,
        slot: &SlotInfo,
        plane: usize,
        from: &[u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        // SAFETY: the caller excludes all others, as the trait demands.
        unsafe { pixels::copy_in(slot, plane, from, shape) }
    }

    unsafe fn copy_out(
        &self,
        slot: &SlotInfo,
        plane: usize,
        to: &mut [u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        // SAFETY: the caller excludes writers, as the trait demands.
        unsafe { pixels::copy_out(slot, plane, to, shape) }
    }

    unsafe fn draw(
        &self,
        slot: &SlotInfo,
        paint: &mut dyn FnMut(&mut Canvas<'_>),
    ) -> Result<(), Error> {
        // SAFETY: same contract.
        paint(&mut unsafe { canvas(slot)? });
        Ok(())
    }

    unsafe fn transform(
        &self,
        src: &SlotInfo,
        src_rect: Option<Rect>,
        dst: &SlotInfo,
        config: &TransformConfig,
    ) -> Result<(), Error> {
        let plan = transform::Plan::new(src, src_rect, dst, config)?;
        // SAFETY: the caller keeps writers from `src` and everybody from `dst`, and they differ.
        unsafe { plan.run(src, &mut canvas(dst)?) }
    }

    unsafe fn transform_slots(
        &self,
        jobs: &[TransformJob],
        config: &TransformConfig,
    ) -> Result<(), Error> {
        let run = |job: &TransformJob| {
            // SAFETY: same contract; the destinations are distinct, so threads share none.
            unsafe { self.transform(&job.src, job.src_rect, &job.dst, config) }
        };
        if threads_pay(jobs) {
            jobs.par_iter().try_for_each(run)
        } else {
            jobs.iter().try_for_each(run)
        }
    }

    unsafe fn adopt(
        &self,
        array: &ForeignArray,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<gst::Memory, Error> {
        if array.memory != ForeignMemory::Cpu {
            return Err(Error::NoCuda {
                backend: self.kind().name(),
                array: *array,
            });
        }
        let duplicate = HostCopies(self.generation);
        let surface = AdoptedSurface::new(array, MemType::System, duplicate, owner)?;
        Ok(memory::wrap(Box::new(surface)))
    }

    fn texture_device(&self, gpu_id: u32) -> Result<Option<TextureDevice>, Error> {
        self.resolve_mem_type(gpu_id, MemType::Default)
            .map(|_| None)
    }

    fn synchronize(&self, _gpu_id: u32, _cuda_stream: usize) -> Result<(), Error> {
        // The CPU has finished when a call returns.
        Ok(())
    }

    fn order(&self, _gpu_id: u32, _first: usize, _then: usize) -> Result<(), Error> {
        Ok(())
    }
}

fn threads_pay(jobs: &[TransformJob]) -> bool {
    let pixels = |slot: &SlotInfo| u64::from(slot.width) * u64::from(slot.height);
    jobs.len() > 1 && jobs.iter().map(|job| pixels(&job.dst)).sum::<u64>() >= PARALLEL_PIXELS
}

/// The pixels of a slot.
///
/// # Safety
/// As [`pixels::rows_mut`], for every plane.
unsafe fn canvas<'a>(slot: &SlotInfo) -> Result<Canvas<'a>, Error> {
    let format = slot.format().ok_or(Error::UnsupportedConversion {
        color_format: slot.color_format,
        reason: "only the formats of VideoFormat can be written",
    })?;
    let plane = |index| {
        // SAFETY: same contract; planes do not overlap.
        let rows = unsafe { pixels::rows_mut(slot, index)? };
        Ok(rows.into_parts())
    };
    let planes = (0..format.info().planes.len())
        .map(plane)
        .collect::<Result<_, Error>>()?;
    Ok(Canvas::new(format, (slot.width, slot.height), planes))
}

/// Copies adopted surfaces into system memory of our own.
struct HostCopies(Generation);

impl Duplicate for HostCopies {
    fn generation(&self) -> Generation {
        self.0
    }

    unsafe fn duplicate(
        &self,
        spec: &SurfaceSpec,
        original: NonNull<NvBufSurfaceHead>,
    ) -> Result<Box<dyn OwnedSurface>, Error> {
        let copy = HostSurface::new(spec, self.0)?;
        // SAFETY: the caller vouches for the original, and excludes writers; the copy is alive and
        // unknown to others.
        unsafe {
            let from = Surface::from_head(original, self.0).any_slot(0)?;
            let to = Surface::from_head(copy.descriptor(), self.0).any_slot(0)?;
            let mut rows = pixels::rows_mut(&to, 0)?;
            let shape = ByteRows {
                row_bytes: (from.width * from.channels()) as usize,
                rows: from.height as usize,
                stride: rows.pitch(),
            };
            pixels::copy_out(&from, 0, rows.bytes(), shape)?;
            (*copy.descriptor().as_ptr()).num_filled = (*original.as_ptr()).num_filled;
        }
        Ok(Box::new(copy))
    }
}
