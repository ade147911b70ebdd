//! `SurfacePlane`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use surfaces::{Error, PlaneDescription, SurfaceView};

use super::in_place::InPlace;
use crate::gil;

/// One plane of a surface, without a copy. Addition; made by :meth:`SurfaceView.planes`.
///
/// An array of bytes of shape ``(rows, samples)``, or ``(rows, samples, bytes)`` where a sample has
/// several bytes: RGBA pixels, interleaved chroma pairs. Other libraries use it in place as they use
/// a :class:`SurfaceView`, under the same rules. A plane keeps the buffer alive, like a view.
#[pyclass(frozen, name = "SurfacePlane", module = "savant_rs.deepstream")]
pub(crate) struct PySurfacePlane {
    view: SurfaceView,
    plane: PlaneDescription,
}

impl PySurfacePlane {
    /// All planes of a view, in memory order.
    pub(super) fn all(view: &SurfaceView) -> Result<Vec<Self>, Error> {
        let planes = view.planes()?;
        Ok(planes
            .into_iter()
            .map(|plane| Self {
                view: view.clone(),
                plane,
            })
            .collect())
    }
}

#[pymethods]
impl PySurfacePlane {
    /// Extent of each dimension.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.plane.shape())
    }

    /// Bytes from one element of a dimension to the next.
    #[getter]
    fn strides<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.plane.strides())
    }

    /// Address of the first byte.
    #[getter]
    fn data_ptr(&self) -> usize {
        self.plane.address
    }

    /// See :attr:`SurfaceView.__array_interface__`.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.array_interface(py)
    }

    /// See :attr:`SurfaceView.__cuda_array_interface__`.
    #[getter]
    fn __cuda_array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.cuda_array_interface(py)
    }

    /// See :meth:`SurfaceView.__dlpack_device__`.
    fn __dlpack_device__(&self) -> PyResult<(i32, i32)> {
        self.dlpack_device()
    }

    /// See :meth:`SurfaceView.__dlpack__`.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<i64>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.dlpack(py, stream, max_version, dl_device, copy)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "SurfacePlane(shape={}, strides={})",
            self.shape(py)?.repr()?,
            self.strides(py)?.repr()?
        ))
    }
}

impl InPlace for PySurfacePlane {
    fn view(&self) -> &SurfaceView {
        &self.view
    }

    fn plane(&self, _operation: &'static str) -> Result<PlaneDescription, Error> {
        Ok(self.plane)
    }
}

/// As for a view: the pixels may still be in use by its stream.
impl Drop for PySurfacePlane {
    fn drop(&mut self) {
        gil::synchronize_at_end(&self.view);
    }
}
