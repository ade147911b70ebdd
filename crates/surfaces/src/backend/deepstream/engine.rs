//! What every part of the backend needs.

use std::sync::Arc;

use nvbufsurface_sys::{
    Generation, Libraries, LoadOptions, NVBUF_MEM_CUDA_DEVICE, NVBUF_MEM_CUDA_PINNED,
    NVBUF_MEM_CUDA_UNIFIED, NVBUF_MEM_SYSTEM, NvBufSurfTransformApi,
};

use super::cuda::Cuda;
use crate::error::Error;

/// CUDA and NVIDIA's surface libraries.
pub(crate) struct Engine {
    pub(crate) cuda: Arc<Cuda>,
    pub(crate) libraries: &'static Libraries,
    pub(crate) transform: NvBufSurfTransformApi,
    pub(crate) generation: Generation,
}

impl Engine {
    /// Loads the libraries.
    ///
    /// # Errors
    /// [`Error::Driver`]: the loader's words, or what is wrong with what it found.
    pub(crate) fn new(cuda: Cuda, options: &LoadOptions) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Driver { reason };
        let libraries =
            nvbufsurface_sys::load(options).map_err(|error| unusable(error.to_string()))?;
        let file = libraries.file.display();
        let generation = libraries.generation().ok_or_else(|| {
            unusable(format!(
                "{file} has slots of {} bytes, which is of no known generation",
                libraries.params_stride
            ))
        })?;
        let transform = libraries.transform.ok_or_else(|| {
            unusable(libraries.transform_failure.as_ref().map_or_else(
                || format!("there is no transform library beside {file}"),
                ToString::to_string,
            ))
        })?;
        Ok(Self {
            cuda: Arc::new(cuda),
            libraries,
            transform,
            generation,
        })
    }

    /// Whether ordinary code works on memory of this type. That of pinned memory too: the CPU is
    /// nearer to it.
    #[allow(clippy::unused_self)] // a rule of this backend
    pub(crate) fn is_cpu_memory(&self, mem_type: u32) -> bool {
        [NVBUF_MEM_SYSTEM, NVBUF_MEM_CUDA_PINNED].contains(&mem_type)
    }

    /// Whether CUDA works on memory of this type by its address.
    #[allow(clippy::unused_self)] // a rule of this backend
    pub(crate) fn is_cuda_memory(&self, mem_type: u32) -> bool {
        [
            NVBUF_MEM_CUDA_DEVICE,
            NVBUF_MEM_CUDA_UNIFIED,
            NVBUF_MEM_CUDA_PINNED,
        ]
        .contains(&mem_type)
    }
}
