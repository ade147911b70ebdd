//! `FlexibleDecoderOutput` and the outputs inside it, except frames.

use decoders::{DecodedFrame, DecoderParameters, Output, Payload, SkipReason};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Token;
use super::frame::{PyDecodedFrame, PyFrameOutput};
use super::skip::PySkipReason;
use crate::frames::{PyCodec, PyVideoFrame};

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDecoderParameters>()?;
    module.add_class::<PyParameterChangeOutput>()?;
    module.add_class::<PySkippedOutput>()?;
    module.add_class::<PyOrphanFrameOutput>()?;
    module.add_class::<PySourceEosOutput>()?;
    module.add_class::<PyEventOutput>()?;
    module.add_class::<PyErrorOutput>()?;
    module.add_class::<PyFlexibleDecoderOutput>()
}

/// Codec and declared size of a decoder session.
#[pyclass(frozen, name = "DecoderParameters", module = "savant_rs.deepstream")]
pub(crate) struct PyDecoderParameters {
    inner: DecoderParameters,
}

#[pymethods]
impl PyDecoderParameters {
    /// Codec of the submitted frames.
    #[getter]
    fn codec(&self) -> PyCodec {
        self.inner.codec.into()
    }

    /// Declared width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.inner.width
    }

    /// Declared height in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.inner.height
    }

    fn __repr__(&self) -> String {
        let DecoderParameters {
            codec,
            width,
            height,
        } = self.inner;
        format!(
            "DecoderParameters(codec={}, width={width}, height={height})",
            codec.name()
        )
    }
}

/// Codec or size changed between two decoder sessions.
#[pyclass(
    frozen,
    name = "ParameterChangeOutput",
    module = "savant_rs.deepstream"
)]
pub(crate) struct PyParameterChangeOutput {
    old: DecoderParameters,
    new: DecoderParameters,
}

#[pymethods]
impl PyParameterChangeOutput {
    /// The parameters until now.
    #[getter]
    fn old(&self) -> PyDecoderParameters {
        PyDecoderParameters { inner: self.old }
    }

    /// The parameters from here on.
    #[getter(new)]
    fn new_parameters(&self) -> PyDecoderParameters {
        PyDecoderParameters { inner: self.new }
    }

    fn __repr__(&self) -> String {
        format!(
            "ParameterChangeOutput(old={}, new={})",
            self.old().__repr__(),
            self.new_parameters().__repr__()
        )
    }
}

/// A frame that was not decoded.
#[pyclass(frozen, name = "SkippedOutput", module = "savant_rs.deepstream")]
pub(crate) struct PySkippedOutput {
    frame: Token,
    data: Option<Payload>,
    reason: SkipReason,
}

#[pymethods]
impl PySkippedOutput {
    /// The submitted frame: the very object.
    #[getter]
    fn frame(&self, py: Python<'_>) -> Py<PyVideoFrame> {
        self.frame.clone_ref(py)
    }

    /// The payload, or ``None`` if it was not looked at.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.data.as_ref().map(|data| PyBytes::new(py, data))
    }

    /// Why the frame was not decoded.
    #[getter]
    fn reason(&self) -> PySkipReason {
        PySkipReason {
            inner: self.reason.clone(),
        }
    }

    fn __repr__(&self) -> String {
        format!("SkippedOutput(reason={})", self.reason)
    }
}

/// A picture that belongs to no submitted frame. Its pixels are gone.
#[pyclass(frozen, name = "OrphanFrameOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyOrphanFrameOutput {
    decoded: DecodedFrame,
}

#[pymethods]
impl PyOrphanFrameOutput {
    /// Metadata of the picture, without a frame's identity and times.
    #[getter]
    fn decoded_frame(&self) -> PyDecodedFrame {
        PyDecodedFrame {
            inner: self.decoded.clone(),
            has_buffer: false,
        }
    }

    fn __repr__(&self) -> String {
        format!("OrphanFrameOutput({})", self.decoded_frame().__repr__())
    }
}

/// A logical end of stream, in its place among the frames.
#[pyclass(frozen, name = "SourceEosOutput", module = "savant_rs.deepstream")]
pub(crate) struct PySourceEosOutput {
    /// The identifier that was given to ``source_eos``.
    #[pyo3(get)]
    source_id: String,
}

#[pymethods]
impl PySourceEosOutput {
    fn __repr__(&self) -> String {
        format!("SourceEosOutput(source_id={:?})", self.source_id)
    }
}

/// A GStreamer event that came out of the decoder.
#[pyclass(frozen, name = "EventOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyEventOutput {
    /// Description of the event.
    #[pyo3(get)]
    summary: String,
}

#[pymethods]
impl PyEventOutput {
    fn __repr__(&self) -> String {
        format!("EventOutput(summary={:?})", self.summary)
    }
}

/// A failure of the decoder.
#[pyclass(frozen, name = "ErrorOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyErrorOutput {
    /// What went wrong.
    #[pyo3(get)]
    message: String,
    frame: Option<Token>,
}

#[pymethods]
impl PyErrorOutput {
    /// The submitted frame that ended with this error, or ``None`` if there was none. Addition.
    #[getter]
    fn frame(&self, py: Python<'_>) -> Option<Py<PyVideoFrame>> {
        self.frame.as_ref().map(|frame| frame.clone_ref(py))
    }

    fn __repr__(&self) -> String {
        format!("ErrorOutput(message={:?})", self.message)
    }
}

/// One output of a decoder: exactly one of the ``is_*`` properties is true.
#[pyclass(
    frozen,
    name = "FlexibleDecoderOutput",
    module = "savant_rs.deepstream"
)]
pub(crate) struct PyFlexibleDecoderOutput {
    variant: Variant,
}

enum Variant {
    Frame(Py<PyFrameOutput>),
    ParameterChange(Py<PyParameterChangeOutput>),
    Skipped(Py<PySkippedOutput>),
    OrphanFrame(Py<PyOrphanFrameOutput>),
    SourceEos(Py<PySourceEosOutput>),
    Event(Py<PyEventOutput>),
    Error(Py<PyErrorOutput>),
}

impl PyFlexibleDecoderOutput {
    pub(super) fn new(py: Python<'_>, output: Output<Token>) -> PyResult<Self> {
        let variant = match output {
            Output::Frame(inner) => Variant::Frame(Py::new(py, PyFrameOutput { inner })?),
            Output::ParameterChange { old, new } => {
                Variant::ParameterChange(Py::new(py, PyParameterChangeOutput { old, new })?)
            }
            Output::Skipped {
                frame,
                data,
                reason,
            } => Variant::Skipped(Py::new(
                py,
                PySkippedOutput {
                    frame,
                    data,
                    reason,
                },
            )?),
            Output::OrphanFrame(decoded) => {
                Variant::OrphanFrame(Py::new(py, PyOrphanFrameOutput { decoded })?)
            }
            Output::SourceEos { source_id } => {
                Variant::SourceEos(Py::new(py, PySourceEosOutput { source_id })?)
            }
            Output::Event { summary } => Variant::Event(Py::new(py, PyEventOutput { summary })?),
            Output::Error { message, frame } => {
                Variant::Error(Py::new(py, PyErrorOutput { message, frame })?)
            }
        };
        Ok(Self { variant })
    }

    fn variant_name(&self) -> &'static str {
        match self.variant {
            Variant::Frame(_) => "Frame",
            Variant::ParameterChange(_) => "ParameterChange",
            Variant::Skipped(_) => "Skipped",
            Variant::OrphanFrame(_) => "OrphanFrame",
            Variant::SourceEos(_) => "SourceEos",
            Variant::Event(_) => "Event",
            Variant::Error(_) => "Error",
        }
    }
}

/// The `is_*` property and the `as_*` method of each variant.
macro_rules! variants {
    ($($is:ident $as:ident $variant:ident($class:ident) $what:literal;)+) => {
        #[pymethods]
        impl PyFlexibleDecoderOutput {
            $(
                #[doc = concat!("Whether this is ", $what, ".")]
                #[getter]
                fn $is(&self) -> bool {
                    matches!(self.variant, Variant::$variant(_))
                }

                #[doc = concat!("The output as ", $what, ", or ``None``; always the same object.")]
                fn $as(&self, py: Python<'_>) -> Option<Py<$class>> {
                    match &self.variant {
                        Variant::$variant(output) => Some(output.clone_ref(py)),
                        _ => None,
                    }
                }
            )+

            fn __repr__(&self) -> String {
                format!("FlexibleDecoderOutput({})", self.variant_name())
            }
        }
    };
}

variants! {
    is_frame as_frame Frame(PyFrameOutput) "a decoded frame";
    is_parameter_change as_parameter_change ParameterChange(PyParameterChangeOutput) "a parameter change";
    is_skipped as_skipped Skipped(PySkippedOutput) "a skipped frame";
    is_orphan_frame as_orphan_frame OrphanFrame(PyOrphanFrameOutput) "a picture without a frame";
    is_source_eos as_source_eos SourceEos(PySourceEosOutput) "a logical end of stream";
    is_event as_event Event(PyEventOutput) "a GStreamer event";
    is_error as_error Error(PyErrorOutput) "an error";
}
