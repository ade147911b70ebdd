//! The options that a decoder and a pool of decoders share.

use std::sync::Arc;
use std::time::Duration;

use decoders::config::DecoderConfig;
use decoders::{ConfigCallback, OutputConfig, QueueConfig, QueuePolicy, StreamConfig};
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use surfaces::{TransformConfig, VideoFormat};

use super::Token;
use crate::callback::{Callback, log_error};
use crate::configs::PyDecoderConfig;

/// The options, and the callback that their Python object reports to the collector.
pub(super) struct Options {
    pub(super) stream: StreamConfig<Token>,
    callback: Option<Callback>,
}

impl Options {
    pub(super) fn new(gpu_id: u32, pool_size: u32) -> Self {
        Self {
            stream: StreamConfig::new(gpu_id, pool_size),
            callback: None,
        }
    }

    fn callback(&self, py: Python<'_>) -> Option<Callback> {
        self.callback
            .as_ref()
            .map(|callback| callback.for_another_owner(py))
    }

    /// A changed copy.
    pub(super) fn changed(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut StreamConfig<Token>),
    ) -> Self {
        let mut stream = self.stream.clone();
        change(&mut stream);
        Self {
            stream,
            callback: self.callback(py),
        }
    }

    /// A copy with another callback.
    pub(super) fn with_callback(&self, py: Python<'_>, cb: Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            callback: Some(Callback::new("cb", cb)?),
            ..self.changed(py, |_| {})
        })
    }

    /// The native options, and the callback that their owner has to report to the collector.
    pub(super) fn to_native(&self, py: Python<'_>) -> (StreamConfig<Token>, Option<Callback>) {
        let callback = self.callback(py);
        let native = StreamConfig {
            config_callback: callback.clone().map(config_callback),
            ..self.stream.clone()
        };
        (native, callback)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callback
            .as_ref()
            .map_or(Ok(()), |callback| callback.traverse(visit))
    }

    pub(super) fn clear(&self) {
        if let Some(callback) = &self.callback {
            callback.clear();
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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

/// What `with_output` asks for. `ValueError` for a size of which one side is missing or 0.
pub(super) fn output_config(
    format: VideoFormat,
    width: Option<u32>,
    height: Option<u32>,
    transform: Option<TransformConfig>,
) -> PyResult<OutputConfig> {
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
    Ok(OutputConfig {
        format,
        size,
        transform: transform.unwrap_or(default),
    })
}

/// What `with_queue_policy` asks for. `ValueError` for a queue of 0 packets.
pub(super) fn queue_config(policy: QueuePolicy, max_packets: usize) -> PyResult<QueueConfig> {
    if max_packets == 0 {
        return Err(PyValueError::new_err("max_packets must be at least 1"));
    }
    Ok(QueueConfig {
        policy,
        max_packets,
    })
}

/// Declares a Python class of [`Options`] and a head of its own, with the getters and builders of the options;
/// the last block has the class's own methods.
macro_rules! options_class {
    (
        $(#[$docs:meta])*
        $name:literal $class:ident($head:ty)
        { $($methods:tt)* }
    ) => {
        $(#[$docs])*
        #[pyclass(frozen, name = $name, module = "savant_rs.deepstream")]
        pub(crate) struct $class {
            pub(super) head: $head,
            pub(super) options: Options,
        }

        impl $class {
            fn changed(
                &self,
                py: Python<'_>,
                change: impl FnOnce(&mut StreamConfig<Token>),
            ) -> Self {
                Self {
                    head: self.head.clone(),
                    options: self.options.changed(py, change),
                }
            }
        }

        #[pymethods]
        impl $class {
            $($methods)*

            /// GPU ordinal.
            #[getter]
            fn gpu_id(&self) -> u32 {
                self.options.stream.gpu_id
            }

            /// Output buffers of a decoder; 0 means no limit.
            #[getter]
            fn pool_size(&self) -> u32 {
                self.options.stream.pool_size
            }

            /// The longest gap between pictures while a decoder is drained, in milliseconds (1000 by default).
            #[getter]
            fn idle_timeout_ms(&self) -> u64 {
                milliseconds(self.options.stream.idle_timeout)
            }

            /// How long a decoder may leave queued packets alone and return nothing, in milliseconds (10000 by
            /// default; 0 means for ever). Addition.
            #[getter]
            fn stall_timeout_ms(&self) -> u64 {
                milliseconds(self.options.stream.stall_timeout.unwrap_or_default())
            }

            /// H.264 and HEVC packets kept while waiting for a random access point (30 by default).
            #[getter]
            fn detect_buffer_limit(&self) -> usize {
                self.options.stream.detect_buffer_limit
            }

            /// How much the decoder may depend on hardware (``Hardware.PREFERRED`` by default). Addition.
            #[getter]
            fn hardware(&self) -> PyHardware {
                self.options.stream.hardware.into()
            }

            /// Sets the longest gap between pictures while a decoder is drained, in milliseconds.
            fn with_idle_timeout_ms(&self, py: Python<'_>, ms: u64) -> Self {
                self.changed(py, |stream| stream.idle_timeout = Duration::from_millis(ms))
            }

            /// Sets how long a decoder may leave queued packets alone and return nothing, in milliseconds; 0
            /// means for ever. Addition.
            ///
            /// A decoder that stalls for longer is given up: each of its frames ends in an error output that tells
            /// what it was doing, and a new one begins at the next random access point. Time
            /// in which the consumer holds all output buffers or a callback runs does not count.
            fn with_stall_timeout_ms(&self, py: Python<'_>, ms: u64) -> Self {
                let limit = (ms > 0).then(|| Duration::from_millis(ms));
                self.changed(py, |stream| stream.stall_timeout = limit)
            }

            /// Sets how many H.264 and HEVC packets are kept while waiting for a random access point.
            fn with_detect_buffer_limit(&self, py: Python<'_>, n: usize) -> Self {
                self.changed(py, |stream| stream.detect_buffer_limit = n)
            }

            /// Sets how much the decoder may depend on hardware. Addition.
            ///
            /// When a hardware decoder breaks down, a new one begins at the next random access point; with
            /// ``Hardware.PREFERRED`` a software decoder, which stays until codec or size change.
            fn with_hardware(&self, py: Python<'_>, hardware: PyHardware) -> Self {
                self.changed(py, |stream| stream.hardware = hardware.into())
            }

            /// Pixel format of the output buffers (``VideoFormat.RGBA`` by default). Addition.
            #[getter]
            fn output_format(&self) -> PyVideoFormat {
                self.options.stream.output.format.into()
            }

            /// Width and height of the output buffers in pixels; ``None`` for those that the frames declare. Addition.
            #[getter]
            fn output_size(&self) -> Option<(u32, u32)> {
                self.options.stream.output.size
            }

            /// How pictures of another size than the output buffers are placed and scaled. Addition.
            #[getter]
            fn output_transform(&self) -> PyTransformConfig {
                self.options.stream.output.transform.into()
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
                let transform = transform.map(|transform| (*transform).into());
                let output = output_config(format.into(), width, height, transform)?;
                Ok(self.changed(py, |stream| stream.output = output))
            }

            /// What becomes of packets for a full queue (``QueuePolicy.BLOCK`` by default). Addition.
            #[getter]
            fn queue_policy(&self) -> PyQueuePolicy {
                self.options.stream.queue.policy.into()
            }

            /// How many packets wait for a decoder at most (16 by default). Addition.
            #[getter]
            fn max_packets(&self) -> usize {
                self.options.stream.queue.max_packets
            }

            /// Sets what becomes of packets that come faster than they are decoded. Addition.
            ///
            /// * ``policy``: what becomes of packets for a full queue.
            /// * ``max_packets``: how many packets wait for a decoder at most; ``ValueError`` for 0.
            ///
            /// What is left out is skipped with the reason ``is_queue_overflow``; no picture that is decoded refers
            /// to one that was left out.
            #[pyo3(signature = (policy, *, max_packets=16))]
            fn with_queue_policy(
                &self,
                py: Python<'_>,
                policy: PyQueuePolicy,
                max_packets: usize,
            ) -> PyResult<Self> {
                let queue = queue_config(policy.into(), max_packets)?;
                Ok(self.changed(py, |stream| stream.queue = queue))
            }

            /// What becomes of damaged frames (``DamagePolicy.DELIVER`` by default). Addition.
            #[getter]
            fn damage_policy(&self) -> PyDamagePolicy {
                self.options.stream.damage.into()
            }

            /// Sets what becomes of frames that are damaged, or refer to one that is or that was lost. Addition.
            ///
            /// Damage is what the stream or the decoder tells of: a gap in the frame numbers of H.264, a picture order
            /// count of H.264 or HEVC out of its sequence, a slice header that cannot be read, a packet that no picture
            /// comes out of, a picture that the decoder marks, a stream that is joined between two random access
            /// points, and :meth:`FlexibleDecoder.discontinuity`. It lasts until the next random access point.
            ///
            /// Not all damage is told of: software decoders conceal wrong bits inside a picture, and the headers of HEVC,
            /// VP8, VP9 and AV1 do not show every loss. Who knows of a loss calls ``discontinuity``.
            ///
            /// With ``DamagePolicy.DROP_UNTIL_KEYFRAME`` and ``ERROR``, frames are skipped with the reason
            /// ``is_damaged``; a frame that no picture came out of is skipped as ``is_no_picture``, or is the one that
            /// ends in the error. A hardware decoder of H.264 or HEVC is given nothing between a loss and the next random
            /// access point, so that ``DELIVER`` has no pictures to deliver: these frames are skipped as
            /// ``is_no_picture``.
            fn with_damage_policy(&self, py: Python<'_>, policy: PyDamagePolicy) -> Self {
                self.changed(py, |stream| stream.damage = policy.into())
            }

            /// Sets a callable ``(DecoderConfig, VideoFrame) -> DecoderConfig``.
            ///
            /// It is called with the configuration found in the stream, on the submitting thread, when decoding
            /// begins and when codec, size or this configuration change. An exception or another result is
            /// logged, and the configuration is used unchanged.
            fn with_decoder_config_callback(&self, py: Python<'_>, cb: Bound<'_, PyAny>) -> PyResult<Self> {
                let options = self.options.with_callback(py, cb)?;
                Ok(Self { head: self.head.clone(), options })
            }

            fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                self.options.traverse(&visit)
            }

            fn __clear__(&self) {
                self.options.clear();
            }
        }
    };
}

pub(super) use options_class;
