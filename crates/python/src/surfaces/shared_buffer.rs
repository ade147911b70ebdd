//! `SharedBuffer`.

use std::path::PathBuf;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use surfaces::{Error, SharedBuffer};

use super::arguments::{PyIds, ids_from_python, ids_to_python};
use crate::errors::from_surfaces;

/// A handle of a buffer with pixels. The buffer returns to its pool when its last handle, view and
/// pipeline reference is gone.
///
/// Only the library makes these. A function that takes a buffer over leaves an empty handle: it is
/// false, and everything but ``is_consumed`` and ``repr`` raises ``RuntimeError``. All handles of a
/// buffer share its timestamps and ids. Handles may be used from any thread.
#[pyclass(frozen, name = "SharedBuffer", module = "savant_rs.deepstream")]
pub(crate) struct PySharedBuffer {
    inner: Mutex<Option<SharedBuffer>>,
}

impl From<SharedBuffer> for PySharedBuffer {
    fn from(buffer: SharedBuffer) -> Self {
        Self {
            inner: Mutex::new(Some(buffer)),
        }
    }
}

impl PySharedBuffer {
    /// A further handle of the buffer.
    pub(crate) fn handle(&self) -> PyResult<SharedBuffer> {
        self.with(Clone::clone)
    }

    /// Takes the handle, for a function that takes the buffer over.
    pub(crate) fn take(&self) -> PyResult<SharedBuffer> {
        self.inner.lock().take().ok_or_else(consumed)
    }

    /// Gives a handle back that could not be used.
    pub(crate) fn put_back(&self, buffer: SharedBuffer) {
        *self.inner.lock() = Some(buffer);
    }

    fn with<R>(&self, ask: impl FnOnce(&SharedBuffer) -> R) -> PyResult<R> {
        self.inner.lock().as_ref().map(ask).ok_or_else(consumed)
    }

    fn modify(&self, change: impl FnOnce(&SharedBuffer) -> Result<(), Error>) -> PyResult<()> {
        self.with(change)?.map_err(from_surfaces)
    }
}

fn consumed() -> PyErr {
    from_surfaces(Error::Consumed {
        what: "SharedBuffer",
    })
}

#[pymethods]
impl PySharedBuffer {
    /// Number of handles and views of this buffer.
    #[getter]
    fn strong_count(&self) -> PyResult<usize> {
        self.with(SharedBuffer::strong_count)
    }

    /// Whether the buffer was taken over.
    #[getter]
    fn is_consumed(&self) -> bool {
        self.inner.lock().is_none()
    }

    /// Presentation time in nanoseconds, or ``None``. Setting 2**64-1, GStreamer's mark for "none",
    /// raises ``ValueError``.
    #[getter]
    fn pts_ns(&self) -> PyResult<Option<u64>> {
        self.with(SharedBuffer::pts_ns)
    }

    #[setter]
    fn set_pts_ns(&self, pts_ns: u64) -> PyResult<()> {
        self.modify(|buffer| buffer.set_pts_ns(pts_ns))
    }

    /// Duration in nanoseconds, or ``None``. Setting 2**64-1, GStreamer's mark for "none", raises
    /// ``ValueError``.
    #[getter]
    fn duration_ns(&self) -> PyResult<Option<u64>> {
        self.with(SharedBuffer::duration_ns)
    }

    #[setter]
    fn set_duration_ns(&self, duration_ns: u64) -> PyResult<()> {
        self.modify(|buffer| buffer.set_duration_ns(duration_ns))
    }

    /// Address of the ``GstBuffer``, for functions that take an int. It is valid while a handle or
    /// view exists. Addition.
    #[getter]
    fn gst_buffer_ptr(&self) -> PyResult<usize> {
        self.with(|buffer| buffer.as_ptr() as usize)
    }

    /// The ids, in stored order.
    fn savant_ids(&self) -> PyResult<PyIds> {
        self.with(SharedBuffer::savant_ids).map(ids_to_python)
    }

    /// Replaces the ids; an empty list removes them.
    ///
    /// Raises ``OverflowError`` for ids outside 128 bits, ``RuntimeError`` while a pipeline shares
    /// the buffer.
    fn set_savant_ids(&self, ids: PyIds) -> PyResult<()> {
        self.modify(|buffer| buffer.set_savant_ids(ids_from_python(ids)))
    }

    /// Writes slot 0 as a PNG file: RGBA with alpha, GRAY8 as grey, other formats as RGB. Addition.
    ///
    /// Blocks with the GIL released. Raises ``OSError`` if the file cannot be written.
    fn save_png(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let buffer = self.handle()?;
        py.detach(|| surfaces::png::save_png(&buffer, path))
            .map_err(from_surfaces)
    }

    fn __bool__(&self) -> bool {
        !self.is_consumed()
    }

    fn __repr__(&self) -> String {
        match self.strong_count() {
            Ok(count) => format!("SharedBuffer(strong_count={count})"),
            Err(_) => "SharedBuffer(<consumed>)".to_owned(),
        }
    }
}

/// Takes the buffer out of its handle and drops it, as a pipeline would. For tests.
///
/// Raises ``RuntimeError`` if other handles or views exist; the handle then stays usable.
#[pyfunction]
pub(super) fn _test_consume_shared_buffer(buf: &Bound<'_, PySharedBuffer>) -> PyResult<()> {
    let mut inner = buf.get().inner.lock();
    let handle = inner.take().ok_or_else(consumed)?;
    match handle.into_buffer() {
        Ok(_) => Ok(()),
        Err((handle, error)) => {
            *inner = Some(handle);
            Err(PyRuntimeError::new_err(error.to_string()))
        }
    }
}
