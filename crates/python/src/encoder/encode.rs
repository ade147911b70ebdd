//! `Encoder.encode`: pictures in, packets out, without a callback.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encoders::{Output, Sink};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use super::Token;
use super::class::PyEncoder;
use super::output::to_python;
use crate::errors::from_encoders;
use crate::frames::PyVideoFrame;
use crate::gil;
use crate::surfaces::PySharedBuffer;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEncodedPackets>()
}

/// Outputs that nobody has asked for yet.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Mutex<VecDeque<Output<Token>>>>);

impl Sink<Token> for Queue {
    fn take(&self, output: Output<Token>) {
        self.0.lock().push_back(output);
    }
}

/// The iterator that :meth:`Encoder.encode` returns.
#[pyclass(frozen, name = "_EncodedPackets", module = "savant_rs.deepstream")]
pub(crate) struct PyEncodedPackets {
    encoder: Py<PyEncoder>,
    queue: Queue,
    buffers: Py<PyIterator>,
    /// Whether all pictures have been submitted and have come out.
    is_flushed: AtomicBool,
}

impl PyEncodedPackets {
    pub(super) fn new(encoder: Py<PyEncoder>, queue: Queue, buffers: Py<PyIterator>) -> Self {
        Self {
            encoder,
            queue,
            buffers,
            is_flushed: AtomicBool::new(false),
        }
    }

    /// Submits the next picture; `false` at the end of them.
    fn submit_next(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(given) = self.buffers.bind(py).clone().next() else {
            return Ok(false);
        };
        let (buffer, frame, id) = parts(&given?)?;
        self.encoder
            .get()
            .give(py, buffer.get(), frame.as_ref(), id)?;
        Ok(true)
    }
}

type Parts<'py> = (
    Bound<'py, PySharedBuffer>,
    Option<Bound<'py, PyVideoFrame>>,
    Option<u128>,
);

/// A buffer, or a tuple of one with a frame and perhaps an id.
fn parts<'py>(given: &Bound<'py, PyAny>) -> PyResult<Parts<'py>> {
    if let Ok(buffer) = given.cast::<PySharedBuffer>() {
        return Ok((buffer.clone(), None, None));
    }
    let wrong = || {
        PyTypeError::new_err(
            "encode() takes SharedBuffers, or tuples of one with a VideoFrame and perhaps an id",
        )
    };
    let tuple = given.cast::<PyTuple>().map_err(|_| wrong())?;
    match tuple.len() {
        2 => {
            let (buffer, frame) = tuple.extract()?;
            Ok((buffer, frame, None))
        }
        3 => Ok(tuple.extract()?),
        _ => Err(wrong()),
    }
}

#[pymethods]
impl PyEncodedPackets {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        loop {
            let ready = self.queue.0.lock().pop_front();
            match ready {
                Some(Output::Error { message, .. }) => {
                    return Err(PyRuntimeError::new_err(message));
                }
                Some(output) => return to_python(py, output).map(Some),
                None if self.is_flushed.load(Ordering::Relaxed) => return Ok(None),
                None => {}
            }
            if !self.submit_next(py)? {
                let encoder = &self.encoder.get().inner;
                gil::blocking(py, None, |wait| encoder.flush(wait))?.map_err(from_encoders)?;
                self.is_flushed.store(true, Ordering::Relaxed);
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.encoder)?;
        visit.call(&self.buffers)
    }
}
