//! `SealedDelivery`.

use std::time::Duration;

use decoders::{SealedDelivery, UnsealError};
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use surfaces::SharedBuffer;
use surfaces::wait::WaitError;

use super::Token;
use crate::frames::PyVideoFrame;
use crate::gil;
use crate::surfaces::PySharedBuffer;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySealedDelivery>()
}

/// A (frame, buffer) pair, sealed until the output that it was taken from is gone.
///
/// It may be kept, passed to other threads and dropped unopened, which releases the buffer.
#[pyclass(frozen, name = "SealedDelivery", module = "savant_rs.deepstream")]
pub(crate) struct PySealedDelivery {
    inner: SealedDelivery<Token>,
}

impl PySealedDelivery {
    pub(super) fn new(inner: SealedDelivery<Token>) -> Self {
        Self { inner }
    }
}

type Pair = (Py<PyVideoFrame>, PySharedBuffer);

fn pair(py: Python<'_>, (frame, buffer): (Token, SharedBuffer)) -> Pair {
    (frame.clone_ref(py), buffer.into())
}

fn exception(error: UnsealError) -> PyErr {
    match error {
        UnsealError::Wait(WaitError::TimedOut) => PyTimeoutError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}

#[pymethods]
impl PySealedDelivery {
    /// Whether the seal is open. Does not block. ``RuntimeError`` after the pair was taken.
    fn is_released(&self) -> PyResult<bool> {
        self.inner.is_released().map_err(exception)
    }

    /// The pair if the seal is open, else ``None``. Does not block. ``RuntimeError`` after the pair was taken.
    fn try_unseal(&self, py: Python<'_>) -> PyResult<Option<Pair>> {
        Ok(self
            .inner
            .try_unseal()
            .map_err(exception)?
            .map(|contents| pair(py, contents)))
    }

    /// Waits for the seal to open, with the GIL released, and takes the pair.
    ///
    /// ``timeout_ms``: the longest wait in milliseconds, or ``None`` for no limit. ``TimeoutError`` when it
    /// is over; the delivery stays usable. ``RuntimeError`` after the pair was taken, and for a wait
    /// without limit inside the callback that delivers this very frame.
    #[pyo3(signature = (timeout_ms=None))]
    fn unseal(&self, py: Python<'_>, timeout_ms: Option<u64>) -> PyResult<Pair> {
        let timeout = timeout_ms.map(Duration::from_millis);
        let contents =
            gil::blocking(py, timeout, |wait| self.inner.unseal(wait))?.map_err(exception)?;
        Ok(pair(py, contents))
    }

    fn __repr__(&self) -> String {
        match self.inner.is_released() {
            Ok(released) => format!("SealedDelivery(released={released})"),
            Err(_) => "SealedDelivery(<consumed>)".to_owned(),
        }
    }
}
