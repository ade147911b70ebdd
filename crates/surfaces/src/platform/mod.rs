//! Questions about the machine's GPU.

mod capability;
mod decoding;
mod host;
pub mod jetson;
mod management;
mod nvidia;
mod parser;
pub mod report;

use std::sync::LazyLock;

use crate::backend::backend;
use crate::error::Error;

pub use decoding::{ChromaFormat, DecodeDemand};
pub(crate) use host::HostPlatform;
use jetson::{JetsonModel, JetsonTraits};
pub(crate) use nvidia::NvidiaPlatform;
pub use parser::{Found, StreamParser};

/// The part of the answers that a backend knows. `gpu_id` counts from 0.
pub trait Platform: Send + Sync {
    /// Makes a device current for the calling thread.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], or a failure of the driver.
    fn init_cuda(&self, gpu_id: u32) -> Result<(), Error>;

    /// What tells the Jetson models apart. Asked on Jetson kernels only.
    ///
    /// # Errors
    /// [`Error::NoPlatformAnswer`], or a failure of the driver.
    fn jetson_traits(&self, gpu_id: u32) -> Result<JetsonTraits, Error>;

    /// Whether a discrete GPU can encode video.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], or a failure of the driver.
    fn has_nvenc(&self, gpu_id: u32) -> Result<bool, Error>;

    /// Asks the driver whether the chip decodes such a stream.
    ///
    /// # Errors
    /// [`Error::NoDecoder`] if not, [`Error::NoSuchGpu`], or a failure of the driver.
    fn check_decoder(&self, gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), Error>;

    /// The architecture family in lower case, `None` where there is no such notion.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], [`Error::NoPlatformAnswer`], or a failure of the driver.
    fn gpu_architecture(&self, gpu_id: u32) -> Result<Option<String>, Error>;

    /// The tag of a machine that is no Jetson.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], or a failure of the driver.
    fn gpu_platform_tag(&self, gpu_id: u32) -> Result<String, Error>;

    /// GPU memory in use, in MiB.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], [`Error::NoPlatformAnswer`], or a failure of the driver.
    fn gpu_mem_used_mib(&self, gpu_id: u32) -> Result<u64, Error>;
}

/// Initialises CUDA for the calling thread; on the host backend there is nothing to do for GPU 0.
///
/// # Errors
/// See [`Platform::init_cuda`]; also if there is no backend.
pub fn init_cuda(gpu_id: u32) -> Result<(), Error> {
    backend()?.platform().init_cuda(gpu_id)
}

/// Whether the running kernel is that of a Jetson.
pub fn is_jetson_kernel() -> bool {
    static IS_JETSON: LazyLock<bool> = LazyLock::new(|| {
        std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .is_ok_and(|release| jetson::is_jetson_release(&release))
    });
    *IS_JETSON
}

/// The Jetson model's name, `None` on any other machine.
///
/// # Errors
/// See [`Platform::jetson_traits`].
pub fn jetson_model(gpu_id: u32) -> Result<Option<String>, Error> {
    if !is_jetson_kernel() {
        return Ok(None);
    }
    Ok(detect_jetson(backend()?.platform(), gpu_id)?.map(|model| model.name.to_owned()))
}

/// Whether the GPU can encode video.
///
/// # Errors
/// See [`Platform::has_nvenc`].
pub fn has_nvenc(gpu_id: u32) -> Result<bool, Error> {
    has_nvenc_on(backend()?.platform(), gpu_id)
}

fn has_nvenc_on(platform: &dyn Platform, gpu_id: u32) -> Result<bool, Error> {
    match detect_jetson(platform, gpu_id)? {
        Some(model) => Ok(model.has_nvenc),
        None => platform.has_nvenc(gpu_id),
    }
}

/// Whether the chip decodes such a stream; the error says why not.
///
/// # Errors
/// See [`Platform::check_decoder`].
pub fn check_decoder(gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), Error> {
    backend()?.platform().check_decoder(gpu_id, demand)
}

/// The GPU's architecture family, e.g. `"hopper"`.
///
/// # Errors
/// See [`Platform::gpu_architecture`].
pub fn gpu_architecture(gpu_id: u32) -> Result<Option<String>, Error> {
    backend()?.platform().gpu_architecture(gpu_id)
}

/// A directory-safe tag of the GPU, `"unknown"` if it cannot be determined.
///
/// # Errors
/// See [`Platform::gpu_platform_tag`].
pub fn gpu_platform_tag(gpu_id: u32) -> Result<String, Error> {
    let platform = backend()?.platform();
    match detect_jetson(platform, gpu_id)? {
        Some(model) => Ok(model.tag.to_owned()),
        None => platform.gpu_platform_tag(gpu_id),
    }
}

/// GPU memory in use by all processes, in MiB.
///
/// # Errors
/// See [`Platform::gpu_mem_used_mib`].
pub fn gpu_mem_used_mib(gpu_id: u32) -> Result<u64, Error> {
    backend()?.platform().gpu_mem_used_mib(gpu_id)
}

fn detect_jetson(
    platform: &dyn Platform,
    gpu_id: u32,
) -> Result<Option<&'static JetsonModel>, Error> {
    if !is_jetson_kernel() {
        return Ok(None);
    }
    let traits = platform.jetson_traits(gpu_id)?;
    Ok(Some(jetson::identify(&traits)))
}
