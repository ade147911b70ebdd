//! What a hardware decoder will make of its packets, found out beside it.
//!
//! NVIDIA's element tells neither which packet a picture belongs to, where packets without a picture are, nor that it
//! finds no stream in its first packet: it then waits for ever, and cannot be stopped. The parser that it uses is the
//! driver's, so the same parser follows the stream here.
//!
//! The driver's parser of VP8 ends the process when the first frame that it decodes is a predicted one which keeps a
//! golden or alternate picture. So neither of the two may see a predicted frame first, nor one behind a key frame that
//! is too damaged to be decoded. And neither may see a damaged video parameter set of HEVC.
//!
//! What decoders of HEVC ignore is kept from NVIDIA's, so that nothing depends on what it makes of that. And it shows no
//! picture of VP9 again; over some packets that asked for it, it broke down or did not end (docs/gpu-facts.md).

use std::collections::VecDeque;

use frames::Codec;
use surfaces::platform::{Found, StreamParser};

use super::{Refused, table};
use crate::bitstream::{hevc_unit, hevc_video_set, nal, samples, vp9_header, vp9_padding, vpx};
use crate::output::Payload;

/// Packets in a row that look like the beginning of a stream, and are none to the driver.
const MAX_IN_VAIN: u32 = 3;

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
    in_vain: u32,
    /// Of the last key frame of VP9.
    size: (u32, u32),
}

impl Follower {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            codec,
            parser: StreamParser::new(codec.name()),
            is_shown: table::is_shown(codec),
            keys: VecDeque::new(),
            has_begun: false,
            in_vain: 0,
            size: (0, 0),
        }
    }

    /// One that goes by headers, as where the driver has no parser.
    #[cfg(test)]
    pub(crate) fn without_parser(codec: Codec) -> Self {
        Self {
            parser: None,
            ..Self::new(codec)
        }
    }

    /// A packet without what stops the chip or, in the driver's parser, the process. Refused if it cannot be made so, or
    /// nothing is left.
    pub(crate) fn made_safe(&mut self, packet: Payload) -> Result<Payload, Refused> {
        let changed = match self.codec {
            Codec::Hevc => nal::without(&packet, |unit| {
                hevc_unit::is_ignored(unit) || hevc_video_set::is_damaged(unit)
            }),
            Codec::Vp9 if vpx::vp9_decodes_nothing(&packet) => return Err(Refused::Empty),
            Codec::Vp9 if vp9_header::is_cut(&packet) => return Err(Refused::Packet),
            Codec::Vp9 => {
                let frames = vpx::vp9_decoded(&packet);
                let mut sizes = frames.iter().filter_map(|frame| samples::vp9(frame)?.size);
                self.size = sizes.next().unwrap_or(self.size);
                let padded = vp9_padding::padded(&frames, vp9_padding::enough_for(self.size));
                Some(padded.ok_or(Refused::Packet)?)
            }
            _ => None,
        };
        let packet = changed.map_or(packet, Payload::from);
        if packet.is_empty() {
            return Err(Refused::Empty);
        }
        Ok(packet)
    }

    /// Notes a packet that is given to the decoder next, or says that it must not be.
    pub(crate) fn note(&mut self, key: u64, packet: &[u8]) -> Result<(), Refused> {
        let is_key = self.is_key(packet);
        if !self.has_begun && self.codec == Codec::Vp8 && !is_key {
            return Err(Refused::Packet);
        }
        let found = self.parser.as_mut().map(|parser| parser.parse(packet));
        if found.is_some_and(|found| self.begins_in_vain(found)) {
            return Err(self.begin_again(is_key));
        }
        self.has_begun = true;
        self.in_vain = 0;
        match (self.is_shown, found) {
            (Some(_), Some(found)) => self.keys.extend((0..found.shown).map(|_| key)),
            (Some(is_shown), None) => self.keys.extend(is_shown(packet).then_some(key)),
            (None, _) => self.parser = None,
        }
        Ok(())
    }

    /// Whether a packet looks as if a stream could begin with it. Of codecs that wait for their parameter sets, those in
    /// front of a session's beginning have been kept back already.
    pub(crate) fn is_key(&self, packet: &[u8]) -> bool {
        match self.codec {
            Codec::Vp8 => samples::vp8(packet).is_some(),
            Codec::Vp9 => samples::vp9(packet).is_some(),
            _ => true,
        }
    }

    fn begins_in_vain(&self, found: Found) -> bool {
        match found.sequences {
            0 => !self.has_begun,
            // The parsers of other codecs are not asked again.
            _ => self.is_shown.is_some() && found.decoded == 0,
        }
    }

    /// Forgets what the parser saw in a packet that the decoder does not get.
    fn begin_again(&mut self, is_key: bool) -> Refused {
        self.parser = StreamParser::new(self.codec.name());
        self.has_begun = false;
        self.in_vain += u32::from(is_key);
        if self.in_vain < MAX_IN_VAIN {
            Refused::Packet
        } else {
            Refused::Stream
        }
    }

    /// The key of the next picture: `kept` where the element keeps keys on the right picture itself.
    pub(crate) fn key(&mut self, kept: Option<u64>) -> Option<u64> {
        match self.is_shown {
            Some(_) => self.keys.pop_front(),
            None => kept,
        }
    }

    /// Pictures that have not come out, where they are counted.
    pub(crate) fn lag(&self) -> usize {
        self.keys.len()
    }

    /// Expects only the newest `lag` pictures still.
    pub(crate) fn catch_up(&mut self, lag: usize) {
        let lost = self.keys.len().saturating_sub(lag);
        self.keys.drain(..lost);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::engine) const VP8_KEY: [u8; 10] = [0x10, 2, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0];
    pub(in crate::engine) const VP8_PREDICTED: [u8; 11] =
        [0xb1, 0x38, 0, 7, 16, 0x90, 8, 0x5a, 0xd9, 0x1d, 0x3d];

    #[test]
    fn vp8_does_not_begin_with_a_predicted_frame() {
        let mut follower = Follower::new(Codec::Vp8);
        assert_eq!(follower.note(1, &VP8_PREDICTED), Err(Refused::Packet));
        assert_eq!(follower.note(2, &VP8_PREDICTED), Err(Refused::Packet));
        assert_eq!(follower.key(Some(3)), None);
    }

    #[test]
    fn what_is_shown_again_is_kept_from_the_decoder() {
        const HIDDEN: &[u8] = &[0b1000_0101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        const EXISTING: &[u8] = &[0b1000_1000];
        let made_safe = |frame: &[u8], index: [u8; 4]| {
            let packet = [frame, EXISTING, &index].concat();
            let mut follower = Follower::without_parser(Codec::Vp9);
            follower.made_safe(Payload::from(packet))
        };
        let padded = [HIDDEN, &[0; 1024]].concat();
        let index = [0xc1, 16, 1, 0xc1];
        assert_eq!(made_safe(HIDDEN, index).as_deref(), Ok(&padded[..]));
        assert_eq!(made_safe(HIDDEN, [0xc1, 16, 2, 0xc1]), Err(Refused::Packet));
        assert_eq!(
            made_safe(&HIDDEN[..1], [0xc1, 1, 1, 0xc1]),
            Err(Refused::Packet)
        );
        assert_eq!(made_safe(EXISTING, [0xc1, 1, 1, 0xc1]), Err(Refused::Empty));
    }

    #[test]
    fn elements_keep_the_keys_of_codecs_that_are_shown_in_another_order() {
        let mut follower = Follower::new(Codec::H264);
        assert_eq!(follower.key(Some(3)), Some(3));
    }

    #[test]
    fn pictures_that_are_lost_are_forgotten_oldest_first() {
        let mut follower = Follower::without_parser(Codec::Vp8);
        for (key, packet) in [&VP8_KEY[..], &VP8_PREDICTED, &VP8_PREDICTED, &VP8_KEY]
            .into_iter()
            .enumerate()
        {
            assert_eq!(follower.note(key as u64, packet), Ok(()));
        }
        assert_eq!((follower.key(None), follower.lag()), (Some(0), 3));
        follower.catch_up(1);
        assert_eq!((follower.key(None), follower.key(None)), (Some(3), None));
    }

    #[test]
    fn a_stream_that_goes_on_beginning_in_vain_is_refused() {
        let mut follower = Follower::new(Codec::Vp8);
        let refusals: Vec<_> = (0..5)
            .map(|round| follower.begin_again(round != 1))
            .collect();
        let (packet, stream) = (Refused::Packet, Refused::Stream);
        assert_eq!(refusals, [packet, packet, packet, stream, stream]);
    }
}
