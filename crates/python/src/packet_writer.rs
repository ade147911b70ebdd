//! `PacketWriter` (`savant_rs.gstreamer`).

use std::path::PathBuf;

use ::frames::VideoFrameContent;
use ::media::{BadTimestamps, Container, PacketWriter, PacketWriterOptions, WritePacket};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::encoder::PyEncodedOutput;
use crate::frames::PyVideoFrame;
use crate::media::{interruptible, python_error};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPacketWriter>()
}

/// The spellings of `on_bad_timestamps`.
const POLICIES: [(&str, BadTimestamps); 2] =
    [("fix", BadTimestamps::Fix), ("raise", BadTimestamps::Raise)];

/// Writes the packets of one video stream into a file. Addition.
///
/// * ``path``: the file, whose ending tells the container: ``mp4`` (also ``m4v``, ``mov``) for H.264, HEVC, AV1 and
///   VP9; ``mkv`` for these, VP8 and JPEG; ``ts`` (also ``mts``, ``m2ts``) for H.264 and HEVC. What was there is lost.
/// * ``fragmented``: for ``mp4``, fragments of a second: a file of a killed process can be played up to the last
///   whole one, as a ``ts`` file can up to its end. A plain ``mp4`` file cannot be read before it was closed.
/// * ``on_bad_timestamps``: what to do about times that no container takes, which are those of a missing
///   presentation time, of a decode time that is not after the one before, and of a picture that is shown before it
///   is decoded: ``"fix"`` moves them as little as it takes, and counts in ``fixed_timestamps``; ``"raise"`` raises
///   ``ValueError`` and leaves the packet out. A stream that begins below zero is shifted as a whole.
///
/// The writer is a context manager; leaving it closes it. Waiting releases the GIL and sees Ctrl-C. Threads may share
/// a writer.
///
/// ``ValueError`` for an unknown ending; ``FileNotFoundError`` or another ``OSError`` if the file cannot be made.
#[pyclass(frozen, name = "PacketWriter", module = "savant_rs.gstreamer")]
pub(crate) struct PyPacketWriter {
    inner: PacketWriter,
}

#[pymethods]
impl PyPacketWriter {
    #[new]
    #[pyo3(signature = (path, *, fragmented=false, on_bad_timestamps="fix"))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        fragmented: bool,
        on_bad_timestamps: &str,
    ) -> PyResult<Self> {
        let container = match (Container::of(&path).map_err(python_error)?, fragmented) {
            (container, false) => container,
            (Container::Mp4, true) => Container::FragmentedMp4,
            (other, true) => {
                return Err(PyValueError::new_err(format!(
                    "only mp4 files are fragmented, not {} files",
                    other.name()
                )));
            }
        };
        let policy = POLICIES
            .iter()
            .find_map(|(name, policy)| (*name == on_bad_timestamps).then_some(*policy))
            .ok_or_else(|| {
                PyValueError::new_err(format!(
                    "on_bad_timestamps must be 'fix' or 'raise', not '{on_bad_timestamps}'"
                ))
            })?;
        let options = PacketWriterOptions {
            container,
            on_bad_timestamps: policy,
        };
        py.detach(|| PacketWriter::create(path, options))
            .map(|inner| Self { inner })
            .map_err(python_error)
    }

    /// Writes one access unit, in decode order. Blocks while the file is behind.
    ///
    /// * ``packet``: an :class:`EncodedOutput`, or a :class:`VideoFrame` with codec and times.
    /// * ``data``: the bytes of a :class:`VideoFrame`; ``None`` for its internal content. H.264 and HEVC are byte
    ///   streams.
    ///
    /// ``ValueError`` for a codec that the container does not hold or that the file did not begin with, for NAL units
    /// without start codes, and for bad times: the packet is left out. ``OSError`` if the file cannot be written,
    /// ``RuntimeError`` after :meth:`close`.
    #[pyo3(signature = (packet, data=None))]
    fn write(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        data: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<()> {
        if let Ok(output) = packet.cast::<PyEncodedOutput>() {
            if data.is_some() {
                return Err(PyTypeError::new_err("an EncodedOutput brings its own data"));
            }
            return self.put(py, &output.get().packet(py));
        }
        let frame = packet.cast::<PyVideoFrame>().map_err(|_| {
            PyTypeError::new_err("packet must be an EncodedOutput or a VideoFrame with data")
        })?;
        let frame = &frame.get().inner;
        let content = frame.content();
        let bytes = match (data, &content) {
            (Some(data), _) => data.as_bytes(),
            (None, VideoFrameContent::Internal(data)) => data,
            (None, _) => {
                return Err(PyValueError::new_err(
                    "neither data nor a frame with content was given",
                ));
            }
        };
        let info = frame.info();
        let codec = info
            .codec
            .ok_or_else(|| PyValueError::new_err("the frame does not say its codec"))?;
        let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        self.put(
            py,
            &WritePacket {
                data: bytes,
                codec,
                size: Some((info.width, info.height)),
                fps: info.fps,
                pts_ns: Some(signed(info.pts_ns)),
                dts_ns: info.dts_ns.map(signed),
                duration_ns: info.duration_ns,
                keyframe: info.keyframe.unwrap_or_default(),
            },
        )
    }

    /// Packets whose times were moved.
    #[getter]
    fn fixed_timestamps(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.inner.fixed_timestamps())
    }

    /// Completes the file; blocks until it is written. Closing again does nothing. ``OSError`` if it cannot be written.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        interruptible(py, |interrupt| self.inner.close(interrupt))
    }

    fn __enter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }
}

impl PyPacketWriter {
    fn put(&self, py: Python<'_>, packet: &WritePacket<'_>) -> PyResult<()> {
        interruptible(py, |interrupt| self.inner.write(packet, interrupt))
    }
}
