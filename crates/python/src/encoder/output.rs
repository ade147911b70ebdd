//! `EncodedOutput` and `EncoderErrorOutput`.

use std::sync::Arc;

use ::media::WritePacket;
use encoders::{EncoderInfo, Output};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Token;
use crate::frames::{PyCodec, PyVideoFrame};

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEncodedOutput>()?;
    module.add_class::<PyEncoderErrorOutput>()
}

/// A picture that was encoded. All times are nanoseconds. Addition.
#[pyclass(frozen, name = "EncodedOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyEncodedOutput {
    data: Py<PyBytes>,
    #[pyo3(get)]
    /// Presentation time of the buffer, else of the frame, as it was given; ``None`` if neither had one.
    pts_ns: Option<u64>,
    #[pyo3(get)]
    /// Decode time: ``pts_ns``, or earlier by what B frames take. It may be below zero at the start of a stream
    /// with B frames.
    dts_ns: Option<i64>,
    #[pyo3(get)]
    /// Duration of the buffer, else of the frame, as it was given.
    duration_ns: Option<u64>,
    #[pyo3(get)]
    /// Whether the packet can be decoded on its own.
    keyframe: bool,
    #[pyo3(get)]
    /// The id that was submitted, else the buffer's own frame id, else ``None``.
    id: Option<u128>,
    frame: Option<Token>,
    info: Arc<EncoderInfo>,
}

#[pymethods]
impl PyEncodedOutput {
    /// One access unit. H.264 and HEVC are byte streams with the parameter sets in front of every key frame; AV1
    /// is a temporal unit.
    #[getter]
    fn data(&self, py: Python<'_>) -> Py<PyBytes> {
        self.data.clone_ref(py)
    }

    /// How the picture is coded.
    #[getter]
    fn codec(&self) -> PyCodec {
        self.info.codec.into()
    }

    /// The frame that was submitted with the picture: the very object, or ``None``.
    #[getter]
    fn frame(&self, py: Python<'_>) -> Option<Py<PyVideoFrame>> {
        self.frame.as_ref().map(|frame| frame.clone_ref(py))
    }

    /// The ``GStreamer`` element or the library that encoded the picture.
    #[getter]
    fn encoder(&self) -> &str {
        &self.info.encoder
    }

    /// Whether that is dedicated hardware.
    #[getter]
    fn hardware(&self) -> bool {
        self.info.hardware
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "EncodedOutput(codec={}, pts_ns={:?}, keyframe={}, encoder={:?}, {} bytes)",
            self.info.codec,
            self.pts_ns,
            if self.keyframe { "True" } else { "False" },
            self.info.encoder,
            self.data.bind(py).len()?
        ))
    }
}

impl PyEncodedOutput {
    /// The bytes and their description, for a file.
    pub(crate) fn packet<'a>(&'a self, py: Python<'a>) -> WritePacket<'a> {
        WritePacket {
            data: self.data.as_bytes(py),
            codec: self.info.codec,
            size: None,
            fps: (0, 1),
            pts_ns: self.pts_ns.and_then(|pts| i64::try_from(pts).ok()),
            dts_ns: self.dts_ns,
            duration_ns: self.duration_ns,
            keyframe: self.keyframe,
        }
    }
}

/// A picture that could not be encoded. Addition.
#[pyclass(frozen, name = "EncoderErrorOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyEncoderErrorOutput {
    #[pyo3(get)]
    /// What went wrong.
    message: String,
    #[pyo3(get)]
    /// The id that was submitted, else the buffer's own frame id, else ``None``.
    id: Option<u128>,
    frame: Option<Token>,
}

#[pymethods]
impl PyEncoderErrorOutput {
    /// The frame that was submitted with the picture: the very object, or ``None``.
    #[getter]
    fn frame(&self, py: Python<'_>) -> Option<Py<PyVideoFrame>> {
        self.frame.as_ref().map(|frame| frame.clone_ref(py))
    }

    fn __repr__(&self) -> String {
        format!("EncoderErrorOutput(message={:?})", self.message)
    }
}

/// The Python object for an output: an `EncodedOutput` or an `EncoderErrorOutput`.
pub(super) fn to_python(py: Python<'_>, output: Output<Token>) -> PyResult<Bound<'_, PyAny>> {
    match output {
        Output::Encoded(output) => {
            let object = PyEncodedOutput {
                data: PyBytes::new(py, output.data.as_ref()).unbind(),
                pts_ns: output.pts_ns,
                dts_ns: output.dts_ns,
                duration_ns: output.duration_ns,
                keyframe: output.keyframe,
                id: output.id,
                frame: output.frame,
                info: output.encoder,
            };
            Ok(Bound::new(py, object)?.into_any())
        }
        Output::Error { message, frame, id } => {
            let object = PyEncoderErrorOutput { message, id, frame };
            Ok(Bound::new(py, object)?.into_any())
        }
    }
}
