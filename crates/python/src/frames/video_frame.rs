//! `VideoFrame`.

use ::frames::{DEFAULT_TIME_BASE, FrameError, VideoFrame, VideoFrameParams};
use pyo3::exceptions::{PySystemError, PyValueError};
use pyo3::prelude::*;

use super::{PyCodec, PyVideoFrameContent, PyVideoFrameTranscodingMethod};

/// One encoded frame of a stream: what it is, when it is shown and where its payload is.
///
/// The object is a handle that may be used from any thread; passing it on copies nothing. Every
/// new frame has a fresh time-ordered UUID. Two handles of one frame are equal and hash alike;
/// different frames are never equal.
///
/// * ``source_id``: the stream that the frame belongs to.
/// * ``fps``: frames per second as a fraction; not checked, as not all streams have one.
/// * ``width``, ``height``: size in pixels, at least 1.
/// * ``content``: where the payload is.
/// * ``transcoding_method``: what later stages do with the payload.
/// * ``codec``: how the payload is coded, if that is known.
/// * ``keyframe``: whether the payload can be decoded on its own, if that is known.
/// * ``time_base``: the unit of the times in seconds, a fraction of two positive terms;
///   microseconds by default.
/// * ``pts``, ``dts``, ``duration``: times in units of ``time_base``, not negative.
///
/// A value out of bounds raises ``SystemError`` in the constructor and ``ValueError`` when a
/// property is set, which then keeps its value.
#[pyclass(
    frozen,
    from_py_object,
    name = "VideoFrame",
    module = "savant_rs.primitives"
)]
#[derive(Clone)]
pub(crate) struct PyVideoFrame {
    pub(crate) inner: VideoFrame,
}

impl From<VideoFrame> for PyVideoFrame {
    fn from(inner: VideoFrame) -> Self {
        Self { inner }
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the signature that map_err wants"
)]
fn value_error(error: FrameError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[pymethods]
impl PyVideoFrame {
    #[new]
    #[pyo3(
        signature = (
            source_id, fps, width, height, content,
            transcoding_method=PyVideoFrameTranscodingMethod::Copy, codec=None, keyframe=None,
            time_base=DEFAULT_TIME_BASE, pts=0, dts=None, duration=None,
        ),
        text_signature = "(source_id, fps, width, height, content, \
            transcoding_method=VideoFrameTranscodingMethod.Copy, codec=None, keyframe=None, \
            time_base=(1, 1000000), pts=0, dts=None, duration=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "a Python signature")]
    fn new(
        source_id: String,
        fps: (i32, i32),
        width: i64,
        height: i64,
        content: PyVideoFrameContent,
        transcoding_method: PyVideoFrameTranscodingMethod,
        codec: Option<PyCodec>,
        keyframe: Option<bool>,
        time_base: (i32, i32),
        pts: i64,
        dts: Option<i64>,
        duration: Option<i64>,
    ) -> PyResult<Self> {
        let params = VideoFrameParams {
            source_id,
            fps,
            width,
            height,
            content: content.inner,
            transcoding_method: transcoding_method.into(),
            codec: codec.map(Into::into),
            keyframe,
            time_base,
            pts,
            dts,
            duration,
        };
        VideoFrame::new(params)
            .map(Self::from)
            .map_err(|error| PySystemError::new_err(error.to_string()))
    }

    /// An independent frame with the same values, its UUID included.
    fn copy(&self) -> Self {
        self.inner.copy().into()
    }

    /// The frame's UUID (version 7) in its usual spelling.
    #[getter]
    fn uuid(&self) -> String {
        self.inner.uuid().to_string()
    }

    /// A number that all handles of this frame share, and no other frame alive.
    #[getter]
    fn memory_handle(&self) -> usize {
        self.inner.memory_handle()
    }

    /// When the frame was made, in nanoseconds since the Unix epoch.
    #[getter]
    fn creation_timestamp_ns(&self) -> u64 {
        self.inner.creation_timestamp_ns()
    }

    #[setter]
    fn set_creation_timestamp_ns(&self, value: u64) {
        self.inner.set_creation_timestamp_ns(value);
    }

    /// The stream that the frame belongs to.
    #[getter]
    fn source_id(&self) -> String {
        self.inner.source_id()
    }

    #[setter]
    fn set_source_id(&self, value: String) {
        self.inner.set_source_id(value);
    }

    /// Frames per second as a fraction; not necessarily positive.
    #[getter]
    fn fps(&self) -> (i32, i32) {
        self.inner.fps()
    }

    #[setter]
    fn set_fps(&self, value: (i32, i32)) {
        self.inner.set_fps(value);
    }

    /// Width in pixels, at least 1.
    #[getter]
    fn width(&self) -> u32 {
        self.inner.width()
    }

    #[setter]
    fn set_width(&self, value: i64) -> PyResult<()> {
        self.inner.set_width(value).map_err(value_error)
    }

    /// Height in pixels, at least 1.
    #[getter]
    fn height(&self) -> u32 {
        self.inner.height()
    }

    #[setter]
    fn set_height(&self, value: i64) -> PyResult<()> {
        self.inner.set_height(value).map_err(value_error)
    }

    /// Where the payload is.
    #[getter]
    fn content(&self) -> PyVideoFrameContent {
        PyVideoFrameContent {
            inner: self.inner.content(),
        }
    }

    #[setter]
    fn set_content(&self, value: PyVideoFrameContent) {
        self.inner.set_content(value.inner);
    }

    /// What later stages do with the payload.
    #[getter]
    fn transcoding_method(&self) -> PyVideoFrameTranscodingMethod {
        self.inner.transcoding_method().into()
    }

    #[setter]
    fn set_transcoding_method(&self, value: PyVideoFrameTranscodingMethod) {
        self.inner.set_transcoding_method(value.into());
    }

    /// How the payload is coded, or ``None``.
    #[getter]
    fn codec(&self) -> Option<PyCodec> {
        self.inner.codec().map(Into::into)
    }

    #[setter]
    fn set_codec(&self, value: Option<PyCodec>) {
        self.inner.set_codec(value.map(Into::into));
    }

    /// Whether the payload can be decoded on its own, or ``None``.
    #[getter]
    fn keyframe(&self) -> Option<bool> {
        self.inner.keyframe()
    }

    #[setter]
    fn set_keyframe(&self, value: Option<bool>) {
        self.inner.set_keyframe(value);
    }

    /// The unit of ``pts``, ``dts`` and ``duration`` in seconds, a fraction of two positive terms.
    #[getter]
    fn time_base(&self) -> (i32, i32) {
        self.inner.time_base()
    }

    #[setter]
    fn set_time_base(&self, value: (i32, i32)) -> PyResult<()> {
        self.inner.set_time_base(value).map_err(value_error)
    }

    /// Presentation time in units of ``time_base``, not negative.
    #[getter]
    fn pts(&self) -> i64 {
        self.inner.pts()
    }

    #[setter]
    fn set_pts(&self, value: i64) -> PyResult<()> {
        self.inner.set_pts(value).map_err(value_error)
    }

    /// Decode time in units of ``time_base``, not negative, or ``None``.
    #[getter]
    fn dts(&self) -> Option<i64> {
        self.inner.dts()
    }

    #[setter]
    fn set_dts(&self, value: Option<i64>) -> PyResult<()> {
        self.inner.set_dts(value).map_err(value_error)
    }

    /// How long the picture is shown in units of ``time_base``, not negative, or ``None``.
    #[getter]
    fn duration(&self) -> Option<i64> {
        self.inner.duration()
    }

    #[setter]
    fn set_duration(&self, value: Option<i64>) -> PyResult<()> {
        self.inner.set_duration(value).map_err(value_error)
    }

    /// The place in its stream of the frame before this one in decode order, counted from 0, or
    /// ``None``. Set by readers.
    #[getter]
    fn previous_frame_seq_id(&self) -> Option<i64> {
        self.inner.previous_frame_seq_id()
    }

    /// The UUID of the last key frame before this frame in decode order, or ``None``. Set by
    /// readers.
    #[getter]
    fn previous_keyframe_uuid(&self) -> Option<String> {
        self.inner
            .previous_keyframe_uuid()
            .map(|uuid| uuid.to_string())
    }

    /// The frame's attributes as (namespace, name) pairs. There are none: this package has no
    /// attributes.
    #[getter]
    #[allow(clippy::unused_self, reason = "a property of the object in Python")]
    fn attributes(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The transformations that were applied to the picture. There are none: this package keeps
    /// pictures as they are coded.
    #[getter]
    #[allow(clippy::unused_self, reason = "a property of the object in Python")]
    fn transformations(&self) -> Vec<String> {
        Vec::new()
    }

    /// The frame as compact JSON. Of a payload inside the frame only the size is given.
    #[getter]
    fn json(&self) -> String {
        self.inner.json()
    }

    /// The same as ``json``, indented.
    #[getter]
    fn json_pretty(&self) -> String {
        self.inner.json_pretty()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| self.inner.is_same(&other.get().inner))
    }

    fn __hash__(&self) -> usize {
        self.inner.memory_handle()
    }

    fn __repr__(&self) -> String {
        let info = self.inner.info();
        format!(
            "VideoFrame(source_id={:?}, uuid={}, codec={}, {}x{}, pts={})",
            self.inner.source_id(),
            self.inner.uuid(),
            info.codec.map_or("None", ::frames::Codec::name),
            info.width,
            info.height,
            self.inner.pts(),
        )
    }
}
