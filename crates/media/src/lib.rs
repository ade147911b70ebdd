//! Reading encoded video out of files and URLs, and writing it into files, one access unit at a time, through
//! `GStreamer`.
//!
//! Nothing is decoded or encoded: a [`PacketReader`] finds the first video stream that has a
//! [`frames::Codec`], cuts it into access units and describes each with a [`frames::VideoFrame`].

#![forbid(unsafe_code)]

mod annex_b;
mod annex_b_obu;
mod elements;
mod error;
mod format;
mod jitter_buffers;
mod location;
mod nal_stream;
mod obu;
mod packet;
mod parameter_sets;
mod pipeline;
mod progress;
mod reader;
mod reconnect;
mod rtp;
mod source;
mod timeline;
mod type_finders;
mod vp8;
mod whole_segments;
mod writer;

pub use annex_b::length_prefixed;
pub use elements::elements;
pub use error::MediaError;
pub use location::Location;
pub use packet::{Packet, StreamFormat};
pub use reader::{PacketReader, PacketReaderOptions};
pub use reconnect::Reconnect;
pub use writer::{BadTimestamps, Container, PacketWriter, PacketWriterOptions, WritePacket};
