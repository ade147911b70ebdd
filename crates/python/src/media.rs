//! `PacketReader` (`savant_rs.gstreamer`).

use std::cell::RefCell;
use std::path::PathBuf;

use ::media::{Location, MediaError, PacketReader, PacketReaderOptions, StreamFormat};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::frames::PyVideoFrame;
use crate::reconnect::PyReconnect;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPacketReader>()
}

/// The spellings of `stream_format`.
const STREAM_FORMATS: [(&str, StreamFormat); 2] =
    [("annexb", StreamFormat::AnnexB), ("avc", StreamFormat::Avc)];

/// Reads encoded video: an iterator of ``(VideoFrame, bytes)`` pairs, one access unit each.
///
/// It reads the first video stream of a known codec (H.264, HEVC, VP8, VP9, AV1, JPEG, PNG) out of
/// whatever GStreamer demuxes: mp4, mov, mkv, webm, avi and ts files, ivf files, elementary
/// streams, single pictures. Access units come in decode order and are not decoded. The frame's
/// content is none: pass the bytes on beside it, as in ``decoder.submit(frame, data)``.
///
/// H.264 and HEVC come as Annex B (``stream_format="annexb"``) or with NAL units behind their
/// 4-byte sizes (``"avc"``), in both cases with the parameter sets before every random access
/// point.
///
/// Times are those of the container in nanoseconds (time base 1/10^9), shifted if that takes to
/// have none below zero. ``pts`` is always set: where the container has none (elementary streams,
/// AVI) it is the decode time, else the ``pts`` before plus the duration of a frame (of 1/25 s if
/// the stream gives no rate), and then follows the decode order. ``dts`` is set for H.264 and
/// HEVC where it is known; the other codecs decode in presentation order. ``duration`` is set
/// where it is known, ``fps`` is (0, 1) where it is not.
///
/// * ``path_or_uri``: the path of a regular file (``str`` or ``os.PathLike``), or a URL for which GStreamer has a
///   source element.
/// * ``source_id``: the ``source_id`` of all frames; ``path_or_uri`` by default, with the password if a URL has one
///   (messages and log lines leave it out).
/// * ``reconnect``: connect again when a live source (``rtsp``, ``rtmp``, ``srt``, ``rtp``, ``udp`` and their
///   variants) drops, ends or stalls. Each loss is logged as a warning. Without it the iteration ends, by
///   ``RuntimeError`` if GStreamer tells of an error or no packet had come, and a source that stalls is waited for
///   as long as GStreamer does. ``rtspt://`` asks for RTP over TCP, ``rtspu://`` over UDP. Addition.
///
/// After a reconnection times go on: ``pts`` is that of the very first packet plus the wall-clock time since that came,
/// and later than all of the connection before. Packets come as they are received, those before the first key frame too,
/// which a decoder skips. The first packet of each connection has ``previous_frame_seq_id`` ``None``, and
/// ``connections`` grows with it.
///
/// The reader is a context manager; leaving it closes it. It reads at most a few access units
/// ahead. Waiting releases the GIL and sees Ctrl-C. Threads may share a reader; each access unit
/// goes to one of them.
///
/// A file that cannot be opened raises ``FileNotFoundError`` or another ``OSError``, an unknown
/// ``stream_format`` and ``reconnect`` for a source that is not live ``ValueError``. While iterating,
/// ``RuntimeError`` says what is wrong with the source (no video stream, an unknown codec, a missing GStreamer plugin,
/// damaged data, no more attempts to connect); the iteration is over then.
#[pyclass(frozen, name = "PacketReader", module = "savant_rs.gstreamer")]
pub(crate) struct PyPacketReader {
    inner: PacketReader,
}

#[pymethods]
impl PyPacketReader {
    #[new]
    #[pyo3(signature = (path_or_uri, source_id=None, *, stream_format="annexb", reconnect=None))]
    fn new(
        py: Python<'_>,
        path_or_uri: &Bound<'_, PyAny>,
        source_id: Option<String>,
        stream_format: &str,
        reconnect: Option<PyRef<'_, PyReconnect>>,
    ) -> PyResult<Self> {
        let location = match path_or_uri.extract::<String>() {
            Ok(text) => Location::from(text.as_str()),
            Err(_) => Location::File(path_or_uri.extract::<PathBuf>()?),
        };
        let options = PacketReaderOptions {
            source_id,
            stream_format: stream_format_from_name(stream_format)?,
            reconnect: reconnect.map(|reconnect| reconnect.inner),
        };
        py.detach(|| PacketReader::open(location, options))
            .map(|inner| Self { inner })
            .map_err(python_error)
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(PyVideoFrame, Bound<'py, PyBytes>)>> {
        let packet = interruptible(py, |interrupt| self.inner.read(interrupt))?;
        Ok(packet.map(|packet| (packet.frame.into(), PyBytes::new(py, &packet.data))))
    }

    /// How many connections have brought a packet so far: 0 before the first packet, 1 after it, and one more with the
    /// first packet of each reconnection. Does not block. Addition.
    #[getter]
    fn connections(&self) -> u64 {
        self.inner.connections()
    }

    /// How many RTP packets of video streams were lost on the way so far, over all connections; 0 for sources without
    /// RTP. Grows with the first packet that comes behind a loss, from which on pictures may be damaged. Does not block.
    /// Addition.
    #[getter]
    fn rtp_packets_lost(&self) -> u64 {
        self.inner.rtp_packets_lost()
    }

    /// Stops reading and frees the source. The iteration ends. Closing again does nothing.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.inner.close());
    }

    fn __enter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) {
        self.close(py);
    }
}

/// Runs `work` without the GIL; what a Python signal handler raises meanwhile ends it.
pub(crate) fn interruptible<R: Send>(
    py: Python<'_>,
    work: impl FnOnce(&dyn Fn() -> bool) -> Result<R, MediaError> + Send,
) -> PyResult<R> {
    let (outcome, raised) = py.detach(|| {
        let raised = RefCell::new(None);
        let interrupt = || {
            Python::attach(|py| {
                py.check_signals()
                    .map_err(|error| raised.replace(Some(error)))
                    .is_err()
            })
        };
        let outcome = work(&interrupt);
        (outcome, raised.into_inner())
    });
    match raised {
        Some(raised) => Err(raised),
        None => outcome.map_err(python_error),
    }
}

fn stream_format_from_name(name: &str) -> PyResult<StreamFormat> {
    STREAM_FORMATS
        .iter()
        .find_map(|(known, format)| (*known == name).then_some(*format))
        .ok_or_else(|| {
            let known = STREAM_FORMATS.map(|(known, _)| known).join("' or '");
            PyValueError::new_err(format!("stream_format must be '{known}', not '{name}'"))
        })
}

pub(crate) fn python_error(error: MediaError) -> PyErr {
    match error {
        // Python makes the fitting subclass of OSError out of the error number.
        MediaError::File { path, error } if error.raw_os_error().is_some() => {
            PyOSError::new_err((error.raw_os_error(), error.to_string(), path))
        }
        MediaError::File { .. } | MediaError::Write(_) => PyOSError::new_err(error.to_string()),
        MediaError::NotLive { .. }
        | MediaError::UnknownContainer { .. }
        | MediaError::NotInContainer { .. }
        | MediaError::NotByteStream { .. }
        | MediaError::OtherStream { .. }
        | MediaError::BadTimestamps { .. } => PyValueError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}
