//! `DecoderOutputs`: pulling instead of a callback.

use std::sync::Arc;

use decoders::Outputs;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::Token;
use super::output::PyFlexibleDecoderOutput;
use crate::callback::Callback;
use crate::gil;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDecoderOutputs>()
}

/// The outputs of a decoder or a pool that was made without a result callback. Addition.
///
/// An iterator, and an asynchronous one. ``for`` waits with the GIL released, and Ctrl-C ends the wait;
/// ``async for`` waits without a thread. It ends after a shutdown, when all outputs are taken. Any number of
/// threads and tasks may take from it; each output goes to one of them.
#[pyclass(frozen, name = "DecoderOutputs", module = "savant_rs.deepstream")]
pub(crate) struct PyDecoderOutputs {
    inner: Outputs<Token>,
    /// Lives as long as somebody waits for its outputs.
    _of: Arc<dyn Send + Sync>,
}

impl PyDecoderOutputs {
    /// Those of `of`; `RuntimeError` when it hands them to a callback.
    pub(super) fn of<D: Send + Sync + 'static>(
        outputs: Option<&Outputs<Token>>,
        of: &Arc<D>,
    ) -> PyResult<Self> {
        let outputs = outputs.ok_or_else(|| {
            PyRuntimeError::new_err("there is a result callback, which takes the outputs")
        })?;
        Ok(Self {
            inner: outputs.clone(),
            _of: of.clone(),
        })
    }
}

#[pymethods]
impl PyDecoderOutputs {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyFlexibleDecoderOutput>> {
        let next = gil::blocking(py, None, |wait| self.inner.next(wait))?;
        let next = next.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        next.map(|output| PyFlexibleDecoderOutput::new(py, output))
            .transpose()
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let next = NEXT.get_or_try_init(py, || {
            let module = py.import("savant_rs.deepstream._outputs")?;
            module.getattr("next_output").map(Bound::unbind)
        })?;
        next.bind(py).call1((slf,))
    }

    /// Calls ``waker`` once there is an output or the end has come, on any thread.
    fn _when_ready(&self, py: Python<'_>, waker: Bound<'_, PyAny>) -> PyResult<()> {
        let waker = Callback::new("waker", waker)?;
        let wake = move || {
            Python::try_attach(|py| drop(waker.call(py, "the waker of an event loop", ())));
        };
        py.detach(|| self.inner.wake(Box::new(wake)));
        Ok(())
    }

    /// The next output, or ``None`` after the last. ``ValueError`` if there is none yet.
    fn _take(&self, py: Python<'_>) -> PyResult<Option<PyFlexibleDecoderOutput>> {
        let at_once = surfaces::wait::Wait::at_most(std::time::Duration::ZERO);
        let next = self
            .inner
            .next(at_once)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        next.map(|output| PyFlexibleDecoderOutput::new(py, output))
            .transpose()
    }
}
