//! Conversion of the crates' errors to Python exceptions.

use batching::BatchError;
use encoders::EncoderError;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use render::RenderError;
use surfaces::Error;
use surfaces::wait::WaitError;

/// Where the exceptions with two builtin bases are defined.
const ERRORS_MODULE: &str = "savant_rs.deepstream._errors";

/// The exception for an error of the `surfaces` crate.
#[allow(clippy::needless_pass_by_value)] // the shape that `map_err` wants
pub(crate) fn from_surfaces(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::SlotOutOfBounds { .. } => slot_index(text),
        Error::UploadShape { .. } => upload_shape(text),
        Error::TimedOut => PyTimeoutError::new_err(text),
        Error::Png { .. } => PyOSError::new_err(text),
        Error::UnknownName { .. }
        | Error::DataSize { .. }
        | Error::WrongColor { .. }
        | Error::InvalidTime => PyValueError::new_err(text),
        _ => PyRuntimeError::new_err(text),
    }
}

/// The exception for an error of the `batching` crate.
pub(crate) fn from_batching(error: BatchError) -> PyErr {
    match error {
        BatchError::Surface(error) => from_surfaces(error),
        error => PyRuntimeError::new_err(error.to_string()),
    }
}

/// The exception for an error of the `encoders` crate: what is wrong with a configuration is a
/// `ValueError`.
pub(crate) fn from_encoders(error: EncoderError) -> PyErr {
    let text = error.to_string();
    match error {
        EncoderError::Surface(error) => from_surfaces(error),
        EncoderError::NoEncoder { .. }
        | EncoderError::Size { .. }
        | EncoderError::FrameRate { .. }
        | EncoderError::Format { .. }
        | EncoderError::PropertiesCodec { .. }
        | EncoderError::PropertiesPlatform { .. }
        | EncoderError::Value { .. }
        | EncoderError::UnknownProperty { .. }
        | EncoderError::Buffer { .. } => PyValueError::new_err(text),
        EncoderError::Wait(WaitError::TimedOut) => PyTimeoutError::new_err(text),
        _ => PyRuntimeError::new_err(text),
    }
}

/// The exception for an error of the `render` crate.
pub(crate) fn from_render(error: RenderError) -> PyErr {
    match error {
        RenderError::Surface(error) => from_surfaces(error),
        error => PyRuntimeError::new_err(error.to_string()),
    }
}

/// `SlotIndexError(ValueError, RuntimeError)`.
fn slot_index(text: String) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    two_faced(&CLASS, "SlotIndexError", text)
}

/// `UploadShapeError(ValueError, RuntimeError)`.
fn upload_shape(text: String) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    two_faced(&CLASS, "UploadShapeError", text)
}

/// `UploadTypeError(ValueError, TypeError)`.
pub(crate) fn upload_type(text: String) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    two_faced(&CLASS, "UploadTypeError", text)
}

/// An instance of a class with two builtin bases: the stable ABI cannot make such classes.
fn two_faced(cell: &'static PyOnceLock<Py<PyType>>, name: &str, text: String) -> PyErr {
    Python::attach(|py| match cell.import(py, ERRORS_MODULE, name) {
        Ok(class) => PyErr::from_type(class.clone(), text),
        Err(error) => error,
    })
}
