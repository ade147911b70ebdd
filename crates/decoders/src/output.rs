//! What a decoder hands to its user.

use std::sync::Arc;

use frames::{Codec, FrameInfo};
use surfaces::sync::Mutex;
use surfaces::wait::{Wait, WaitError};
use surfaces::{Rect, SharedBuffer, VideoFormat};

use crate::outcome::{DecoderParameters, SkipReason};
use crate::sealed::{Seal, SealedDelivery};

/// Encoded bytes of one frame.
pub type Payload = Arc<[u8]>;

/// An access unit on its way to a decoder.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The encoded bytes.
    pub data: Payload,
    /// When its picture is shown, relative to the others of its session.
    pub order: u64,
    /// How many bytes from its end each further access unit of H.264 or HEVC begins that the data holds.
    pub further: Vec<usize>,
}

impl Packet {
    /// The access units of the data; `None` where it holds no more than one.
    pub(crate) fn access_units(&self) -> Option<Vec<&[u8]>> {
        let (mut units, mut rest) = (Vec::new(), &self.data[..]);
        for from_end in &self.further {
            let (unit, behind) = rest.split_at_checked(rest.len().checked_sub(*from_end)?)?;
            units.push(unit);
            rest = behind;
        }
        units.push(rest);
        (units.len() > 1).then_some(units)
    }
}

/// The decoder that works, or worked, on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecoderInfo {
    /// Name of the `GStreamer` element or the library.
    pub decoder: String,
    /// Whether it is dedicated hardware.
    pub hardware: bool,
    /// The frames' codec.
    pub codec: Codec,
}

/// Metadata of a decoded picture. All times are nanoseconds.
#[derive(Debug, Clone)]
pub struct DecodedFrame {
    /// UUID of the submitted frame as an integer; `None` for a picture that belongs to no frame.
    pub frame_id: Option<u128>,
    /// Presentation time of the submitted frame.
    pub pts_ns: Option<u64>,
    /// Decode time of the submitted frame, if it has one.
    pub dts_ns: Option<u64>,
    /// Duration of the submitted frame, if it has one.
    pub duration_ns: Option<u64>,
    /// Pixel format of the delivered buffer.
    pub format: VideoFormat,
    /// The part of the buffer that the picture covers, in pixels; `None` for a picture that belongs to no
    /// frame.
    pub rect: Option<Rect>,
    /// Whether the picture is damaged, as far as the stream and the decoder tell.
    pub is_corrupt: bool,
    /// The decoder that made the picture.
    pub decoder: Arc<DecoderInfo>,
}

impl DecodedFrame {
    pub(crate) fn of(info: &FrameInfo, decoder: Arc<DecoderInfo>, format: VideoFormat) -> Self {
        Self {
            frame_id: Some(info.uuid),
            pts_ns: Some(info.pts_ns),
            dts_ns: info.dts_ns,
            duration_ns: info.duration_ns,
            ..Self::orphan(decoder, format)
        }
    }

    pub(crate) fn orphan(decoder: Arc<DecoderInfo>, format: VideoFormat) -> Self {
        Self {
            frame_id: None,
            pts_ns: None,
            dts_ns: None,
            duration_ns: None,
            rect: None,
            is_corrupt: false,
            format,
            decoder,
        }
    }
}

/// One output of a decoder. `T` is what the user submitted beside the payload.
pub enum Output<T> {
    /// A decoded picture.
    Frame(FrameOutput<T>),
    /// Codec or size changed between two sessions.
    ParameterChange {
        /// The parameters until now.
        old: DecoderParameters,
        /// The parameters from here on.
        new: DecoderParameters,
    },
    /// A frame that was not decoded.
    Skipped {
        /// The submitted frame.
        frame: T,
        /// Its payload, if it had one.
        data: Option<Payload>,
        /// Why it was not decoded.
        reason: SkipReason,
    },
    /// A picture that belongs to no submitted frame; its pixels are gone.
    OrphanFrame(DecodedFrame),
    /// A logical end of stream, in its place among the frames.
    SourceEos {
        /// The identifier that was given.
        source_id: String,
    },
    /// A `GStreamer` event that came out of the decoder.
    Event {
        /// Description of the event.
        summary: String,
    },
    /// A failure of the decoder.
    Error {
        /// What went wrong.
        message: String,
        /// The frame that ended with it; `None` when no frame was inside.
        frame: Option<T>,
    },
}

/// Takes the outputs of a decoder, one at a time.
pub trait Sink<T>: Send + Sync {
    /// Takes one output. May block: the decoder holds no lock.
    fn take(&self, output: Output<T>);

    /// Waits until there is room for another output. Asked before each output that a decoder hands over by itself,
    /// and before a frame is taken.
    fn ready(&self, wait: Wait<'_>) -> Result<(), WaitError> {
        let _ = wait;
        Ok(())
    }

    /// From now on [`ready`](Self::ready) must not wait: the decoder is being shut down.
    fn close(&self) {}

    /// No output comes any more.
    fn end(&self) {}

    /// Calls `work` once, which takes several outputs: what each of them needs can be fetched for all
    /// together.
    fn scope(&self, work: &mut dyn FnMut()) {
        work();
    }
}

impl<T, F: Fn(Output<T>) + Send + Sync> Sink<T> for F {
    fn take(&self, output: Output<T>) {
        self(output);
    }
}

/// A decoded picture with the frame it belongs to.
///
/// The picture's buffer can be taken once, sealed: the seal opens when this output is dropped.
pub struct FrameOutput<T> {
    /// Metadata of the picture.
    pub decoded: DecodedFrame,
    /// The submitted frame.
    pub frame: T,
    buffer: Mutex<Option<SharedBuffer>>,
    seal: Arc<Seal>,
}

impl<T> FrameOutput<T> {
    pub(crate) fn new(decoded: DecodedFrame, frame: T, buffer: SharedBuffer) -> Self {
        Self {
            decoded,
            frame,
            buffer: Mutex::new(Some(buffer)),
            seal: Arc::default(),
        }
    }

    pub(crate) fn seal(&self) -> &Arc<Seal> {
        &self.seal
    }

    /// Whether the buffer has not been taken.
    pub fn has_buffer(&self) -> bool {
        self.buffer.lock().is_some()
    }
}

impl<T: Clone> FrameOutput<T> {
    /// Takes the frame and its buffer, sealed until this output is dropped. `None` after the first call.
    pub fn take_delivery(&self) -> Option<SealedDelivery<T>> {
        let buffer = self.buffer.lock().take()?;
        Some(SealedDelivery::new(
            self.seal.clone(),
            self.frame.clone(),
            buffer,
        ))
    }
}

impl<T> Drop for FrameOutput<T> {
    fn drop(&mut self) {
        self.seal.release();
    }
}
