//! The DeepStream backend: surfaces of NVIDIA's libraries, worked on by CUDA.
//!
//! Every call waits: when it returns, the pixels are complete, whatever stream reads them next.
//! What a call finds there must be complete too; views wait for their own stream first.

mod cuda;
mod detour;
mod engine;
mod margins;
mod pixels;
mod surface;
mod transform;

use std::any::Any;
use std::sync::Arc;

use nvbufsurface_sys::cuda::{
    CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST, CU_POINTER_ATTRIBUTE_IS_MANAGED,
    CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
};
use nvbufsurface_sys::{Libraries, LoadOptions, NVBUF_MEM_SYSTEM};

use super::host::HostBackend;
use super::{Backend, BackendKind, ByteRows, ForeignArray, ForeignMemory, TransformJob};
use crate::convert::{self, Canvas};
use crate::enums::MemType;
use crate::error::Error;
use crate::geometry::TransformConfig;
use crate::layout::SurfaceSpec;
use crate::memory::{self, AdoptedSurface};
use crate::platform::{NvidiaPlatform, Platform, is_jetson_kernel};
use crate::reader::SlotInfo;
use crate::texture::TextureDevice;

pub(crate) use cuda::{Cuda, Texture};
use engine::Engine;

/// CUDA and NVIDIA's libraries.
pub(super) struct DeepStreamBackend {
    engine: Arc<Engine>,
    platform: NvidiaPlatform,
    /// Works on memory of the CPU.
    cpu: HostBackend,
}

impl DeepStreamBackend {
    /// Loads the libraries. `cuda` has at least one device.
    pub(super) fn new(cuda: Cuda, options: &LoadOptions) -> Result<Self, Error> {
        let engine = Arc::new(Engine::new(cuda, options)?);
        Ok(Self {
            platform: NvidiaPlatform::new(engine.cuda.clone()),
            cpu: HostBackend::new(engine.generation),
            engine,
        })
    }

    /// The libraries in use.
    pub(super) fn libraries(&self) -> &'static Libraries {
        self.engine.libraries
    }
}

impl Backend for DeepStreamBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::DeepStream
    }

    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    fn resolve_mem_type(&self, gpu_id: u32, mem_type: MemType) -> Result<MemType, Error> {
        self.engine.cuda.check_device(gpu_id)?;
        let jetson = is_jetson_kernel();
        match mem_type {
            MemType::Default if jetson => Ok(MemType::SurfaceArray),
            MemType::Default => Ok(MemType::CudaDevice),
            MemType::SurfaceArray | MemType::Handle if !jetson => Err(Error::UnsupportedMemType {
                mem_type,
                backend: self.kind().name(),
            }),
            mem_type => Ok(mem_type),
        }
    }

    fn allocate(&self, spec: &SurfaceSpec) -> Result<gst::Memory, Error> {
        let surface = surface::LibrarySurface::new(&self.engine, spec)?;
        Ok(memory::wrap(Box::new(surface)))
    }

    unsafe fn memset(&self, slot: &SlotInfo, value: u8) -> Result<(), Error> {
        if self.engine.is_cpu_memory(slot.mem_type) {
            // SAFETY: same contract.
            return unsafe { self.cpu.memset(slot, value) };
        }
        self.reachable(slot)?;
        let mut work = self.engine.cuda.work(slot.gpu_id)?;
        // SAFETY: the caller excludes all others, as the trait demands.
        unsafe { pixels::set(&mut work, slot, |_| value)? };
        work.finish()
    }

    unsafe fn fill(&self, slot: &SlotInfo, pixel: &[u8]) -> Result<(), Error> {
        if self.engine.is_cpu_memory(slot.mem_type) {
            // SAFETY: same contract.
            return unsafe { self.cpu.fill(slot, pixel) };
        }
        self.reachable(slot)?;
        let mut work = self.engine.cuda.work(slot.gpu_id)?;
        // SAFETY: the caller excludes all others, as the trait demands.
        unsafe { pixels::fill(&mut work, slot, pixel) }
    }

    unsafe fn copy_in(
        &self,
        slot: &SlotInfo,
        plane: usize,
        from: &[u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        if self.engine.is_cpu_memory(slot.mem_type) {
            // SAFETY: same contract.
            return unsafe { self.cpu.copy_in(slot, plane, from, shape) };
        }
        self.reachable(slot)?;
        // SAFETY: the caller excludes all others, as the trait demands.
        unsafe { pixels::copy_in(&self.engine.cuda, slot, plane, from, shape) }
    }

    unsafe fn copy_out(
        &self,
        slot: &SlotInfo,
        plane: usize,
        to: &mut [u8],
        shape: ByteRows,
    ) -> Result<(), Error> {
        if self.engine.is_cpu_memory(slot.mem_type) {
            // SAFETY: same contract.
            return unsafe { self.cpu.copy_out(slot, plane, to, shape) };
        }
        self.reachable(slot)?;
        // SAFETY: the caller excludes writers, as the trait demands.
        unsafe { pixels::copy_out(&self.engine.cuda, slot, plane, to, shape) }
    }

    unsafe fn draw(
        &self,
        slot: &SlotInfo,
        paint: &mut dyn FnMut(&mut Canvas<'_>),
    ) -> Result<(), Error> {
        if self.engine.is_cpu_memory(slot.mem_type) {
            // SAFETY: same contract.
            return unsafe { self.cpu.draw(slot, paint) };
        }
        self.reachable(slot)?;
        let format = slot.format().ok_or(Error::UnsupportedConversion {
            color_format: slot.color_format,
            reason: "only the formats of VideoFormat can be written",
        })?;
        let size = (slot.width, slot.height);
        let shapes: Vec<_> = convert::plane_shapes(format, size).collect();
        let bytes = shapes.iter().map(ByteRows::packed_size).sum();
        let mut work = self.engine.cuda.work(slot.gpu_id)?;
        let staging = work.staging(bytes)?;
        // SAFETY: the staging memory has this size, was initialised by the driver, and belongs to
        // this work alone; the slice is gone before the upload.
        let pixels = unsafe { std::slice::from_raw_parts_mut(staging, bytes) };
        paint(&mut Canvas::packed(format, size, pixels));
        let mut from = staging.cast_const();
        for (index, shape) in shapes.into_iter().enumerate() {
            let plane = super::plane::locate(slot, index)?;
            plane.check(shape)?;
            // SAFETY: both places have room for the plane; the caller excludes all others.
            unsafe {
                work.upload(from, plane.address, plane.pitch(), shape)?;
                from = from.add(shape.packed_size());
            }
        }
        work.finish()
    }

    unsafe fn transform_slots(
        &self,
        jobs: &[TransformJob],
        config: &TransformConfig,
    ) -> Result<(), Error> {
        let (cpu, gpu): (Vec<_>, Vec<_>) = jobs
            .iter()
            .copied()
            .partition(|job| [job.src.mem_type, job.dst.mem_type] == [NVBUF_MEM_SYSTEM; 2]);
        // SAFETY: same contract.
        unsafe {
            detour::run(&self.engine, gpu, config)?;
            self.cpu.transform_slots(&cpu, config)
        }
    }

    unsafe fn adopt(
        &self,
        array: &ForeignArray,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<gst::Memory, Error> {
        let ForeignMemory::Cuda(gpu_id) = array.memory else {
            // SAFETY: same contract.
            return unsafe { self.cpu.adopt(array, owner) };
        };
        let cuda = &self.engine.cuda;
        let current = cuda.enter(gpu_id)?;
        let memory_type =
            cuda.pointer_attribute(array.data_ptr, CU_POINTER_ATTRIBUTE_MEMORY_TYPE)?;
        let managed = cuda.pointer_attribute(array.data_ptr, CU_POINTER_ATTRIBUTE_IS_MANAGED)?;
        drop(current);
        let mem_type = match memory_type {
            _ if managed != 0 => MemType::CudaUnified,
            CU_MEMORYTYPE_HOST => MemType::CudaPinned,
            CU_MEMORYTYPE_DEVICE => MemType::CudaDevice,
            other => {
                return Err(Error::Device {
                    call: "cuPointerGetAttribute",
                    reason: format!("{array} is memory of the unknown type {other}"),
                });
            }
        };
        let surface = AdoptedSurface::new(array, mem_type, self.engine.clone(), owner)?;
        Ok(memory::wrap(Box::new(surface)))
    }

    fn texture_device(&self, gpu_id: u32) -> Result<Option<TextureDevice>, Error> {
        let cuda = &self.engine.cuda;
        cuda.check_device(gpu_id)?;
        Ok(Some(TextureDevice::new(cuda.clone(), gpu_id)))
    }

    fn synchronize(&self, gpu_id: u32, cuda_stream: usize) -> Result<(), Error> {
        self.engine.cuda.synchronize(gpu_id, cuda_stream)
    }

    fn order(&self, gpu_id: u32, first: usize, then: usize) -> Result<(), Error> {
        self.engine.cuda.order(gpu_id, first, then)
    }
}

impl DeepStreamBackend {
    fn reachable(&self, slot: &SlotInfo) -> Result<(), Error> {
        if self.engine.is_cuda_memory(slot.mem_type) {
            return Ok(());
        }
        Err(Error::NotNvBufSurface {
            reason: format!("CUDA cannot reach memory of type {}", slot.mem_type),
        })
    }
}
