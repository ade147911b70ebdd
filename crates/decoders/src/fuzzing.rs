//! What is read of a packet before a decoder gets it, as one call that takes any bytes. Not part of the interface:
//! for `crates/fuzz`, which damages packets.

use frames::{Codec, FrameInfo};

use crate::bitstream::dependence::DependenceReader;
use crate::bitstream::presentation::PresentationClock;
use crate::inspect;
use crate::output::Payload;

/// Reads the headers of one stream, packet by packet.
pub struct HeaderReader {
    info: FrameInfo,
    clock: PresentationClock,
    dependence: DependenceReader,
}

impl HeaderReader {
    /// A reader at the beginning of a stream of this codec and size in pixels.
    pub fn new(codec: Codec, (width, height): (u32, u32)) -> Self {
        Self {
            info: FrameInfo {
                uuid: 0,
                codec: Some(codec),
                width,
                height,
                fps: (30, 1),
                pts_ns: 0,
                dts_ns: None,
                duration_ns: None,
                keyframe: None,
            },
            clock: PresentationClock::new(codec),
            dependence: DependenceReader::new(codec),
        }
    }

    /// Reads everything that the next packet's headers tell. Returns whether a decoder would get the packet.
    pub fn read(&mut self, payload: Payload) -> bool {
        let Ok(inspection) = inspect::inspect(&self.info, payload) else {
            return false;
        };
        self.clock.stamp(&inspection.payload);
        self.dependence.read(&inspection.payload);
        true
    }
}
