//! What the methods of a decoder and of a pool share: frames in, outputs to the callback, errors.

use std::sync::Arc;

use ::frames::VideoFrameContent;
use decoders::{DecoderError, Output, Payload, Sink, Submission};
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use surfaces::wait::WaitError;

use super::Token;
use super::callback::{Callback, log_exception};
use super::output::PyFlexibleDecoderOutput;
use crate::frames::PyVideoFrame;

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

/// Hands outputs to Python.
pub(super) struct ResultCallback(pub(super) Callback);

impl Sink<Token> for ResultCallback {
    fn take(&self, output: Output<Token>) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| match PyFlexibleDecoderOutput::new(py, output) {
            Ok(output) => drop(self.0.call(py, RESULT_CALLBACK, (output,))),
            Err(error) => log_exception(py, "making an output", error),
        });
    }

    /// Gets the GIL once for all: under contention it takes longer to get than a callback runs.
    fn scope(&self, work: &mut dyn FnMut()) {
        let mut work = Some(work);
        let mut run = || work.take().map_or((), |work| work());
        Python::try_attach(|_| run());
        // Without an interpreter the outputs are dropped, but they leave.
        run();
    }
}
