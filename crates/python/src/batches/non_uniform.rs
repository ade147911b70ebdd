//! `NonUniformBatch`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use batching::NonUniformBatch;
use pyo3::prelude::*;

use crate::errors::{from_batching, from_surfaces};
use crate::surfaces::arguments::{PyIds, ids_from_python};
use crate::surfaces::in_place::InPlace;
use crate::surfaces::{PySharedBuffer, PySurfaceView};

/// One buffer of slots of other buffers, of any size and format, without a copy of pixels.
///
/// :meth:`add` collects views, :meth:`finalize` makes the buffer; with that the batch is used up.
/// ``gpu_id`` is the device of the buffer, which is not compared with those of the views; raises
/// ``RuntimeError`` if there is no such device. Batches may be used from any thread.
#[pyclass(frozen, name = "NonUniformBatch", module = "savant_rs.deepstream")]
pub(crate) struct PyNonUniformBatch {
    inner: NonUniformBatch,
}

#[pymethods]
impl PyNonUniformBatch {
    #[new]
    #[pyo3(signature = (gpu_id=0))]
    fn new(gpu_id: u32) -> PyResult<Self> {
        NonUniformBatch::new(gpu_id)
            .map(|inner| Self { inner })
            .map_err(from_surfaces)
    }

    /// Adds the slot of a view, and holds its buffer until the batch or its buffer goes.
    ///
    /// Raises ``RuntimeError`` after :meth:`finalize`.
    fn add(&self, src_view: PyRef<'_, PySurfaceView>) -> PyResult<()> {
        self.inner
            .add(src_view.view().clone())
            .map_err(from_batching)
    }

    /// A buffer whose slots are those of the views, in the order in which they were added, all filled.
    ///
    /// ``ids``, a sequence of ``(SavantIdMetaKind, int)``, are on the buffer; their number is not
    /// checked. The views' buffers stay out of their pools until this buffer is released. Their
    /// pixels cannot be written by this library while both buffers exist. Waits for the work on the
    /// views' streams. Raises ``RuntimeError`` for an empty batch, for views of several memory types,
    /// and the second time; the batch is used up in any case.
    #[pyo3(signature = (ids=None))]
    fn finalize(&self, py: Python<'_>, ids: Option<PyIds>) -> PyResult<PySharedBuffer> {
        let ids = ids_from_python(ids.unwrap_or_default());
        py.detach(|| self.inner.finalize(ids))
            .map(Into::into)
            .map_err(from_batching)
    }

    /// Views added so far.
    ///
    /// Raises ``RuntimeError`` after :meth:`finalize`.
    #[getter]
    fn num_filled(&self) -> PyResult<usize> {
        self.inner.num_filled().map_err(from_batching)
    }

    /// The device given at construction.
    #[getter]
    fn gpu_id(&self) -> u32 {
        self.inner.gpu_id()
    }

    fn __repr__(&self) -> String {
        match self.inner.num_filled() {
            Ok(count) => format!("NonUniformBatch(num_filled={count}, gpu={})", self.gpu_id()),
            Err(_) => format!("NonUniformBatch(<finalized>, gpu={})", self.gpu_id()),
        }
    }
}
