//! What the methods of a decoder and of a pool share: frames in, outputs to the callback, errors.

use std::sync::Arc;

use ::frames::VideoFrameContent;
use decoders::{DecoderError, Output, Outputs, Payload, Sink, Submission};
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use surfaces::wait::WaitError;

use super::Token;
use super::output::PyFlexibleDecoderOutput;
use crate::callback::{Callback, log_exception};
use crate::frames::PyVideoFrame;
use crate::raw::thread_state;

const RESULT_CALLBACK: &str = "the result callback";

/// A frame with its payload: `data`, or the frame's internal content.
pub(super) fn submission(
    frame: &Bound<'_, PyVideoFrame>,
    data: Option<&Bound<'_, PyAny>>,
) -> PyResult<Submission<Token>> {
    let inner = &frame.get().inner;
    Ok(Submission {
        source_id: inner.source_id(),
        info: inner.info(),
        data: payload(frame.get(), data)?,
        frame: Arc::new(frame.clone().unbind()),
    })
}

pub(super) fn exception(error: &DecoderError) -> PyErr {
    match error {
        DecoderError::Wait(WaitError::TimedOut)
        | DecoderError::QueueFull { .. }
        | DecoderError::Undecided { .. } => PyTimeoutError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}

fn payload(frame: &PyVideoFrame, data: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Payload>> {
    match data {
        None => Ok(match frame.inner.content() {
            VideoFrameContent::Internal(data) => Some(data),
            _ => None,
        }),
        Some(data) => match data.cast::<PyBytes>() {
            Ok(bytes) => Ok(Some(bytes.as_bytes().into())),
            Err(_) => Ok(Some(data.extract::<Vec<u8>>()?.into())),
        },
    }
}

/// Where outputs go: to a callback, or to whoever pulls them.
pub(super) enum Receiver {
    Callback(Callback),
    Outputs(Outputs<Token>),
}

impl Receiver {
    /// Refuses what cannot be called with `TypeError`.
    pub(super) fn new(result_callback: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(match result_callback {
            Some(callable) => Self::Callback(Callback::new("result_callback", callable)?),
            None => Self::Outputs(Outputs::default()),
        })
    }

    pub(super) fn callback(&self) -> Option<&Callback> {
        match self {
            Self::Callback(callback) => Some(callback),
            Self::Outputs(_) => None,
        }
    }

    pub(super) fn outputs(&self) -> Option<&Outputs<Token>> {
        match self {
            Self::Callback(_) => None,
            Self::Outputs(outputs) => Some(outputs),
        }
    }

    /// The native end of it.
    pub(super) fn sink(&self) -> Arc<dyn Sink<Token>> {
        match self {
            Self::Callback(callback) => Arc::new(ResultCallback(callback.clone())),
            Self::Outputs(outputs) => Arc::new(outputs.clone()),
        }
    }
}

/// Hands outputs to Python.
struct ResultCallback(Callback);

impl Sink<Token> for ResultCallback {
    fn take(&self, output: Output<Token>) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| match PyFlexibleDecoderOutput::new(py, output) {
            Ok(output) => drop(self.0.call(py, RESULT_CALLBACK, (output,))),
            Err(error) => log_exception(py, "making an output", error),
        });
    }

    /// Gets the GIL once for all: under contention it takes longer to get than a callback runs. Only the delivery
    /// thread, which is none of Python's, calls this.
    fn scope(&self, work: &mut dyn FnMut()) {
        let mut work = Some(work);
        let mut run = || work.take().map_or((), |work| work());
        Python::try_attach(|py| {
            thread_state::keep(py);
            run();
        });
        // Without an interpreter the outputs are dropped, but they leave.
        run();
    }
}
