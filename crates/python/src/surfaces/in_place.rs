//! Planes that other libraries use in place.

use pyo3::exceptions::{PyAttributeError, PyBufferError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use surfaces::{Error, PlaneDescription, SurfaceView};

use crate::errors::from_surfaces;
use crate::raw;

/// Something with one plane of a view.
pub(crate) trait InPlace {
    /// The view, which keeps the pixels alive.
    fn view(&self) -> &SurfaceView;

    /// The plane, for the operation of this name.
    fn plane(&self, operation: &'static str) -> Result<PlaneDescription, Error>;

    /// `NumPy`'s array interface.
    fn array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        const NAME: &str = "__array_interface__";
        if !self.view().is_cpu_memory() {
            return Err(PyAttributeError::new_err(format!(
                "{NAME}: the pixels are in device memory; SurfaceView.download() copies them"
            )));
        }
        self.interface(py, NAME)
    }

    /// CUDA's array interface.
    fn cuda_array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        const NAME: &str = "__cuda_array_interface__";
        if !self.view().is_cuda_memory() {
            return Err(PyAttributeError::new_err(format!(
                "{NAME}: the pixels are in host memory"
            )));
        }
        self.interface(py, NAME)
    }

    /// The dictionary that both array interfaces have in common, once the pixels are complete.
    fn interface<'py>(&self, py: Python<'py>, name: &'static str) -> PyResult<Bound<'py, PyDict>> {
        let view = self.view();
        let plane = self.plane(name).map_err(from_surfaces)?;
        py.detach(|| view.synchronize()).map_err(from_surfaces)?;
        let interface = PyDict::new(py);
        interface.set_item("shape", PyTuple::new(py, plane.shape())?)?;
        interface.set_item("strides", PyTuple::new(py, plane.strides())?)?;
        interface.set_item("typestr", "|u1")?;
        interface.set_item("descr", [("", "|u1")])?;
        interface.set_item("data", (plane.address, view.is_read_only()))?;
        interface.set_item("version", 3)?;
        Ok(interface)
    }

    /// The `DLPack` device.
    fn dlpack_device(&self) -> PyResult<raw::Device> {
        raw::device(self.view())
            .ok_or_else(|| PyBufferError::new_err("the pixels are in memory without an address"))
    }

    /// A `DLPack` capsule.
    fn dlpack<'py>(
        &self,
        py: Python<'py>,
        stream: Option<i64>,
        max_version: Option<(u32, u32)>,
        device: Option<raw::Device>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let view = self.view();
        let own = self.dlpack_device()?;
        let device = device.unwrap_or(own);
        // Pinned and unified memory may be taken for memory of the CPU.
        if device != own && !(device == raw::CPU_DEVICE && view.is_cpu_memory()) {
            return Err(PyBufferError::new_err(format!(
                "the pixels are on DLPack device {own:?}, not {device:?}"
            )));
        }
        if copy == Some(true) {
            return Err(PyBufferError::new_err(
                "copies are made with SurfaceView.download()",
            ));
        }
        let plane = self
            .plane("__dlpack__")
            .map_err(|error| PyBufferError::new_err(error.to_string()))?;
        hand_over(py, view, device, stream)?;
        let versioned = max_version.is_some_and(|(major, _)| major >= 1);
        raw::export(py, view.clone(), &plane, device, versioned)
    }
}

/// Lets a consumer use the pixels on its stream, as `DLPack` numbers streams, or on the CPU.
fn hand_over(
    py: Python<'_>,
    view: &SurfaceView,
    device: raw::Device,
    stream: Option<i64>,
) -> PyResult<()> {
    const NO_WAIT: i64 = -1;
    const DEFAULT_STREAM: usize = 1;
    if stream.is_some() && !view.is_cuda_memory() {
        return Err(PyBufferError::new_err("the pixels are in host memory"));
    }
    let consumer = match stream {
        Some(NO_WAIT) => return Ok(()),
        // A consumer without a stream may be the CPU, where that reaches the memory.
        None if view.is_cpu_memory() => None,
        Some(_) if device == raw::CPU_DEVICE => None,
        None => Some(DEFAULT_STREAM),
        Some(stream) => {
            let handle = usize::try_from(stream).ok().filter(|handle| *handle != 0);
            Some(handle.ok_or_else(|| {
                PyBufferError::new_err(format!(
                    "there is no stream {stream}: 1 is the default stream, 2 the per-thread one"
                ))
            })?)
        }
    };
    py.detach(|| match consumer {
        None => view.synchronize(),
        Some(stream) => view.order_before(stream),
    })
    .map_err(from_surfaces)
}
