//! `DecodedFrame` and `FrameOutput`.

use decoders::{DecodedFrame, FrameOutput};
use pyo3::prelude::*;

use super::Token;
use super::sealed::PySealedDelivery;
use crate::enums::PyVideoFormat;
use crate::frames::{PyCodec, PyVideoFrame};
use crate::geometry::PyRect;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDecodedFrame>()?;
    module.add_class::<PyFrameOutput>()
}

/// Metadata of a decoded picture, as it was when this object was made. All times are nanoseconds.
#[pyclass(frozen, name = "DecodedFrame", module = "savant_rs.deepstream")]
pub(crate) struct PyDecodedFrame {
    pub(super) inner: DecodedFrame,
    pub(super) has_buffer: bool,
}

#[pymethods]
impl PyDecodedFrame {
    /// The UUID of the submitted frame as an integer; ``None`` for a picture that belongs to no frame.
    #[getter]
    fn frame_id(&self) -> Option<u128> {
        self.inner.frame_id
    }

    /// Presentation time of the submitted frame; ``None`` for a picture that belongs to no frame.
    #[getter]
    fn pts_ns(&self) -> Option<u64> {
        self.inner.pts_ns
    }

    /// Decode time of the submitted frame, or ``None``.
    #[getter]
    fn dts_ns(&self) -> Option<u64> {
        self.inner.dts_ns
    }

    /// Duration of the submitted frame, or ``None``.
    #[getter]
    fn duration_ns(&self) -> Option<u64> {
        self.inner.duration_ns
    }

    /// Codec of the submitted frame.
    #[getter]
    fn codec(&self) -> PyCodec {
        self.inner.decoder.codec.into()
    }

    /// Pixel format of the buffer.
    #[getter]
    fn format(&self) -> PyVideoFormat {
        self.inner.format.into()
    }

    /// The part of the buffer that the picture covers, in pixels; the rest is black, or transparent in RGBA.
    /// ``None`` for a picture that belongs to no frame. Addition.
    #[getter]
    fn rect(&self) -> Option<PyRect> {
        self.inner.rect.map(Into::into)
    }

    /// Whether the picture is damaged or refers to one that is or that was lost, as far as the stream and the decoder
    /// tell; see :meth:`FlexibleDecoderConfig.with_damage_policy`. Addition.
    #[getter]
    fn is_corrupt(&self) -> bool {
        self.inner.is_corrupt
    }

    /// Whether the buffer could still be taken.
    #[getter]
    fn has_buffer(&self) -> bool {
        self.has_buffer
    }

    /// The GStreamer element or the library that decoded the picture. Addition.
    #[getter]
    fn decoder(&self) -> &str {
        &self.inner.decoder.decoder
    }

    /// Whether that is dedicated hardware. Addition.
    #[getter]
    fn hardware(&self) -> bool {
        self.inner.decoder.hardware
    }

    pub(super) fn __repr__(&self) -> String {
        format!(
            "DecodedFrame(codec={}, pts_ns={:?}, format={}, decoder={:?}, has_buffer={})",
            self.inner.decoder.codec.name(),
            self.inner.pts_ns,
            self.inner.format.name(),
            self.inner.decoder.decoder,
            if self.has_buffer { "True" } else { "False" }
        )
    }
}

/// A decoded picture with the frame it belongs to.
///
/// The seal of a delivery taken from it opens when no reference to this object, nor to the
/// :class:`FlexibleDecoderOutput` that it came from, is left.
#[pyclass(frozen, name = "FrameOutput", module = "savant_rs.deepstream")]
pub(crate) struct PyFrameOutput {
    pub(super) inner: FrameOutput<Token>,
}

#[pymethods]
impl PyFrameOutput {
    /// The submitted frame: the very object.
    #[getter]
    fn frame(&self, py: Python<'_>) -> Py<PyVideoFrame> {
        self.inner.frame.clone_ref(py)
    }

    /// Metadata of the picture, as of now.
    #[getter]
    fn decoded_frame(&self) -> PyDecodedFrame {
        PyDecodedFrame {
            inner: self.inner.decoded.clone(),
            has_buffer: self.inner.has_buffer(),
        }
    }

    /// Takes the sealed (frame, buffer) pair; ``None`` after the first call.
    fn take_delivery(&self) -> Option<PySealedDelivery> {
        self.inner.take_delivery().map(PySealedDelivery::new)
    }

    fn __repr__(&self) -> String {
        format!("FrameOutput({})", self.decoded_frame().__repr__())
    }
}
