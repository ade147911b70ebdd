//! Pictures of VP9 that are shown again, under the packets that ask for it.
//!
//! A packet may hold no picture, and show one that was decoded before (`show_existing_frame`; VP9 bitstream
//! specification, 6.2). libav's decoder puts it out with the key of the packet that it was decoded from.

use std::collections::VecDeque;

use crate::bitstream::vpx;

/// The frames that show a picture, in order, as far as none has come out.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    shown: VecDeque<Shown>,
}

#[derive(Debug)]
struct Shown {
    key: u64,
    /// The picture was decoded before.
    is_existing: bool,
    /// It is hardly meant: a frame was damaged into this.
    is_damage: bool,
}

impl Repeats {
    /// Notes what is given to the decoder next: a frame, or a packet of several.
    pub(super) fn note(&mut self, key: u64, frame: &[u8]) {
        if vpx::vp9_is_shown(frame) {
            let is_existing = vpx::vp9_decodes_nothing(frame);
            self.shown.push_back(Shown {
                key,
                is_existing,
                is_damage: is_existing && !vpx::vp9_only_repeats(frame),
            });
        }
    }

    /// The key of the packet that shows a picture, which came out with the key of the packet that it was decoded from.
    ///
    /// Pictures come out in order, if some are missing: the frame is the first that decoded this picture, or that
    /// shows one from before. What damage shows keeps its key: it is no picture of the damaged packet.
    pub(super) fn shown_by(&mut self, decoded_by: u64) -> u64 {
        let shows = |frame: &Shown| {
            decoded_by == frame.key || (frame.is_existing && decoded_by < frame.key)
        };
        let Some(index) = self.shown.iter().position(shows) else {
            return decoded_by;
        };
        let frame = self.shown.drain(..=index).next_back();
        match frame {
            Some(frame) if !frame.is_damage => frame.key,
            _ => decoded_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &[u8] = &[0b1000_0010];
    const HIDDEN: &[u8] = &[0b1000_0000];
    const EXISTING: &[u8] = &[0b1000_1000];

    /// The packets that show the pictures of `decoded_by`.
    fn shown_by(packets: &[&[u8]], decoded_by: &[u64]) -> Vec<u64> {
        let mut repeats = Repeats::default();
        for (key, packet) in (0..).zip(packets) {
            repeats.note(key, packet);
        }
        let keys = decoded_by.iter().map(|&key| repeats.shown_by(key));
        keys.collect()
    }

    #[test]
    fn a_picture_that_is_shown_again_belongs_to_the_packet_that_asks_for_it() {
        let packets = [SHOWN, SHOWN, EXISTING, SHOWN, EXISTING];
        assert_eq!(shown_by(&packets, &[0, 1, 0, 3, 3]), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_hidden_picture_belongs_to_the_packet_that_shows_it() {
        let packets = [SHOWN, HIDDEN, SHOWN, EXISTING, EXISTING];
        assert_eq!(shown_by(&packets, &[0, 2, 1, 1]), [0, 2, 3, 4]);
    }

    #[test]
    fn a_superframe_may_show_what_it_hides() {
        let superframe = [HIDDEN, EXISTING, &[0xc1, 1, 1, 0xc1]].concat();
        assert_eq!(
            shown_by(&[SHOWN, &superframe, SHOWN], &[0, 1, 2]),
            [0, 1, 2]
        );
    }

    #[test]
    fn missing_pictures_are_passed_over() {
        let packets = [SHOWN, SHOWN, EXISTING, SHOWN, EXISTING, SHOWN];
        assert_eq!(shown_by(&packets, &[0, 3, 5]), [0, 3, 5]);
        assert_eq!(shown_by(&packets, &[0, 0, 5]), [0, 2, 5]);
    }

    #[test]
    fn what_damage_shows_belongs_to_no_packet_behind_it() {
        let long = [EXISTING, &[0; 16]].concat();
        let packets = [SHOWN, &long, SHOWN, EXISTING];
        assert_eq!(shown_by(&packets, &[0, 0, 2, 0]), [0, 0, 2, 3]);
    }

    #[test]
    fn a_key_that_no_packet_explains_stays() {
        assert_eq!(shown_by(&[SHOWN, HIDDEN], &[0, 0, 1]), [0, 0, 1]);
    }
}
