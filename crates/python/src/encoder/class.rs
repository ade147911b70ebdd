//! `Encoder`.

use std::sync::Arc;

use encoders::{Encoder, Output, Sink, Submission};
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Token;
use super::config::PyEncoderConfig;
use super::encode::{PyEncodedPackets, Queue};
use super::output::to_python;
use crate::callback::{Callback, log_exception};
use crate::errors::from_encoders;
use crate::frames::{PyCodec, PyVideoFrame};
use crate::surfaces::PySharedBuffer;
use crate::{gil, live};

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEncoder>()
}

/// Where outputs go.
enum Outputs {
    Callback(Callback),
    Queue(Queue),
}

/// Encodes pictures of one size into packets of one codec. Addition.
///
/// Every picture that :meth:`submit` takes ends in exactly one output, or counts as ``lost`` after
/// :meth:`shutdown`.
///
/// * ``config``: see :class:`EncoderConfig`. It is copied.
/// * ``result_callback``: called with an :class:`EncodedOutput` or an :class:`EncoderErrorOutput` for every
///   picture, in the order of the packets, on a thread of the encoder. What it raises is logged to
///   ``savant_rs.deepstream`` and ignored. Without it, use :meth:`encode`.
///
/// ``ValueError`` says what is wrong with the configuration: another codec's or platform's properties, a value
/// and what is allowed. ``RuntimeError`` says what this machine lacks: hardware that is required, an element.
///
/// Video is made of 4:2:0 pictures of 8 bits. Pictures of Y, Cb, Cr keep their matrix and range, those of the
/// first picture hold for a stream, and RGB becomes BT.601 in limited range. The stream tells about it (AV1 of
/// the CPU does not). JPEG is 4:2:0, and leaves alpha out.
///
/// All methods may be called from any thread. They release the GIL while they work, and Ctrl-C ends their waits.
#[pyclass(frozen, name = "Encoder", module = "savant_rs.deepstream", weakref)]
pub(crate) struct PyEncoder {
    pub(super) inner: Arc<Encoder<Token>>,
    outputs: Outputs,
}

/// Hands outputs to Python.
struct ResultCallback(Callback);

impl Sink<Token> for ResultCallback {
    fn take(&self, output: Output<Token>) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| match to_python(py, output) {
            Ok(output) => drop(self.0.call(py, "the result callback", (output,))),
            Err(error) => log_exception(py, "making an output", error),
        });
    }
}

impl PyEncoder {
    /// Submits a picture; the handle stays usable if it is not taken.
    pub(super) fn give(
        &self,
        py: Python<'_>,
        buffer: &PySharedBuffer,
        frame: Option<&Bound<'_, PyVideoFrame>>,
        id: Option<u128>,
    ) -> PyResult<()> {
        let info = frame.map(|frame| frame.get().inner.info());
        let submission = Submission {
            buffer: buffer.take()?,
            frame: frame.map(|frame| Arc::new(frame.clone().unbind())),
            id,
            pts_ns: info.map(|info| info.pts_ns),
            duration_ns: info.and_then(|info| info.duration_ns),
        };
        let mut rejected = None;
        let outcome = gil::blocking(py, None, |wait| {
            let result = self.inner.submit(submission, wait);
            rejected = result.err();
        });
        let Some(rejected) = rejected else {
            return outcome;
        };
        buffer.put_back(rejected.buffer);
        outcome.and(Err(from_encoders(rejected.error)))
    }
}

#[pymethods]
impl PyEncoder {
    #[new]
    #[pyo3(signature = (config, result_callback=None))]
    fn new(
        py: Python<'_>,
        config: &PyEncoderConfig,
        result_callback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let config = config.inner.clone();
        let outputs = match result_callback {
            Some(callable) => Outputs::Callback(Callback::new("result_callback", callable)?),
            None => Outputs::Queue(Queue::default()),
        };
        let made = match &outputs {
            Outputs::Callback(callback) => {
                let sink = ResultCallback(callback.clone());
                py.detach(|| Encoder::new(config, sink))
            }
            Outputs::Queue(queue) => {
                let sink = queue.clone();
                py.detach(|| Encoder::new(config, sink))
            }
        };
        let inner = Arc::new(made.map_err(from_encoders)?);
        live::watch(&inner);
        Ok(Self { inner, outputs })
    }

    /// Takes a picture over: slot 0 of a buffer, which must hold one picture of the configured size in any format.
    ///
    /// * ``buffer``: its only handle, which is empty afterwards. The buffer goes back to its pool when its pixels
    ///   have been read. Work on it that is queued on the default CUDA stream is waited for.
    /// * ``frame``: comes back with the output; its times count where the buffer has none.
    /// * ``id``: comes back with the output; by default the buffer's own frame id does.
    ///
    /// Times may come in any order, repeat, or be missing. Blocks while the pictures that wait are as many as
    /// twice the cores, at least 8; from the callback of this encoder it never blocks, but raises when four times
    /// as many wait.
    ///
    /// ``RuntimeError`` after a shutdown, if other handles or views of the buffer exist, and without a callback;
    /// ``ValueError`` for another size. The handle stays usable then, and the picture is not counted.
    #[pyo3(signature = (buffer, frame=None, id=None))]
    fn submit(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PySharedBuffer>,
        frame: Option<&Bound<'_, PyVideoFrame>>,
        id: Option<u128>,
    ) -> PyResult<()> {
        if matches!(self.outputs, Outputs::Queue(_)) {
            return Err(PyRuntimeError::new_err(
                "an encoder without a result_callback has nowhere to hand outputs to: use encode()",
            ));
        }
        self.give(py, buffer.get(), frame, id)
    }

    /// Encodes pictures one by one: an iterator of an :class:`EncodedOutput` for each.
    ///
    /// ``buffers`` gives what :meth:`submit` takes: a :class:`SharedBuffer`, or a tuple of one with a frame and
    /// perhaps an id. It is asked for the next picture when no packet is ready. At its end everything comes out.
    /// A picture that cannot be encoded raises ``RuntimeError`` in its place; the iteration can go on.
    ///
    /// For encoders without a callback: ``RuntimeError`` with one.
    fn encode(this: Bound<'_, Self>, buffers: &Bound<'_, PyAny>) -> PyResult<PyEncodedPackets> {
        let Outputs::Queue(queue) = &this.get().outputs else {
            return Err(PyRuntimeError::new_err(
                "an encoder with a result_callback hands its outputs to that one: use submit()",
            ));
        };
        let queue = queue.clone();
        Ok(PyEncodedPackets::new(
            this.unbind(),
            queue,
            buffers.try_iter()?.unbind(),
        ))
    }

    /// Hands over everything that is inside, and goes on with a key frame. Blocks until the last callback has
    /// returned.
    ///
    /// ``RuntimeError`` after a shutdown and inside a callback of this encoder.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.flush(wait))?.map_err(from_encoders)
    }

    /// Hands over everything that is inside and shuts down. Blocks until the last callback has returned.
    ///
    /// ``RuntimeError`` if the encoder is shut down already, and inside a callback of this encoder.
    fn graceful_shutdown(&self, py: Python<'_>) -> PyResult<()> {
        gil::blocking(py, None, |wait| self.inner.graceful_shutdown(wait))?.map_err(from_encoders)
    }

    /// Shuts down at once; pictures inside are dropped and counted as ``lost``. Waits for a callback that is
    /// running, at most some seconds.
    ///
    /// ``RuntimeError`` if the encoder is shut down already, and inside a callback of this encoder.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.inner.shutdown()).map_err(from_encoders)
    }

    /// A consistent snapshot of the encoder's counters; works after a shutdown too.
    ///
    /// ``submitted`` = ``encoded`` + ``failed`` + ``lost`` + ``in_flight``. Further: ``queue_depths`` with
    /// ``input``, ``encoder`` and ``output``.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.inner.stats());
        let (input, encoder, output) = stats.queue_depths;
        let queue_depths = PyDict::new(py);
        queue_depths.set_item("input", input)?;
        queue_depths.set_item("encoder", encoder)?;
        queue_depths.set_item("output", output)?;
        let dict = PyDict::new(py);
        dict.set_item("submitted", stats.counters.submitted)?;
        dict.set_item("encoded", stats.counters.encoded)?;
        dict.set_item("failed", stats.counters.failed)?;
        dict.set_item("lost", stats.counters.lost)?;
        dict.set_item("in_flight", stats.in_flight)?;
        dict.set_item("queue_depths", queue_depths)?;
        Ok(dict)
    }

    /// How pictures are coded.
    #[getter]
    fn codec(&self) -> PyCodec {
        self.inner.info().codec.into()
    }

    /// The ``GStreamer`` element or the library that encodes.
    #[getter]
    fn encoder(&self) -> &str {
        &self.inner.info().encoder
    }

    /// Whether that is dedicated hardware.
    #[getter]
    fn hardware(&self) -> bool {
        self.inner.info().hardware
    }

    /// What the encoder is told: a dict of the element's properties that were set, with their values as the
    /// element itself tells them.
    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.inner.settings() {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let info = self.inner.info();
        let state = if self.inner.is_shut_down() {
            "shut_down"
        } else {
            "running"
        };
        format!("Encoder({}, {:?}, {state})", info.codec, info.encoder)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.outputs {
            Outputs::Callback(callback) => callback.traverse(&visit),
            Outputs::Queue(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        if let Outputs::Callback(callback) = &self.outputs {
            callback.clear();
        }
    }
}
