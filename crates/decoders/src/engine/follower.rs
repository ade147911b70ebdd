//! What a hardware decoder will make of its packets, found out beside it.
//!
//! NVIDIA's element tells neither which packet a picture belongs to, where packets without a picture are, nor that it
//! finds no stream in its first packet: it then waits for ever, and cannot be stopped. The parser that it uses is the
//! driver's, so the same parser follows the stream here.
//!
//! The driver's parser of VP8 ends the process when the first frame that it decodes is a predicted one which keeps a
//! golden or alternate picture. So neither of the two may see a predicted frame first, nor one behind a key frame that
//! is too damaged to be decoded.

use std::collections::VecDeque;

use frames::Codec;
use surfaces::platform::{Found, StreamParser};

use super::table;
use crate::bitstream::samples;

/// The keys of packets whose pictures have not come out, where the n-th picture is that of the n-th packet which shows
/// one.
pub(crate) struct Follower {
    codec: Codec,
    /// Dropped once nothing more is asked of it; missing where the driver has none.
    parser: Option<StreamParser>,
    /// For codecs that are shown in the order of decoding: tells by the header whether a packet shows a picture, where
    /// there is no parser.
    is_shown: Option<fn(&[u8]) -> bool>,
    keys: VecDeque<u64>,
    has_begun: bool,
    has_ended: bool,
}

/// The packet begins a stream, but holds nothing that a decoder can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoStream;

impl Follower {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            codec,
            parser: StreamParser::new(codec.name()),
            is_shown: table::is_shown(codec),
            keys: VecDeque::new(),
            has_begun: false,
            has_ended: false,
        }
    }

    /// Notes a packet that is given to the decoder next, or says that it must not be.
    pub(crate) fn note(&mut self, key: u64, packet: &[u8]) -> Result<(), NoStream> {
        if self.has_ended {
            return Err(NoStream);
        }
        if !self.has_begun && self.codec == Codec::Vp8 && samples::vp8(packet).is_none() {
            return self.end();
        }
        let found = self.parser.as_mut().map(|parser| parser.parse(packet));
        if found.is_some_and(|found| self.begins_in_vain(found)) {
            return self.end();
        }
        self.has_begun = true;
        match (self.is_shown, found) {
            (Some(_), Some(found)) => self.keys.extend((0..found.shown).map(|_| key)),
            (Some(is_shown), None) => self.keys.extend(is_shown(packet).then_some(key)),
            (None, _) => self.parser = None,
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), NoStream> {
        self.has_ended = true;
        self.parser = None;
        Err(NoStream)
    }

    fn begins_in_vain(&self, found: Found) -> bool {
        match found.sequences {
            0 => !self.has_begun,
            // The parsers of other codecs are not asked again.
            _ => self.is_shown.is_some() && found.decoded == 0,
        }
    }

    /// The key of the next picture: `kept` where the element keeps keys on the right picture itself.
    pub(crate) fn key(&mut self, kept: Option<u64>) -> Option<u64> {
        match self.is_shown {
            Some(_) => self.keys.pop_front(),
            None => kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_does_not_begin_with_a_predicted_frame() {
        let predicted = [0xa1, 0x38, 0, 7, 16, 0x90, 8, 0x5a, 0xd9, 0x1d, 0x3d];
        let mut follower = Follower::new(Codec::Vp8);
        assert_eq!(follower.note(1, &predicted), Err(NoStream));
        // Nothing that follows makes up for it.
        assert_eq!(follower.note(2, &predicted), Err(NoStream));
        assert_eq!(follower.key(Some(3)), None);
    }

    #[test]
    fn elements_keep_the_keys_of_codecs_that_are_shown_in_another_order() {
        let mut follower = Follower::new(Codec::H264);
        assert_eq!(follower.key(Some(3)), Some(3));
    }
}
