//! `EncoderConfig`.

use std::time::Duration;

use encoders::EncoderConfig;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::properties::PyEncoderProperties;
use crate::enums::{PyHardware, PyMemType, PyVideoFormat};
use crate::frames::PyCodec;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEncoderConfig>()
}

/// `codec=`: a `Codec` or the name of one.
#[derive(Clone, Copy)]
struct CodecArgument(::frames::Codec);

impl<'py> FromPyObject<'_, 'py> for CodecArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(codec) = object.extract::<PyCodec>() {
            return Ok(Self(codec.into()));
        }
        if object.is_instance_of::<PyString>() {
            return ::frames::Codec::from_name(&object.extract::<String>()?)
                .map(Self)
                .map_err(|error| PyValueError::new_err(error.to_string()));
        }
        let got = object.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "codec must be a Codec or the name of one, not {got}"
        )))
    }
}

/// Configuration of an encoder. The builder methods change this object and return it.
///
/// * ``codec``: how pictures are coded: ``H264``, ``Hevc``, ``Av1``, ``Jpeg``, ``Png``, ``RawRgba``, ``RawRgb`` or
///   ``RawNv12``, as a :class:`Codec` or a name.
/// * ``width``, ``height``: size of the pictures in pixels; even for H.264, HEVC and AV1.
///
/// At first the format is ``NV12``, the rate 30/1, the GPU 0, the memory type ``DEFAULT``, and there are no
/// properties. Nothing is checked before an encoder is made.
#[derive(Clone)]
#[pyclass(
    from_py_object,
    name = "EncoderConfig",
    module = "savant_rs.deepstream"
)]
pub(crate) struct PyEncoderConfig {
    pub(super) inner: EncoderConfig,
}

impl PyEncoderConfig {
    fn changed(
        this: Bound<'_, Self>,
        change: impl FnOnce(&mut EncoderConfig),
    ) -> PyResult<Bound<'_, Self>> {
        change(&mut this.try_borrow_mut()?.inner);
        Ok(this)
    }
}

#[pymethods]
impl PyEncoderConfig {
    #[new]
    fn new(codec: CodecArgument, width: u32, height: u32) -> Self {
        Self {
            inner: EncoderConfig::new(codec.0, width, height),
        }
    }

    /// Sets the pixel format of the buffers that will be given. Buffers in other formats are converted all the
    /// same; PNG insists on ``VideoFormat.RGBA`` here.
    fn format(this: Bound<'_, Self>, f: PyVideoFormat) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.format = f.into())
    }

    /// Sets the frame rate, frames in ``num / den`` seconds of 1. Rate control goes by it.
    fn fps(this: Bound<'_, Self>, num: i32, den: i32) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.fps = (num, den))
    }

    /// Sets the GPU that encodes.
    fn gpu_id(this: Bound<'_, Self>, id: u32) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.gpu_id = id)
    }

    /// Sets the memory type of buffers that the encoder makes for itself.
    fn mem_type(this: Bound<'_, Self>, mt: PyMemType) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.mem_type = mt.into())
    }

    /// Sets the properties of the encoder, which must be those of the codec.
    fn properties(this: Bound<'_, Self>, props: PyEncoderProperties) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.properties = Some(props.inner))
    }

    /// Sets how much the encoder may depend on hardware. Addition.
    ///
    /// Without it, H.264, HEVC and AV1 on a GPU demand hardware, and everything else takes what there is:
    /// PNG and raw pictures are made by the CPU everywhere, as is all on a machine without a GPU.
    fn with_hardware(this: Bound<'_, Self>, hardware: PyHardware) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.hardware = Some(hardware.into()))
    }

    /// Sets how many B frames may follow each other, 0 to 16; 0 at first. Addition.
    ///
    /// For software encoders of H.264 and HEVC. Packets then come in decode order, so presentation times jump.
    fn with_b_frames(this: Bound<'_, Self>, n: u32) -> PyResult<Bound<'_, Self>> {
        Self::changed(this, |inner| inner.b_frames = n)
    }

    /// Sets how long, in milliseconds, an encoder element may do nothing although pictures wait; 10,000 at
    /// first, 0 for ever. Then it is given up: its pictures end as errors, and the next ones get a new element.
    /// Whoever waits, in ``submit``, ``flush`` or ``graceful_shutdown``, looks after it. Addition.
    fn with_stall_timeout_ms(this: Bound<'_, Self>, ms: u64) -> PyResult<Bound<'_, Self>> {
        let limit = (ms > 0).then(|| Duration::from_millis(ms));
        Self::changed(this, |inner| inner.stall_timeout = limit)
    }

    /// Numerator of the frame rate.
    #[getter]
    fn fps_num(&self) -> i32 {
        self.inner.fps.0
    }

    #[setter]
    fn set_fps_num(&mut self, value: i32) {
        self.inner.fps.0 = value;
    }

    /// Denominator of the frame rate.
    #[getter]
    fn fps_den(&self) -> i32 {
        self.inner.fps.1
    }

    #[setter]
    fn set_fps_den(&mut self, value: i32) {
        self.inner.fps.1 = value;
    }

    /// A copy of the properties, or ``None``.
    #[getter]
    fn encoder_params(&self) -> Option<PyEncoderProperties> {
        let inner = self.inner.properties.clone()?;
        Some(PyEncoderProperties { inner })
    }

    #[setter]
    fn set_encoder_params(&mut self, value: Option<PyEncoderProperties>) {
        self.inner.properties = value.map(|properties| properties.inner);
    }

    fn __repr__(&self) -> String {
        self.inner.to_string()
    }
}
