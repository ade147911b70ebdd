//! `VideoFrameContent` and `VideoFrameTranscodingMethod`.

use std::borrow::Cow;

use ::frames::{VideoFrameContent, VideoFrameTranscodingMethod};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::enums::py_enum;

py_enum! {
    /// Whether later stages pass a payload on as it is (``Copy``) or encode it anew (``Encoded``).
    "VideoFrameTranscodingMethod" PyVideoFrameTranscodingMethod for VideoFrameTranscodingMethod {
        "Copy" = Copy,
        "Encoded" = Encoded,
    }
}

/// Where the payload of a frame is. Made by ``internal``, ``external`` and ``none``; does not change.
#[pyclass(
    frozen,
    eq,
    from_py_object,
    name = "VideoFrameContent",
    module = "savant_rs.primitives"
)]
#[derive(Clone, PartialEq)]
pub(crate) struct PyVideoFrameContent {
    pub(crate) inner: VideoFrameContent,
}

impl PyVideoFrameContent {
    fn external_parts(&self) -> PyResult<(&str, Option<&str>)> {
        match &self.inner {
            VideoFrameContent::External { method, location } => Ok((method, location.as_deref())),
            other => Err(PyTypeError::new_err(format!(
                "the content is not external: {other:?}"
            ))),
        }
    }
}

#[pymethods]
impl PyVideoFrameContent {
    /// A payload inside the frame. The bytes are copied once.
    #[staticmethod]
    fn internal(data: Cow<'_, [u8]>) -> Self {
        Self {
            inner: VideoFrameContent::Internal(data.into()),
        }
    }

    /// A payload kept elsewhere: how to get it (``"file"``, ``"zeromq"`` ...) and from where.
    #[staticmethod]
    #[pyo3(signature = (method, location=None))]
    fn external(method: String, location: Option<String>) -> Self {
        Self {
            inner: VideoFrameContent::External { method, location },
        }
    }

    /// No payload, or one that travels beside the frame.
    #[staticmethod]
    fn none() -> Self {
        Self {
            inner: VideoFrameContent::None,
        }
    }

    /// Whether the payload is inside the frame.
    fn is_internal(&self) -> bool {
        matches!(self.inner, VideoFrameContent::Internal(_))
    }

    /// Whether the payload is kept elsewhere.
    fn is_external(&self) -> bool {
        matches!(self.inner, VideoFrameContent::External { .. })
    }

    /// Whether there is no payload.
    fn is_none(&self) -> bool {
        matches!(self.inner, VideoFrameContent::None)
    }

    /// A copy of the payload.
    ///
    /// Raises ``TypeError`` if it is not inside the frame.
    fn get_data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.inner
            .data()
            .map(|data| PyBytes::new(py, data))
            .ok_or_else(|| {
                PyTypeError::new_err(format!("the content is not internal: {:?}", self.inner))
            })
    }

    /// How to get the payload.
    ///
    /// Raises ``TypeError`` if it is not external.
    fn get_method(&self) -> PyResult<&str> {
        self.external_parts().map(|(method, _)| method)
    }

    /// Where to get the payload, or ``None``.
    ///
    /// Raises ``TypeError`` if it is not external.
    fn get_location(&self) -> PyResult<Option<&str>> {
        self.external_parts().map(|(_, location)| location)
    }

    fn __repr__(&self) -> String {
        format!("VideoFrameContent.{:?}", self.inner)
    }
}
