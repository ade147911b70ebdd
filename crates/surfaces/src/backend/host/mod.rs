//! The host backend: surfaces in system memory, worked on by the CPU.

pub(super) mod pixels;
mod transform;

use std::any::Any;
use std::sync::Once;

use nvbufsurface_sys::Generation;

use super::{Backend, BackendKind, ByteRows, CudaArray};
use crate::convert::{self, Canvas, Picture};
use crate::enums::MemType;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::layout::SurfaceSpec;
use crate::memory::{self, HostSurface};
use crate::platform::{HostPlatform, Platform};
use crate::reader::SlotInfo;

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
            let mut rows = unsafe { pixels::rows_mut(slot, plane)? };
            if plane == 0 {
                rows.truncate_to_visible(slot);
            }
            rows.bytes().fill(value);
        }
        Ok(())
    }

    unsafe fn fill(&self, slot: &SlotInfo, pixel: &[u8]) -> Result<(), Error> {
        // SAFETY: the caller excludes all others, as the trait demands.
        let mut rows = unsafe { pixels::rows_mut(slot, 0)? };
        rows.truncate_to_visible(slot);
        let pitch = rows.pitch();
        for row in rows.bytes().chunks_exact_mut(pitch) {
            for (index, byte) in row.iter_mut().enumerate() {
                *byte = pixel[index % pixel.len()];
            }
        }
        Ok(())
    }

    unsafe fn copy_in(
        &self,
        slot: &SlotInfo,
        plane: usize,
        from: &[u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        // SAFETY: the caller excludes all others, as the trait demands.
        let mut rows = unsafe { pixels::rows_mut(slot, plane)? };
        let pitch = rows.pitch();
        pixels::copy_rows(from, shape.stride, rows.bytes(), pitch, shape)
    }

    unsafe fn copy_out(
        &self,
        slot: &SlotInfo,
        plane: usize,
        to: &mut [u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        // SAFETY: the caller excludes writers, as the trait demands.
        let rows = unsafe { pixels::rows(slot, plane)? };
        pixels::copy_rows(rows.bytes, rows.pitch, to, shape.stride, shape)
    }

    unsafe fn render(&self, picture: &Picture<'_>, slot: &SlotInfo) -> Result<Option<Rect>, Error> {
        let format = slot.format().ok_or(Error::UnsupportedConversion {
            color_format: slot.color_format,
            reason: "only the formats of VideoFormat can be written",
        })?;
        let plane = |index| {
            // SAFETY: the caller excludes all others, as the trait demands; planes do not overlap.
            let rows = unsafe { pixels::rows_mut(slot, index)? };
            Ok(rows.into_parts())
        };
        let planes = (0..format.info().planes.len())
            .map(plane)
            .collect::<Result<_, Error>>()?;
        let mut canvas = Canvas::new(format, (slot.width, slot.height), planes);
        convert::render(picture, &mut canvas)
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
        let (from, mut to) = unsafe { (pixels::rows(src, 0)?, pixels::rows_mut(dst, 0)?) };
        to.truncate_to_visible(dst);
        let pitch = to.pitch();
        plan.run(from.bytes, from.pitch, to.bytes(), pitch);
        Ok(())
    }

    unsafe fn adopt(
        &self,
        array: &CudaArray,
        _owner: Box<dyn Any + Send + Sync>,
    ) -> Result<gst::Memory, Error> {
        Err(Error::NoCuda {
            backend: self.kind().name(),
            array: *array,
        })
    }

    fn synchronize(&self, _gpu_id: u32, _cuda_stream: usize) -> Result<(), Error> {
        // The CPU has finished when a call returns.
        Ok(())
    }
}
