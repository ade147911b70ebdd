//! What an encoder hands over.

use std::sync::Arc;

use frames::Codec;

/// Coded bytes, wherever they lie.
pub struct Data(Place);

enum Place {
    Owned(Vec<u8>),
    Mapped(gst::MappedBuffer<gst::buffer::Readable>),
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Place::Owned(bytes))
    }
}

impl From<gst::MappedBuffer<gst::buffer::Readable>> for Data {
    fn from(buffer: gst::MappedBuffer<gst::buffer::Readable>) -> Self {
        Self(Place::Mapped(buffer))
    }
}

impl AsRef<[u8]> for Data {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Place::Owned(bytes) => bytes,
            Place::Mapped(buffer) => buffer.as_slice(),
        }
    }
}

/// Who encodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderInfo {
    /// The `GStreamer` element or the library.
    pub encoder: String,
    /// Whether that is dedicated hardware.
    pub hardware: bool,
    /// The codec of the packets.
    pub codec: Codec,
}

/// A coded picture. All times are nanoseconds.
pub struct EncodedOutput<T> {
    /// One access unit; H.264 and HEVC as byte stream, with the parameter sets in front of every key frame.
    pub data: Data,
    /// Presentation time, as it was given.
    pub pts_ns: Option<u64>,
    /// Decode time: the presentation time, or earlier by what B frames take; below zero at the start of a
    /// stream with B frames.
    pub dts_ns: Option<i64>,
    /// Duration, as it was given.
    pub duration_ns: Option<u64>,
    /// Whether the packet can be decoded on its own.
    pub keyframe: bool,
    /// What was submitted with the picture.
    pub frame: Option<T>,
    /// The id that was submitted, or that of the buffer.
    pub id: Option<u128>,
    /// Who encoded it.
    pub encoder: Arc<EncoderInfo>,
}

/// One output for each picture.
pub enum Output<T> {
    /// It was encoded.
    Encoded(EncodedOutput<T>),
    /// It could not be encoded.
    Error {
        /// Why not.
        message: String,
        /// What was submitted with the picture.
        frame: Option<T>,
        /// The id that was submitted, or that of the buffer.
        id: Option<u128>,
    },
}

/// Takes the outputs of an encoder.
pub trait Sink<T>: Send + Sync {
    /// Called once for each output, in order, on one thread of the encoder with no lock held.
    fn take(&self, output: Output<T>);
}
