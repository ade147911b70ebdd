//! Functions that ask about the machine.

use std::path::PathBuf;

use pyo3::prelude::*;
use surfaces::backend::LoadOptions;
use surfaces::platform;

use crate::errors::from_surfaces;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(backend, module)?)?;
    module.add_function(wrap_pyfunction!(_set_search, module)?)?;
    module.add_function(wrap_pyfunction!(_offer_elements, module)?)?;
    module.add_function(wrap_pyfunction!(init_cuda, module)?)?;
    module.add_function(wrap_pyfunction!(is_jetson_kernel, module)?)?;
    module.add_function(wrap_pyfunction!(jetson_model, module)?)?;
    module.add_function(wrap_pyfunction!(has_nvenc, module)?)?;
    module.add_function(wrap_pyfunction!(gpu_architecture, module)?)?;
    module.add_function(wrap_pyfunction!(gpu_platform_tag, module)?)?;
    module.add_function(wrap_pyfunction!(gpu_mem_used_mib, module)?)
}

/// The backend of this process: ``"host"`` or ``"deepstream"``. Addition.
///
/// It is chosen once, by the environment variable ``SAVANT_BACKEND`` (``deepstream``, ``host`` or
/// ``auto``). Raises ``RuntimeError`` if the one that was asked for cannot be used.
#[pyfunction]
fn backend(py: Python<'_>) -> PyResult<&'static str> {
    let backend = py.detach(surfaces::backend).map_err(from_surfaces)?;
    Ok(backend.kind().name())
}

/// Names the ``site-packages`` folders that may have NVIDIA's libraries. Returns whether that came
/// before the choice of the backend, after which it does not count.
#[pyfunction]
fn _set_search(site_packages: Vec<PathBuf>) -> bool {
    surfaces::backend::set_search(LoadOptions {
        site_packages,
        ..LoadOptions::default()
    })
}

/// Makes NVIDIA's GStreamer elements known to this process where an NVIDIA driver and the libraries
/// are; returns whether they are. Initialises GStreamer then, but no CUDA. Never raises: whoever
/// uses the libraries is told what is wrong with them.
#[pyfunction]
fn _offer_elements(py: Python<'_>) -> bool {
    py.detach(surfaces::backend::offer_elements)
        .unwrap_or_else(|error| {
            tracing::debug!("NVIDIA's elements are not offered: {error}");
            false
        })
}

/// Initialises CUDA for the calling thread and leaves the GPU's primary context current. On the host backend GPU 0 needs nothing.
///
/// Raises ``RuntimeError`` if the GPU does not exist or CUDA fails.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn init_cuda(py: Python<'_>, gpu_id: u32) -> PyResult<()> {
    py.detach(|| platform::init_cuda(gpu_id))
        .map_err(from_surfaces)
}

/// Whether the running kernel is that of a Jetson. Never raises.
#[pyfunction]
fn is_jetson_kernel() -> bool {
    platform::is_jetson_kernel()
}

/// The Jetson model's name, or ``None`` on other machines.
///
/// Raises ``RuntimeError`` on a Jetson whose CUDA does not answer.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn jetson_model(py: Python<'_>, gpu_id: u32) -> PyResult<Option<String>> {
    py.detach(|| platform::jetson_model(gpu_id))
        .map_err(from_surfaces)
}

/// Whether the GPU can encode video; ``False`` on the host backend.
///
/// Raises ``RuntimeError`` if the GPU does not exist.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn has_nvenc(py: Python<'_>, gpu_id: u32) -> PyResult<bool> {
    py.detach(|| platform::has_nvenc(gpu_id))
        .map_err(from_surfaces)
}

/// The GPU's architecture family in lower case, such as ``"hopper"``; ``None`` on Jetson.
///
/// Raises ``RuntimeError`` if the GPU does not exist, and on the host backend.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn gpu_architecture(py: Python<'_>, gpu_id: u32) -> PyResult<Option<String>> {
    py.detach(|| platform::gpu_architecture(gpu_id))
        .map_err(from_surfaces)
}

/// A directory-safe tag: the Jetson model, the GPU's architecture, or ``"unknown"``.
///
/// Raises ``RuntimeError`` if the GPU does not exist.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn gpu_platform_tag(py: Python<'_>, gpu_id: u32) -> PyResult<String> {
    py.detach(|| platform::gpu_platform_tag(gpu_id))
        .map_err(from_surfaces)
}

/// GPU memory in use by all processes, in MiB.
///
/// Raises ``RuntimeError`` if the GPU does not exist, and on the host backend.
#[pyfunction]
#[pyo3(signature = (gpu_id=0))]
fn gpu_mem_used_mib(py: Python<'_>, gpu_id: u32) -> PyResult<u64> {
    py.detach(|| platform::gpu_mem_used_mib(gpu_id))
        .map_err(from_surfaces)
}
