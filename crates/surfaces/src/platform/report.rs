//! What this machine has, for somebody who wonders why something does not work.
//!
//! Nothing here fails: whatever cannot be found out is a text that says why.

use std::path::PathBuf;
use std::sync::Arc;

use nvbufsurface_sys::{Libraries, LoadError, driver};
use serde::Serialize;

pub use super::capability::DecodeMode;
pub use super::nvidia::GpuMemory;
use super::{NvidiaPlatform, Platform, capability, has_nvenc_on, is_jetson_kernel, management};
use crate::backend::{self, BACKEND_VARIABLE, Cuda, backend};

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer<T> {
    /// The value.
    Known(T),
    /// There is none.
    Unknown {
        /// Why.
        error: String,
    },
}

impl<T, E: ToString> From<Result<T, E>> for Answer<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(error) => Self::Unknown {
                error: error.to_string(),
            },
        }
    }
}

/// A library: its soname or file name, and its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryFile {
    /// What it is opened by.
    pub name: String,
    /// The file that was opened, without links.
    pub path: Answer<PathBuf>,
}

/// NVIDIA's surface libraries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DeepStream {
    /// They can be used.
    Found {
        /// Their folder.
        root: PathBuf,
        /// Why this folder: the place that won the search.
        place: String,
        /// Distance in bytes between two slots of a surface, as measured.
        slot_stride: usize,
        /// The releases whose slots are that large; `None` for those of none.
        generation: Option<&'static str>,
        /// Each library.
        libraries: Vec<LibraryFile>,
    },
    /// They cannot.
    Missing {
        /// What is wrong.
        error: String,
        /// Every place that was tried, in order, with what came of it.
        tried: Vec<String>,
    },
}

/// The driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Driver {
    /// Whether there are signs of one.
    pub visible: bool,
    /// Its version, such as `580.95.05`.
    pub version: Answer<String>,
    /// The version of CUDA that it has, such as `13.0`.
    pub cuda: Answer<String>,
    /// Its libraries.
    pub libraries: Vec<LibraryFile>,
}

/// One GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Its number for CUDA and in this library.
    pub gpu_id: u32,
    /// As the driver calls it.
    pub name: Answer<String>,
    /// Such as `hopper`; `None` on Jetson.
    pub architecture: Answer<Option<String>>,
    /// Compute capability, such as `9.0`.
    pub capability: Answer<String>,
    /// Its memory.
    pub memory: Answer<GpuMemory>,
    /// Whether it encodes video.
    pub nvenc: Answer<bool>,
    /// Whatever it decodes.
    pub decodes: Answer<Vec<DecodeMode>>,
}

/// Everything about this machine that decides which backend it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The value of `SAVANT_BACKEND`.
    pub requested_backend: Option<String>,
    /// The name of the backend in use.
    pub backend: Answer<&'static str>,
    /// Whether the kernel is that of a Jetson.
    pub jetson: bool,
    /// The Jetson model.
    pub jetson_model: Answer<Option<String>>,
    /// NVIDIA's surface libraries, also if they are not in use.
    pub deepstream: DeepStream,
    /// NVIDIA's driver.
    pub driver: Driver,
    /// Every GPU that CUDA shows.
    pub gpus: Answer<Vec<Gpu>>,
}

impl Report {
    /// Looks at everything. Chooses the backend, opens every library that is there, initialises
    /// CUDA, and makes a context on each GPU, which takes seconds.
    pub fn new() -> Self {
        let name = backend().map(|backend| backend.kind().name());
        let cuda = Cuda::new().map(Arc::new);
        Self {
            requested_backend: std::env::var(BACKEND_VARIABLE).ok(),
            backend: name.into(),
            jetson: is_jetson_kernel(),
            jetson_model: super::jetson_model(0).into(),
            deepstream: backend::load_libraries().into(),
            driver: Driver {
                visible: backend::is_gpu_visible(),
                version: management::driver_version().into(),
                cuda: cuda
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|cuda| cuda.version())
                    .map(|(major, minor)| format!("{major}.{minor}"))
                    .into(),
                libraries: driver::files()
                    .into_iter()
                    .map(|(name, path)| library(name, path))
                    .collect(),
            },
            gpus: cuda.map(|cuda| gpus(&cuda)).into(),
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Result<&Libraries, LoadError>> for DeepStream {
    fn from(loaded: Result<&Libraries, LoadError>) -> Self {
        match loaded {
            Ok(libraries) => {
                let transform = libraries.transform_file().ok_or_else(|| {
                    let failure = libraries.transform_failure.as_ref();
                    failure.map_or_else(String::new, ToString::to_string)
                });
                Self::Found {
                    root: libraries.root.clone(),
                    place: libraries.place.to_string(),
                    slot_stride: libraries.params_stride,
                    generation: libraries
                        .generation()
                        .map(nvbufsurface_sys::Generation::name),
                    libraries: vec![
                        library(
                            "libnvbufsurface.so",
                            Ok::<_, String>(libraries.file.clone()),
                        ),
                        library("libnvbufsurftransform.so", transform),
                    ],
                }
            }
            Err(LoadError::NotFound { library, attempts }) => Self::Missing {
                error: format!("{library} could not be loaded"),
                tried: attempts.iter().map(ToString::to_string).collect(),
            },
            Err(error) => Self::Missing {
                error: error.to_string(),
                tried: Vec::new(),
            },
        }
    }
}

fn library<E: ToString>(name: &str, path: Result<PathBuf, E>) -> LibraryFile {
    LibraryFile {
        name: name.to_owned(),
        path: path.into(),
    }
}

fn gpus(cuda: &Arc<Cuda>) -> Vec<Gpu> {
    let platform = NvidiaPlatform::new(cuda.clone());
    (0..cuda.devices())
        .map(|gpu_id| Gpu {
            gpu_id,
            name: cuda.name(gpu_id).into(),
            architecture: platform.gpu_architecture(gpu_id).into(),
            capability: cuda
                .capability(gpu_id)
                .map(|(major, minor)| format!("{major}.{minor}"))
                .into(),
            memory: platform.memory(gpu_id).into(),
            nvenc: has_nvenc_on(&platform, gpu_id).into(),
            decodes: capability::decode_modes(cuda, gpu_id).into(),
        })
        .collect()
}
