//! `FlexibleDecoderConfig`.

use std::sync::Arc;
use std::time::Duration;

use decoders::config::DecoderConfig;
use decoders::{ConfigCallback, FlexibleDecoderConfig, OutputConfig};
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use surfaces::TransformConfig;

use super::Token;
use super::callback::{Callback, log_error};
use crate::configs::PyDecoderConfig;
use crate::enums::{PyHardware, PyVideoFormat};
use crate::geometry::PyTransformConfig;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoderConfig>()
}

/// Configuration of a :class:`FlexibleDecoder`. The ``with_*`` methods return a new configuration.
///
/// * ``source_id``: the only source whose frames are decoded.
/// * ``gpu_id``: GPU ordinal; the host backend has device 0 only.
/// * ``pool_size``: RGBA buffers of the decoder; decoding pauses while all are in use. 0 means no limit.
#[pyclass(
    frozen,
    name = "FlexibleDecoderConfig",
    module = "savant_rs.deepstream"
)]
pub(crate) struct PyFlexibleDecoderConfig {
    inner: FlexibleDecoderConfig<Token>,
    callback: Option<Callback>,
}

impl PyFlexibleDecoderConfig {
    fn changed(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut FlexibleDecoderConfig<Token>),
    ) -> Self {
        let mut inner = self.inner.clone();
        change(&mut inner);
        let callback = self
            .callback
            .as_ref()
            .map(|callback| callback.for_another_owner(py));
        Self { inner, callback }
    }

    /// The native configuration, and the callback that its owner has to report to the collector.
    pub(super) fn to_native(
        &self,
        py: Python<'_>,
    ) -> (FlexibleDecoderConfig<Token>, Option<Callback>) {
        let mut native = self.inner.clone();
        let callback = self
            .callback
            .as_ref()
            .map(|callback| callback.for_another_owner(py));
        native.config_callback = callback.clone().map(config_callback);
        (native, callback)
    }
}

fn config_callback(callback: Callback) -> ConfigCallback<Token> {
    const NAME: &str = "the decoder config callback";
    Arc::new(move |config: DecoderConfig, frame: &Token| {
        let changed = Python::try_attach(|py| {
            let args = (
                PyDecoderConfig {
                    inner: config.clone(),
                },
                frame.clone_ref(py),
            );
            let result = callback.call(py, NAME, args)?;
            if let Ok(changed) = result.cast::<PyDecoderConfig>() {
                return Some(changed.get().inner.clone());
            }
            let class = result.get_type().name();
            let got = class.map_or_else(|_| "?".into(), |name| name.to_string());
            log_error(
                py,
                &format!("{NAME} must return a DecoderConfig, not {got}; it is ignored"),
            );
            None
        });
        changed.flatten().unwrap_or(config)
    })
}

#[pymethods]
impl PyFlexibleDecoderConfig {
    #[new]
    fn new(source_id: String, gpu_id: u32, pool_size: u32) -> Self {
        Self {
            inner: FlexibleDecoderConfig::new(source_id, gpu_id, pool_size),
            callback: None,
        }
    }

    /// The only source whose frames are decoded.
    #[getter]
    fn source_id(&self) -> &str {
        &self.inner.source_id
    }

    /// GPU ordinal.
    #[getter]
    fn gpu_id(&self) -> u32 {
        self.inner.gpu_id
    }

    /// Output buffers of the decoder; 0 means no limit.
    #[getter]
    fn pool_size(&self) -> u32 {
        self.inner.pool_size
    }

    /// The longest gap between pictures while a decoder is drained, in milliseconds (1000 by default).
    #[getter]
    fn idle_timeout_ms(&self) -> u64 {
        u64::try_from(self.inner.idle_timeout.as_millis()).unwrap_or(u64::MAX)
    }

    /// How long a decoder may leave queued packets alone and return nothing, in milliseconds (10000 by
    /// default; 0 means for ever). Addition.
    #[getter]
    fn stall_timeout_ms(&self) -> u64 {
        let limit = self.inner.stall_timeout.unwrap_or_default();
        u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
    }

    /// H.264 and HEVC packets kept while waiting for a random access point (30 by default).
    #[getter]
    fn detect_buffer_limit(&self) -> usize {
        self.inner.detect_buffer_limit
    }

    /// How much the decoder may depend on hardware (``Hardware.PREFERRED`` by default). Addition.
    #[getter]
    fn hardware(&self) -> PyHardware {
        self.inner.hardware.into()
    }

    /// Sets the longest gap between pictures while a decoder is drained, in milliseconds.
    fn with_idle_timeout_ms(&self, py: Python<'_>, ms: u64) -> Self {
        self.changed(py, |inner| inner.idle_timeout = Duration::from_millis(ms))
    }

    /// Sets how long a decoder may leave queued packets alone and return nothing, in milliseconds; 0
    /// means for ever. Addition.
    ///
    /// A decoder that stalls for longer is given up: each of its frames ends in an error output that tells
    /// what it was doing, and a new one begins at the next random access point (H.264 and HEVC) or the
    /// next frame. Time in which the consumer holds all output buffers or a callback runs does not count.
    fn with_stall_timeout_ms(&self, py: Python<'_>, ms: u64) -> Self {
        let limit = (ms > 0).then(|| Duration::from_millis(ms));
        self.changed(py, |inner| inner.stall_timeout = limit)
    }

    /// Sets how many H.264 and HEVC packets are kept while waiting for a random access point.
    fn with_detect_buffer_limit(&self, py: Python<'_>, n: usize) -> Self {
        self.changed(py, |inner| inner.detect_buffer_limit = n)
    }

    /// Sets how much the decoder may depend on hardware. Addition.
    fn with_hardware(&self, py: Python<'_>, hardware: PyHardware) -> Self {
        self.changed(py, |inner| inner.hardware = hardware.into())
    }

    /// Pixel format of the output buffers (``VideoFormat.RGBA`` by default). Addition.
    #[getter]
    fn output_format(&self) -> PyVideoFormat {
        self.inner.output.format.into()
    }

    /// Width and height of the output buffers in pixels; ``None`` for those that the frames declare. Addition.
    #[getter]
    fn output_size(&self) -> Option<(u32, u32)> {
        self.inner.output.size
    }

    /// How pictures of another size than the output buffers are placed and scaled. Addition.
    #[getter]
    fn output_transform(&self) -> PyTransformConfig {
        self.inner.output.transform.into()
    }

    /// Sets pixel format, size and placement of the pictures in the output buffers. Addition.
    ///
    /// * ``format``: pixel format of the output buffers.
    /// * ``width``, ``height``: their size in pixels; both or none. Without them pictures come in the size that
    ///   their frames declare.
    /// * ``transform``: how a picture of another size is placed and scaled: by default symmetrically letterboxed,
    ///   ``Interpolation.BILINEAR`` into a size of your own, ``Interpolation.NEAREST`` into the declared one.
    ///   :attr:`DecodedFrame.rect` tells what it covers.
    ///
    /// ``ValueError`` for a size of which one side is missing or 0. Pictures are scaled in one pass from what the
    /// decoder made, never by way of a large RGBA picture.
    ///
    /// In ``NV12``, ``NV21`` and ``I420`` the samples of 8-bit 4:2:0 streams and JPEGs of the frame's size are
    /// delivered as they were decoded, as are luma in ``GRAY8`` and 4:2:2 in ``UYVY``; the buffer's
    /// ``color_format`` tells matrix and range (of JPEG: BT.601, full). What the CPU decodes in another layout
    /// comes in all of these formats by way of RGB; PNG and raw RGB become BT.601 in limited range.
    #[pyo3(signature = (format=PyVideoFormat::Rgba, width=None, height=None, transform=None))]
    fn with_output(
        &self,
        py: Python<'_>,
        format: PyVideoFormat,
        width: Option<u32>,
        height: Option<u32>,
        transform: Option<PyRef<'_, PyTransformConfig>>,
    ) -> PyResult<Self> {
        let size = match (width, height) {
            (None, None) => None,
            (Some(width @ 1..), Some(height @ 1..)) => Some((width, height)),
            _ => {
                return Err(PyValueError::new_err(
                    "width and height must both be given, and be at least 1",
                ));
            }
        };
        let default = match size {
            Some(_) => TransformConfig::default(),
            None => OutputConfig::default().transform,
        };
        let output = OutputConfig {
            format: format.into(),
            size,
            transform: transform.map_or(default, |transform| (*transform).into()),
        };
        Ok(self.changed(py, |inner| inner.output = output))
    }

    /// Sets a callable ``(DecoderConfig, VideoFrame) -> DecoderConfig``.
    ///
    /// It is called once for each decoder that is built, on the submitting thread, with the
    /// configuration found in the stream. An exception or another result is logged, and the
    /// configuration is used unchanged.
    fn with_decoder_config_callback(&self, py: Python<'_>, cb: Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            callback: Some(Callback::new("cb", cb)?),
            ..self.changed(py, |_| {})
        })
    }

    fn __repr__(&self) -> String {
        format!(
            "FlexibleDecoderConfig(source_id={:?}, gpu_id={}, pool_size={}, idle_timeout_ms={}, detect_buffer_limit={})",
            self.inner.source_id,
            self.inner.gpu_id,
            self.inner.pool_size,
            self.idle_timeout_ms(),
            self.inner.detect_buffer_limit
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callback
            .as_ref()
            .map_or(Ok(()), |callback| callback.traverse(&visit))
    }

    fn __clear__(&self) {
        if let Some(callback) = &self.callback {
            callback.clear();
        }
    }
}
