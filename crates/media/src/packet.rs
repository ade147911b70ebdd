//! From a buffer of the pipeline to an access unit with its description.

use std::sync::Arc;
use std::time::Duration;

use frames::{Codec, FrameError, Uuid, VideoFrame, VideoFrameParams};
use gst_video::VideoBufferFlags;
use gst_video::prelude::*;

use crate::format::picture_size;
use crate::parameter_sets::ParameterSets;
use crate::progress::Stream;
use crate::timeline::{BufferTimes, SegmentClock, Timeline, frame_duration_ns, nanoseconds};
use crate::{MediaError, length_prefixed, vp8};

/// The time base of all frames: nanoseconds.
const TIME_BASE: (i32, i32) = (1, 1_000_000_000);

/// One access unit and its description.
#[derive(Debug, Clone)]
pub struct Packet {
    /// What the access unit is: codec, declared size in pixels, times in nanoseconds, whether it
    /// is a key frame. Its content is [`frames::VideoFrameContent::None`]: the data travels beside.
    pub frame: VideoFrame,
    /// The access unit.
    pub data: Arc<[u8]>,
}

/// How the NAL units of H.264 and HEVC are told apart. Other codecs have but one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamFormat {
    /// Start codes (Annex B of both standards).
    #[default]
    AnnexB,
    /// Each NAL unit behind its size, a 4-byte big-endian integer. Parameter sets are in the
    /// stream, as with start codes.
    Avc,
}

/// Describes the access units of one stream, in decode order.
pub(crate) struct Packetizer {
    source_name: String,
    source_id: String,
    stream_format: StreamFormat,
    timeline: Timeline,
    clock: SegmentClock,
    parameter_sets: Option<ParameterSets>,
    frames: i64,
    /// Whether the next access unit goes on from the last one.
    continues: bool,
    last_key_frame: Option<Uuid>,
    /// The size that the last VP8 key frame gave.
    coded_size: Option<(i64, i64)>,
    /// The rate that was told of field pictures first.
    field_rate: Option<(i32, i32)>,
}

impl Packetizer {
    pub(crate) fn new(source_name: String, source_id: String, stream_format: StreamFormat) -> Self {
        Self {
            source_name,
            source_id,
            stream_format,
            timeline: Timeline::default(),
            clock: SegmentClock::default(),
            parameter_sets: None,
            frames: 0,
            continues: false,
            last_key_frame: None,
            coded_size: None,
            field_rate: None,
        }
    }

    /// The next access unit is the first of a new connection, `since_first` after the very first one.
    pub(crate) fn begin_connection(&mut self, since_first: Duration) {
        self.timeline.restart(since_first);
        self.clock = SegmentClock::default();
        self.parameter_sets = None;
        self.coded_size = None;
        self.last_key_frame = None;
        self.continues = false;
    }

    pub(crate) fn packet(
        &mut self,
        stream: Stream,
        sample: &gst::Sample,
    ) -> Result<Packet, MediaError> {
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else {
            return Err(self.failure(&"a sample without data or caps"));
        };
        let map = buffer
            .map_readable()
            .map_err(|error| self.failure(&error.message))?;
        let codec = stream.format.codec;
        let is_key_frame = match codec {
            Codec::Vp8 => vp8::is_key_frame(&map),
            Codec::Jpeg | Codec::Png => true,
            _ => !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        };
        let is_field = is_field_picture(codec, buffer);
        let (width, told_height) =
            self.size(codec, caps, &map)
                .ok_or_else(|| MediaError::UnknownSize {
                    source_name: self.source_name.clone(),
                    caps: caps.to_string(),
                })?;
        let height = if is_field && !stream.has_size {
            told_height / 2
        } else {
            told_height
        };
        let fps = if !stream.has_frame_rate {
            (0, 1)
        } else if is_field {
            *self.field_rate.get_or_insert_with(|| frame_rate(caps))
        } else {
            frame_rate(caps)
        };
        let mut times = self.buffer_times(sample, buffer);
        if !stream.format.reorders {
            times.dts_ns = None;
        }
        if !stream.has_frame_rate {
            times.duration_ns = None;
        }
        if is_field {
            times = of_field(times, stream.has_times, frame_duration_ns(fps));
        }
        let times = self.timeline.stamp(times, frame_duration_ns(fps));
        let data = self.payload(codec, &map, is_key_frame);
        let frame = VideoFrame::new(VideoFrameParams {
            source_id: self.source_id.clone(),
            fps,
            width,
            height,
            codec: Some(codec),
            keyframe: Some(is_key_frame),
            time_base: TIME_BASE,
            pts: times.pts_ns,
            dts: times.dts_ns,
            duration: times.duration_ns,
            ..VideoFrameParams::default()
        })
        .map_err(|error: FrameError| self.failure(&error))?;
        self.number(&frame, is_key_frame);
        Ok(Packet { frame, data })
    }

    /// The bytes to hand out.
    fn payload(&mut self, codec: Codec, unit: &[u8], is_key_frame: bool) -> Arc<[u8]> {
        if self.parameter_sets.is_none() {
            self.parameter_sets = ParameterSets::of(codec);
        }
        let Some(parameter_sets) = &mut self.parameter_sets else {
            return unit.into();
        };
        let completed = parameter_sets.complete(unit, is_key_frame);
        let unit = completed.as_deref().unwrap_or(unit);
        match self.stream_format {
            StreamFormat::AnnexB => unit.into(),
            StreamFormat::Avc => length_prefixed(unit).into(),
        }
    }

    /// Tells the frame what came before it.
    fn number(&mut self, frame: &VideoFrame, is_key_frame: bool) {
        frame.set_previous_frame_seq_id(self.continues.then_some(self.frames - 1));
        frame.set_previous_keyframe_uuid(self.last_key_frame);
        self.frames += 1;
        self.continues = true;
        if is_key_frame {
            self.last_key_frame = Some(frame.uuid());
        }
    }

    /// Width and height in pixels: what the container or a parser says, else what the data says.
    fn size(&mut self, codec: Codec, caps: &gst::CapsRef, data: &[u8]) -> Option<(i64, i64)> {
        if let Some(size) = picture_size(caps) {
            return Some(size);
        }
        if codec == Codec::Vp8 {
            self.coded_size = vp8::key_frame_size(data).or(self.coded_size);
        }
        self.coded_size
    }

    fn buffer_times(&mut self, sample: &gst::Sample, buffer: &gst::BufferRef) -> BufferTimes {
        let segment = sample.segment().and_then(|segment| segment.downcast_ref());
        let mut time = |time: gst::ClockTime| match segment {
            Some(segment) => self.clock.time_ns(segment, time),
            None => nanoseconds(time),
        };
        BufferTimes {
            pts_ns: buffer.pts().map(&mut time),
            dts_ns: buffer.dts().map(&mut time),
            duration_ns: buffer.duration().map(nanoseconds),
        }
    }

    fn failure(&self, message: &dyn std::fmt::Display) -> MediaError {
        MediaError::Element {
            source_name: self.source_name.clone(),
            element: "appsink".to_owned(),
            message: message.to_string(),
        }
    }
}

/// Whether a picture is one field: an access unit and a picture of its own in HEVC (D.3.3), of half the frame's
/// height. `GStreamer`'s parser (1.22) tells the frame's height instead; first the rate of the fields and half of their
/// duration, then, from the next sequence parameter set on, the rate of the frames.
fn is_field_picture(codec: Codec, buffer: &gst::BufferRef) -> bool {
    codec == Codec::Hevc && buffer.video_flags().contains(VideoBufferFlags::ONEFIELD)
}

/// The times of a field. A parser's own are counted with the duration that it tells.
fn of_field(times: BufferTimes, are_given: bool, duration_ns: i64) -> BufferTimes {
    let given = |time: Option<i64>| time.filter(|_| are_given);
    BufferTimes {
        pts_ns: given(times.pts_ns),
        dts_ns: given(times.dts_ns),
        duration_ns: Some(duration_ns),
    }
}

/// Frames per second; 0/1 if the stream does not say.
fn frame_rate(caps: &gst::CapsRef) -> (i32, i32) {
    caps.structure(0)
        .and_then(|structure| structure.get::<gst::Fraction>("framerate").ok())
        .map_or((0, 1), |rate| (rate.numer(), rate.denom()))
}
