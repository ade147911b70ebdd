//! `FlexibleDecoder`.

use std::sync::{Arc, Weak};

use ::frames::VideoFrameContent;
use decoders::{DecoderError, FlexibleDecoder, Output, Payload, Sink, Submission};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use surfaces::wait::WaitError;

use super::callback::{Callback, log_exception};
use super::config::PyFlexibleDecoderConfig;
use super::output::PyFlexibleDecoderOutput;
use super::{Token, stats};
use crate::frames::PyVideoFrame;
use crate::gil;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoder>()?;
    module.add_function(wrap_pyfunction!(_shutdown_all, module)?)?;
    module.add_function(wrap_pyfunction!(_live_objects, module)?)
}

/// The decoders that Python holds, for the shutdown at exit.
static LIVE: Mutex<Vec<Weak<FlexibleDecoder<Token>>>> = Mutex::new(Vec::new());

const RESULT_CALLBACK: &str = "the result callback";

/// Decodes one stream of any codec into pooled RGBA buffers.
///
/// A decoder is built when the first frame comes, and again when codec or size change. Every submitted
/// frame ends in exactly one output, or counts as ``lost`` after :meth:`shutdown`.
///
/// * ``config``: see :class:`FlexibleDecoderConfig`.
/// * ``result_callback``: called with a :class:`FlexibleDecoderOutput` for every output, in order, on a
///   thread of the decoder; with skips that are known at once, on the submitting thread. What it raises
///   is logged to ``savant_rs.deepstream`` and ignored.
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
    result_callback: Callback,
    config_callback: Option<Callback>,
}

fn exception(error: &DecoderError) -> PyErr {
    match error {
        DecoderError::Wait(WaitError::TimedOut) => PyTimeoutError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}

fn payload(frame: &PyVideoFrame, data: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Payload>> {
    match data {
        None => Ok(match frame.inner.content() {
            VideoFrameContent::Internal(data) => Some(data),
            _ => None,
        }),
        Some(data) => match data.cast::<PyBytes>() {
            Ok(bytes) => Ok(Some(bytes.as_bytes().into())),
            Err(_) => Ok(Some(data.extract::<Vec<u8>>()?.into())),
        },
    }
}

/// Hands outputs to Python.
struct ResultCallback(Callback);

impl Sink<Token> for ResultCallback {
    fn take(&self, output: Output<Token>) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| match PyFlexibleDecoderOutput::new(py, output) {
            Ok(output) => drop(self.0.call(py, RESULT_CALLBACK, (output,))),
            Err(error) => log_exception(py, "making an output", error),
        });
    }

    /// Gets the GIL once for all: under contention it takes longer to get than a callback runs.
    fn scope(&self, work: &mut dyn FnMut()) {
        let mut work = Some(work);
        let mut run = || work.take().map_or((), |work| work());
        Python::try_attach(|_| run());
        // Without an interpreter the outputs are dropped, but they leave.
        run();
    }
}

#[pymethods]
impl PyFlexibleDecoder {
    #[new]
    fn new(
        py: Python<'_>,
        config: &PyFlexibleDecoderConfig,
        result_callback: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (config, config_callback) = config.to_native(py);
        let result_callback = Callback::new("result_callback", result_callback)?;
        let callback = result_callback.clone();
        let inner = Arc::new(FlexibleDecoder::new(config, ResultCallback(callback)));
        let mut live = LIVE.lock();
        live.retain(|decoder| decoder.strong_count() > 0);
        live.push(Arc::downgrade(&inner));
        Ok(Self {
            inner,
            result_callback,
            config_callback,
        })
    }

    /// Takes an encoded frame.
    ///
    /// * ``frame``: codec, size and times; it comes back with the frame's output. Codec, size and times
    ///   are read now; later changes of the object do not matter to the decoder.
    /// * ``data``: the payload, one access unit; ``None`` for the frame's internal content.
    ///
    /// Blocks while 16 packets wait for the decoder and, when codec or size changed, until all earlier
    /// frames and the parameter change have been handed over. From a callback of this decoder it never
    /// blocks, but raises when 64 packets wait.
    ///
    /// ``RuntimeError`` after a shutdown and for a raw payload of the wrong size: such a frame is not
    /// counted. Whatever the decoder makes of the data is told by outputs.
    #[pyo3(signature = (frame, data=None))]
    fn submit(
        &self,
        py: Python<'_>,
        frame: &Bound<'_, PyVideoFrame>,
        data: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let inner = &frame.get().inner;
        let submission = Submission {
            source_id: inner.source_id(),
            info: inner.info(),
            data: payload(frame.get(), data)?,
            frame: Arc::new(frame.clone().unbind()),
        };
        gil::blocking(py, None, |wait| self.inner.submit(submission, wait))?
            .map_err(|error| exception(&error))
    }

    /// Passes a logical end of stream on: a :class:`SourceEosOutput` behind all frames submitted before.
    ///
    /// The decoder goes on. ``source_id`` is passed through unchanged. ``RuntimeError`` after a shutdown.
    fn source_eos(&self, py: Python<'_>, source_id: String) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.source_eos(source_id, wait))?
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

    /// A consistent snapshot of the decoder's counters; works after a shutdown too. Addition.
    ///
    /// ``submitted`` = ``delivered`` + all of ``skipped`` (a dict by reason) + ``errors`` + ``lost`` +
    /// ``in_flight``. Further: ``orphans``; ``queue_depths`` with ``input``, ``decoder`` and ``output``;
    /// ``pool`` with ``capacity`` and ``in_use``, or ``None`` without a session; ``last_pts_ns``;
    /// ``latency_ns`` from submission to delivery with ``p50``, ``p99`` (of the latest 1024 frames) and
    /// ``max``, or ``None``; ``blocked_on``: ``"pool"``, ``"callback"`` or ``None``.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = py.detach(|| self.inner.stats());
        stats::dict(py, &snapshot)
    }

    fn __repr__(&self) -> &'static str {
        if self.inner.is_shut_down() {
            "FlexibleDecoder(shut_down)"
        } else {
            "FlexibleDecoder(running)"
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.result_callback.traverse(&visit)?;
        self.config_callback
            .as_ref()
            .map_or(Ok(()), |callback| callback.traverse(&visit))
    }

    fn __clear__(&self) {
        self.result_callback.clear();
        if let Some(callback) = &self.config_callback {
            callback.clear();
        }
    }
}

/// Shuts every decoder down at once; for the end of the interpreter.
#[pyfunction]
fn _shutdown_all(py: Python<'_>) {
    let live: Vec<_> = LIVE
        .lock()
        .drain(..)
        .filter_map(|decoder| decoder.upgrade())
        .collect();
    py.detach(|| {
        for decoder in live {
            // Those that are shut down already say so, which is fine.
            let _ = decoder.shutdown();
        }
    });
}

/// Native objects that exist in this process, by kind: ``sessions``, ``encoders`` and ``surfaces``; for finding leaks.
#[pyfunction]
fn _live_objects(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("sessions", decoders::live_sessions())?;
    dict.set_item("encoders", encoders::live_encoders())?;
    dict.set_item("surfaces", ::surfaces::live_surfaces())?;
    Ok(dict)
}
