//! `FlexibleDecoder`.

use std::sync::Arc;
use std::time::Duration;

use decoders::FlexibleDecoder;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::calls::{Receiver, exception, submission};
use super::config::PyFlexibleDecoderConfig;
use super::outputs::PyDecoderOutputs;
use super::{Token, stats};
use crate::callback::Callback;
use crate::frames::PyVideoFrame;
use crate::gil;
use crate::live;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoder>()
}

/// Decodes one stream of any codec into pooled RGBA buffers.
///
/// A decoder is built when the first frame comes, and again when codec or size change. Every submitted
/// frame ends in exactly one output, or counts as ``lost`` after :meth:`shutdown`.
///
/// * ``config``: see :class:`FlexibleDecoderConfig`.
/// * ``result_callback``: called with a :class:`FlexibleDecoderOutput` for every output, in order, on a
///   thread of the decoder; with skips that are known at once, on the submitting thread. What it raises
///   is logged to ``savant_rs.deepstream`` and ignored. ``None``: :meth:`outputs` has them.
///
/// Pictures come as they are coded: the EXIF orientation of a JPEG is not applied, nor are colour profiles.
/// PNG samples of 16 bits are rounded to 8.
///
/// All methods may be called from any thread. They release the GIL while they work, and Ctrl-C ends
/// their waits.
#[pyclass(
    frozen,
    name = "FlexibleDecoder",
    module = "savant_rs.deepstream",
    weakref
)]
pub(crate) struct PyFlexibleDecoder {
    inner: Arc<FlexibleDecoder<Token>>,
    receiver: Receiver,
    config_callback: Option<Callback>,
}

impl PyFlexibleDecoder {
    fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        let callbacks = [self.receiver.callback(), self.config_callback.as_ref()];
        callbacks.into_iter().flatten()
    }
}

#[pymethods]
impl PyFlexibleDecoder {
    #[new]
    fn new(
        py: Python<'_>,
        config: &PyFlexibleDecoderConfig,
        result_callback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (config, config_callback) = config.to_native(py);
        let receiver = Receiver::new(result_callback)?;
        let inner = Arc::new(FlexibleDecoder::new(config, receiver.sink()));
        live::watch(&inner);
        Ok(Self {
            inner,
            receiver,
            config_callback,
        })
    }

    /// Takes an encoded frame.
    ///
    /// * ``frame``: codec, size and times; it comes back with the frame's output. Codec, size and times
    ///   are read now; later changes of the object do not matter to the decoder.
    /// * ``data``: the payload, one access unit; ``None`` for the frame's internal content.
    ///
    /// * ``timeout_ms``: the longest wait for room in the queue in milliseconds, or ``None`` for no limit.
    ///   ``TimeoutError`` when it is over, which tells what holds the queue; the frame is not counted. Addition.
    ///
    /// Blocks while the queue is full (16 packets; see :meth:`FlexibleDecoderConfig.with_queue_policy`) and, when
    /// codec or size changed, until all earlier frames and the parameter change have been handed over. From a
    /// callback of this decoder it never blocks, but raises when four times as many packets wait.
    ///
    /// ``RuntimeError`` after a shutdown and for a raw payload of the wrong size: such a frame is not
    /// counted. Whatever the decoder makes of the data is told by outputs.
    #[pyo3(signature = (frame, data=None, *, timeout_ms=None))]
    fn submit(
        &self,
        py: Python<'_>,
        frame: &Bound<'_, PyVideoFrame>,
        data: Option<&Bound<'_, PyAny>>,
        timeout_ms: Option<u64>,
    ) -> PyResult<()> {
        let submission = submission(frame, data)?;
        let timeout = timeout_ms.map(Duration::from_millis);
        gil::blocking(py, timeout, |wait| self.inner.submit(submission, wait))?
            .map_err(|error| exception(&error))
    }

    /// Passes a logical end of stream on: a :class:`SourceEosOutput` behind all frames submitted before.
    ///
    /// The decoder goes on. ``source_id`` is passed through unchanged. ``RuntimeError`` after a shutdown.
    fn source_eos(&self, py: Python<'_>, source_id: String) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.source_eos(source_id, wait))?
            .map_err(|error| exception(&error))
    }

    /// Says that packets were lost upstream: the next frame is treated like one behind a loss that the headers tell
    /// of, and the damage policy applies until the next random access point. Addition.
    ///
    /// Does nothing for another source than this decoder's. Timestamps may jump here, as they may anywhere.
    /// Never waits, and may be called from a callback. ``RuntimeError`` after a shutdown.
    fn discontinuity(&self, py: Python<'_>, source_id: &str) -> PyResult<()> {
        py.detach(|| self.inner.discontinuity(source_id))
            .map_err(|error| exception(&error))
    }

    /// Delivers everything that is inside and shuts down. Blocks until the last callback has returned.
    ///
    /// ``RuntimeError`` if the decoder is shut down already, and inside a callback of this decoder.
    fn graceful_shutdown(&self, py: Python<'_>) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.graceful_shutdown(wait))?
            .map_err(|error| exception(&error))
    }

    /// Shuts down at once; frames inside are dropped and counted as ``lost``. Waits for a callback that
    /// is running, at most some seconds.
    ///
    /// ``RuntimeError`` if the decoder is shut down already, and inside a callback of this decoder.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.inner.shutdown())
            .map_err(|error| exception(&error))
    }

    /// The outputs, in order, of a decoder that was made with ``None`` for a callback. Addition.
    ///
    /// While 16 outputs wait, or all buffers, the decoder waits, and so does :meth:`submit`. ``RuntimeError``
    /// if there is a callback.
    fn outputs(&self) -> PyResult<PyDecoderOutputs> {
        PyDecoderOutputs::of(self.receiver.outputs(), &self.inner)
    }

    /// A consistent snapshot of the decoder's counters; works after a shutdown too. Addition.
    ///
    /// ``submitted`` = ``delivered`` + all of ``skipped`` (a dict by reason) + ``errors`` + ``lost`` +
    /// ``in_flight``. Further: ``orphans``; ``queue_depths`` with ``input``, ``decoder`` and ``output``;
    /// ``pool`` with ``capacity`` and ``in_use``, or ``None`` without a session; ``last_pts_ns``;
    /// ``latency_ns`` from submission to delivery with ``p50``, ``p99`` (of the latest 1024 frames) and
    /// ``max``, or ``None``; ``blocked_on``: ``"pool"``, ``"callback"``, ``"random_access"`` (packets are
    /// put aside until one comes from which decoding can begin) or ``None``.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = py.detach(|| self.inner.stats());
        stats::of_decoder(py, &snapshot)
    }

    fn __repr__(&self) -> &'static str {
        if self.inner.is_shut_down() {
            "FlexibleDecoder(shut_down)"
        } else {
            "FlexibleDecoder(running)"
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callbacks()
            .try_for_each(|callback| callback.traverse(&visit))
    }

    fn __clear__(&self) {
        self.callbacks().for_each(Callback::clear);
    }
}
