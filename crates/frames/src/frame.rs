//! The frame itself: a shared, thread-safe handle.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use uuid::Uuid;

use crate::info::nanoseconds;
use crate::{Codec, FrameError, FrameInfo, VideoFrameContent, VideoFrameTranscodingMethod, json};

/// Microseconds.
pub const DEFAULT_TIME_BASE: (i32, i32) = (1, 1_000_000);

/// What a new [`VideoFrame`] is made of.
///
/// The default describes nothing (size 0x0) and is refused; it serves to fill in the rest of a
/// struct expression.
#[derive(Debug, Clone)]
pub struct VideoFrameParams {
    /// The stream that the frame belongs to.
    pub source_id: String,
    /// Frames per second as a fraction. Not checked: streams exist that declare none.
    pub fps: (i32, i32),
    /// Width in pixels, 1 to 2^32-1.
    pub width: i64,
    /// Height in pixels, 1 to 2^32-1.
    pub height: i64,
    /// Where the payload is.
    pub content: VideoFrameContent,
    /// What later stages do with the payload.
    pub transcoding_method: VideoFrameTranscodingMethod,
    /// How the payload is coded.
    pub codec: Option<Codec>,
    /// Whether the payload can be decoded on its own.
    pub keyframe: Option<bool>,
    /// The unit of the times below, in seconds, as a fraction of two positive terms.
    pub time_base: (i32, i32),
    /// Presentation time, not negative.
    pub pts: i64,
    /// Decode time, not negative.
    pub dts: Option<i64>,
    /// How long the picture is shown, not negative.
    pub duration: Option<i64>,
}

impl Default for VideoFrameParams {
    fn default() -> Self {
        Self {
            source_id: String::new(),
            fps: (0, 1),
            width: 0,
            height: 0,
            content: VideoFrameContent::None,
            transcoding_method: VideoFrameTranscodingMethod::Copy,
            codec: None,
            keyframe: None,
            time_base: DEFAULT_TIME_BASE,
            pts: 0,
            dts: None,
            duration: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) creation_timestamp_ns: u64,
    pub(crate) source_id: String,
    pub(crate) fps: (i32, i32),
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) content: VideoFrameContent,
    pub(crate) transcoding_method: VideoFrameTranscodingMethod,
    pub(crate) codec: Option<Codec>,
    pub(crate) keyframe: Option<bool>,
    pub(crate) time_base: (i32, i32),
    pub(crate) pts: i64,
    pub(crate) dts: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) previous_frame_seq_id: Option<i64>,
    pub(crate) previous_keyframe_uuid: Option<Uuid>,
}

#[derive(Debug)]
struct Shared {
    uuid: Uuid,
    state: RwLock<State>,
}

/// One encoded frame of a stream.
///
/// This is a handle: a clone is the same frame, and a change made through one clone is seen
/// through all. Handles may be used from any thread; no call blocks for longer than another
/// one takes to copy a few fields. [`VideoFrame::copy`] makes an independent frame.
#[derive(Debug, Clone)]
pub struct VideoFrame(Arc<Shared>);

impl VideoFrame {
    /// Makes a frame with a fresh time-ordered UUID (version 7), created now.
    pub fn new(params: VideoFrameParams) -> Result<Self, FrameError> {
        let state = State {
            creation_timestamp_ns: now_ns(),
            width: dimension("width", params.width)?,
            height: dimension("height", params.height)?,
            time_base: time_base(params.time_base)?,
            pts: time("pts", params.pts)?,
            dts: params.dts.map(|value| time("dts", value)).transpose()?,
            duration: params
                .duration
                .map(|value| time("duration", value))
                .transpose()?,
            source_id: params.source_id,
            fps: params.fps,
            content: params.content,
            transcoding_method: params.transcoding_method,
            codec: params.codec,
            keyframe: params.keyframe,
            previous_frame_seq_id: None,
            previous_keyframe_uuid: None,
        };
        Ok(Self(Arc::new(Shared {
            uuid: Uuid::now_v7(),
            state: RwLock::new(state),
        })))
    }

    /// An independent frame with the same values, the UUID among them: it describes the same
    /// picture. Payload bytes are shared, as nothing can change them.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.0.state.read().clone();
        Self(Arc::new(Shared {
            uuid: self.0.uuid,
            state: RwLock::new(state),
        }))
    }

    /// Whether both are handles of one frame.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A number that all handles of this frame share, and no other frame alive: the address of
    /// its state.
    pub fn memory_handle(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The frame's UUID.
    pub fn uuid(&self) -> Uuid {
        self.0.uuid
    }

    /// The frame's UUID as an integer.
    pub fn id_u128(&self) -> u128 {
        self.0.uuid.as_u128()
    }

    /// What a decoder needs to know, read at one moment, with times in nanoseconds.
    pub fn info(&self) -> FrameInfo {
        let state = self.0.state.read();
        let ns = |value| nanoseconds(value, state.time_base);
        FrameInfo {
            uuid: self.id_u128(),
            codec: state.codec,
            width: state.width,
            height: state.height,
            fps: state.fps,
            pts_ns: ns(state.pts),
            dts_ns: state.dts.map(ns),
            duration_ns: state.duration.map(ns),
            keyframe: state.keyframe,
        }
    }

    /// The frame as compact JSON. Of a payload inside the frame only the size is given.
    pub fn json(&self) -> String {
        json::frame(self.0.uuid, &self.0.state.read()).to_string()
    }

    /// The same as [`VideoFrame::json`], indented.
    pub fn json_pretty(&self) -> String {
        format!("{:#}", json::frame(self.0.uuid, &self.0.state.read()))
    }
}

/// Getters and setters of fields that need no check.
macro_rules! plain_fields {
    ($($(#[$doc:meta])* $field:ident, $set:ident: $type:ty;)*) => {
        impl VideoFrame {
            $(
                $(#[$doc])*
                pub fn $field(&self) -> $type {
                    self.0.state.read().$field.clone()
                }

                #[doc = concat!("Sets what [`VideoFrame::", stringify!($field), "`] returns.")]
                pub fn $set(&self, value: $type) {
                    self.0.state.write().$field = value;
                }
            )*
        }
    };
}

/// Getters and setters of fields with a bound; a setter that fails changes nothing.
macro_rules! checked_fields {
    ($($(#[$doc:meta])* $field:ident, $set:ident: $type:ty, $given:ty, $check:expr;)*) => {
        impl VideoFrame {
            $(
                $(#[$doc])*
                pub fn $field(&self) -> $type {
                    self.0.state.read().$field
                }

                #[doc = concat!("Sets what [`VideoFrame::", stringify!($field), "`] returns; a value outside its bounds is refused.")]
                pub fn $set(&self, value: $given) -> Result<(), FrameError> {
                    let value = $check(value)?;
                    self.0.state.write().$field = value;
                    Ok(())
                }
            )*
        }
    };
}

plain_fields! {
    /// When the frame object was made, in nanoseconds since the Unix epoch.
    creation_timestamp_ns, set_creation_timestamp_ns: u64;
    /// The stream that the frame belongs to.
    source_id, set_source_id: String;
    /// Frames per second as a fraction; not necessarily positive.
    fps, set_fps: (i32, i32);
    /// Where the payload is.
    content, set_content: VideoFrameContent;
    /// What later stages do with the payload.
    transcoding_method, set_transcoding_method: VideoFrameTranscodingMethod;
    /// How the payload is coded, if that is known.
    codec, set_codec: Option<Codec>;
    /// Whether the payload can be decoded on its own, if that is known.
    keyframe, set_keyframe: Option<bool>;
    /// The place in its stream of the frame before this one in decode order, counted from 0; set
    /// by readers.
    previous_frame_seq_id, set_previous_frame_seq_id: Option<i64>;
    /// The last keyframe before this frame in decode order; set by readers.
    previous_keyframe_uuid, set_previous_keyframe_uuid: Option<Uuid>;
}

checked_fields! {
    /// Width in pixels, at least 1.
    width, set_width: u32, i64, |value| dimension("width", value);
    /// Height in pixels, at least 1.
    height, set_height: u32, i64, |value| dimension("height", value);
    /// The unit of pts, dts and duration, in seconds, as a fraction of two positive terms.
    time_base, set_time_base: (i32, i32), (i32, i32), time_base;
    /// Presentation time in units of the time base, not negative.
    pts, set_pts: i64, i64, |value| time("pts", value);
    /// Decode time in units of the time base, not negative.
    dts, set_dts: Option<i64>, Option<i64>, |value: Option<i64>| value.map(|value| time("dts", value)).transpose();
    /// How long the picture is shown, in units of the time base, not negative.
    duration, set_duration: Option<i64>, Option<i64>, |value: Option<i64>| value.map(|value| time("duration", value)).transpose();
}

fn now_ns() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

fn dimension(field: &'static str, value: i64) -> Result<u32, FrameError> {
    u32::try_from(value)
        .ok()
        .filter(|&value| value > 0)
        .ok_or(FrameError::OutOfRange {
            field,
            value,
            min: 1,
            max: u32::MAX.into(),
        })
}

fn time(field: &'static str, value: i64) -> Result<i64, FrameError> {
    if value >= 0 {
        Ok(value)
    } else {
        Err(FrameError::OutOfRange {
            field,
            value,
            min: 0,
            max: i64::MAX,
        })
    }
}

fn time_base((numerator, denominator): (i32, i32)) -> Result<(i32, i32), FrameError> {
    if numerator > 0 && denominator > 0 {
        Ok((numerator, denominator))
    } else {
        Err(FrameError::TimeBase {
            numerator,
            denominator,
        })
    }
}

#[cfg(test)]
mod tests;
