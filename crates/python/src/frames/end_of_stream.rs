//! `EndOfStream`.

use ::frames::EndOfStream;
use pyo3::prelude::*;

/// Says that a source sends no more frames.
///
/// A decoder does not take it: pass its ``source_id`` to ``source_eos``.
#[pyclass(frozen, eq, name = "EndOfStream", module = "savant_rs.primitives")]
#[derive(PartialEq)]
pub(crate) struct PyEndOfStream {
    inner: EndOfStream,
}

#[pymethods]
impl PyEndOfStream {
    #[new]
    fn new(source_id: String) -> Self {
        Self {
            inner: EndOfStream::new(source_id),
        }
    }

    /// The source that ended.
    #[getter]
    fn source_id(&self) -> &str {
        self.inner.source_id()
    }

    /// This object as compact JSON.
    #[getter]
    fn json(&self) -> String {
        self.inner.json()
    }

    fn __repr__(&self) -> String {
        format!("EndOfStream(source_id={:?})", self.inner.source_id())
    }
}
