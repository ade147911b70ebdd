//! Encoded video frames as they travel between readers and decoders: who sent a frame, what it
//! contains, when it is shown and what identifies it.
//!
//! The crate knows neither Python nor `GStreamer`. The payload is kept apart from its description:
//! a [`VideoFrame`] may carry it ([`VideoFrameContent::Internal`]), name where it lies
//! ([`VideoFrameContent::External`]), or leave it to whoever hands the frame on.

#![forbid(unsafe_code)]

mod codec;
mod content;
mod end_of_stream;
mod error;
mod frame;
mod info;
mod json;

pub use codec::{Codec, UnknownCodec};
pub use content::{VideoFrameContent, VideoFrameTranscodingMethod};
pub use end_of_stream::EndOfStream;
pub use error::FrameError;
pub use frame::{DEFAULT_TIME_BASE, VideoFrame, VideoFrameParams};
pub use info::FrameInfo;
pub use uuid::Uuid;
