//! `FlexibleDecoderPool`.

use std::sync::Arc;
use std::time::Duration;

use decoders::FlexibleDecoderPool;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::calls::{Receiver, exception, submission};
use super::eviction::eviction_callback;
use super::outputs::PyDecoderOutputs;
use super::pool_config::PyFlexibleDecoderPoolConfig;
use super::{Token, stats};
use crate::callback::Callback;
use crate::frames::PyVideoFrame;
use crate::gil;
use crate::live;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoderPool>()
}

/// Decodes any number of streams: each ``source_id`` has a decoder of its own.
///
/// A decoder is made when the first frame of its source comes. When nothing has been submitted for a source for
/// longer than ``eviction_ttl_ms`` it is evicted: what is inside comes out in the background, its decoder and its
/// buffers are let go of, and a later frame starts as the first one did, behind the last old frame. No source
/// waits for another.
///
/// * ``config``: see :class:`FlexibleDecoderPoolConfig`.
/// * ``result_callback``: called with a :class:`FlexibleDecoderOutput` for every output, those of one source in
///   order, those of different sources on different threads, possibly at the same time. What it raises is logged
///   to ``savant_rs.deepstream`` and ignored. ``None``: :meth:`outputs` has them.
/// * ``eviction_callback``: called with the id of a source that has been idle for too long, on a thread of the
///   pool. ``EvictionDecision.KEEP`` restarts the source's time; anything else, and an exception, evicts it and
///   is logged. Submits for that source wait until it returns.
///
/// All methods may be called from any thread. They release the GIL while they work, and Ctrl-C ends their waits.
#[pyclass(
    frozen,
    name = "FlexibleDecoderPool",
    module = "savant_rs.deepstream",
    weakref
)]
pub(crate) struct PyFlexibleDecoderPool {
    inner: Arc<FlexibleDecoderPool<Token>>,
    receiver: Receiver,
    /// The other callbacks.
    callbacks: Vec<Callback>,
}

impl PyFlexibleDecoderPool {
    fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.callbacks.iter().chain(self.receiver.callback())
    }
}

#[pymethods]
impl PyFlexibleDecoderPool {
    #[new]
    #[pyo3(signature = (config, result_callback, eviction_callback=None))]
    fn new(
        py: Python<'_>,
        config: &PyFlexibleDecoderPoolConfig,
        result_callback: Option<Bound<'_, PyAny>>,
        eviction_callback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (config, config_callback) = config.to_native(py);
        let receiver = Receiver::new(result_callback)?;
        let eviction = eviction_callback
            .map(|callable| Callback::new("eviction_callback", callable))
            .transpose()?;
        let inner = Arc::new(FlexibleDecoderPool::new(
            config,
            receiver.sink(),
            eviction.clone().map(self::eviction_callback),
        ));
        live::watch(&inner);
        Ok(Self {
            inner,
            receiver,
            callbacks: eviction.into_iter().chain(config_callback).collect(),
        })
    }

    /// Takes an encoded frame of any source.
    ///
    /// * ``frame``: source, codec, size and times; see :meth:`FlexibleDecoder.submit`.
    /// * ``data``: the payload, one access unit; ``None`` for the frame's internal content.
    /// * ``timeout_ms``: the longest wait in milliseconds, or ``None`` for no limit. ``TimeoutError`` when it is
    ///   over, which tells what is waited for; the frame is not counted. Addition.
    ///
    /// Blocks while the queue of this source is full, and while the eviction callback decides about it. From a
    /// callback of this pool it never blocks, but raises when four times as many packets wait.
    ///
    /// ``RuntimeError`` after a shutdown and for a raw payload of the wrong size: such a frame is not counted.
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

    /// Passes a logical end of stream on: a :class:`SourceEosOutput` behind all frames of that source submitted
    /// before; for a source that is not there, at once and on this thread.
    ///
    /// It makes no decoder and does not count as activity of the source. ``RuntimeError`` after a shutdown.
    fn source_eos(&self, py: Python<'_>, source_id: &str) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.source_eos(source_id, wait))?
            .map_err(|error| exception(&error))
    }

    /// Says that packets were lost upstream: the next frame is treated like one behind a loss that the headers tell
    /// of, and the damage policy applies until the next random access point. Addition.
    ///
    /// Does nothing for a source that is not there, and is no activity of the source. Timestamps may jump here, as
    /// they may anywhere. Never waits, and may be called from a callback. ``RuntimeError`` after a shutdown.
    fn discontinuity(&self, py: Python<'_>, source_id: &str) -> PyResult<()> {
        py.detach(|| self.inner.discontinuity(source_id))
            .map_err(|error| exception(&error))
    }

    /// Delivers everything that is inside, of all sources at the same time, and shuts down. Blocks until the last
    /// callback has returned.
    ///
    /// ``timeout_ms``: the longest wait in milliseconds, or ``None`` for no limit; what is inside when it is over
    /// is dropped and counted as ``lost``. Addition.
    ///
    /// ``RuntimeError`` if the pool is shut down already, and inside a callback of this pool.
    #[pyo3(signature = (*, timeout_ms=None))]
    fn graceful_shutdown(&self, py: Python<'_>, timeout_ms: Option<u64>) -> PyResult<()> {
        let timeout = timeout_ms.map(Duration::from_millis);
        gil::blocking(py, timeout, |wait| self.inner.graceful_shutdown(wait))?
            .map_err(|error| exception(&error))
    }

    /// Shuts down at once; frames inside are dropped and counted as ``lost``. Waits for callbacks that are
    /// running, at most some seconds.
    ///
    /// ``RuntimeError`` if the pool is shut down already, and inside a callback of this pool.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.inner.shutdown())
            .map_err(|error| exception(&error))
    }

    /// The outputs, those of each source in order, of a pool that was made with ``None`` for a callback. Addition.
    ///
    /// While 16 outputs wait, all decoders wait, and so does :meth:`submit`. ``RuntimeError`` if there is a
    /// callback.
    fn outputs(&self) -> PyResult<PyDecoderOutputs> {
        PyDecoderOutputs::of(self.receiver.outputs(), &self.inner)
    }

    /// The counters of the pool; works after a shutdown too. Addition.
    ///
    /// The sums over all sources, those evicted included, under the keys of :meth:`FlexibleDecoder.stats` without
    /// ``last_pts_ns`` and ``blocked_on``; ``latency_ns`` has the percentiles of the sources that are there.
    /// Further: ``evictions``, how often a source was evicted, and ``sources``, a dict from the id of each source
    /// that is there to its own counters.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = py.detach(|| self.inner.stats());
        stats::of_pool(py, &snapshot)
    }

    fn __repr__(&self) -> &'static str {
        if self.inner.is_shut_down() {
            "FlexibleDecoderPool(shut_down)"
        } else {
            "FlexibleDecoderPool(running)"
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
