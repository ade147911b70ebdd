//! What a hardware decoder will make of its packets, found out beside it.
//!
//! NVIDIA's element tells neither which packet a picture belongs to, where packets without a picture are, nor that it
//! finds no stream in its first packet: it then waits for ever, and cannot be stopped. The parser that it uses is the
//! driver's, so the same parser follows the stream here.

use std::collections::VecDeque;

use frames::Codec;
use surfaces::platform::StreamParser;

use super::table;

/// The keys of packets whose pictures have not come out, where the n-th picture is that of the n-th packet which shows
/// one.
pub(crate) struct Follower {
    /// Dropped once nothing more is asked of it; missing where the driver has none.
    parser: Option<StreamParser>,
    /// For codecs that are shown in the order of decoding: tells by the header whether a packet shows a picture, where
    /// there is no parser.
    is_shown: Option<fn(&[u8]) -> bool>,
    keys: VecDeque<u64>,
    has_begun: bool,
}

/// The first packet holds nothing that a decoder can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoStream;

impl Follower {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            parser: StreamParser::new(codec.name()),
            is_shown: table::is_shown(codec),
            keys: VecDeque::new(),
            has_begun: false,
        }
    }

    /// Notes a packet that is given to the decoder next, or says that it must not be.
    pub(crate) fn note(&mut self, key: u64, packet: &[u8]) -> Result<(), NoStream> {
        let found = self.parser.as_mut().map(|parser| parser.parse(packet));
        if !self.has_begun && found.is_some_and(|found| found.sequences == 0) {
            return Err(NoStream);
        }
        self.has_begun = true;
        match (self.is_shown, found) {
            (Some(_), Some(found)) => self.keys.extend((0..found.shown).map(|_| key)),
            (Some(is_shown), None) => self.keys.extend(is_shown(packet).then_some(key)),
            (None, _) => self.parser = None,
        }
        Ok(())
    }

    /// The key of the next picture: `kept` where the element keeps keys on the right picture itself.
    pub(crate) fn key(&mut self, kept: Option<u64>) -> Option<u64> {
        match self.is_shown {
            Some(_) => self.keys.pop_front(),
            None => kept,
        }
    }
}
