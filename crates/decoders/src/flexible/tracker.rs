//! Follows a stream from one access unit to the next.

use frames::Codec;

use crate::bitstream::presentation::{PresentationClock, Stamp};
use crate::bitstream::samples::Samples;
use crate::machine::Gate;

/// Access units that are left out after a loss while no random access point comes.
const MAX_LEFT_OUT: u32 = 300;

/// What becomes of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub stamp: Stamp,
    /// No picture can come out of it, or none that could be told from others.
    pub is_undecodable: bool,
    /// It needs a new session, although the parameters are those of the one that runs.
    pub renews: bool,
}

/// Stamps the access units of a decoder, and knows when its pairing can no longer be trusted.
///
/// A decoder that pairs pictures with packets by their order loses count when a picture fails to come
/// out. So after a loss in the stream what comes until the next random access point, most of it
/// damaged anyway, is left out, and a new session begins there. One begins too where the headers tell of
/// other samples than before: another decoder may be the right one for them.
pub(super) struct Tracker {
    clock: PresentationClock,
    /// What the headers said of the samples last.
    samples: Option<Samples>,
    /// Access units left out since a loss.
    left_out: Option<u32>,
}

impl Tracker {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            clock: PresentationClock::new(codec),
            samples: None,
            left_out: None,
        }
    }

    /// The next access unit of the session that runs; `pairs_by_order` tells what its decoder does.
    pub(super) fn follow(
        &mut self,
        data: &[u8],
        gate: Gate,
        samples: Option<Samples>,
        pairs_by_order: bool,
    ) -> Verdict {
        let stamp = self.clock.stamp(data);
        let has_other_samples =
            samples.is_some() && self.samples.is_some() && samples != self.samples;
        self.samples = samples.or(self.samples);
        let verdict = Verdict {
            stamp,
            is_undecodable: stamp.lacks_references,
            renews: false,
        };
        if !pairs_by_order {
            return verdict;
        }
        if has_other_samples && gate != Gate::Dependent {
            return Verdict {
                renews: true,
                ..verdict
            };
        }
        if stamp.follows_loss || stamp.is_guess {
            self.left_out.get_or_insert(0);
        }
        match &mut self.left_out {
            None => verdict,
            Some(_) if gate == Gate::RandomAccess => Verdict {
                renews: true,
                ..verdict
            },
            Some(count) if *count < MAX_LEFT_OUT => {
                *count += 1;
                Verdict {
                    is_undecodable: true,
                    ..verdict
                }
            }
            Some(_) => {
                tracing::warn!(
                    "no random access point within {MAX_LEFT_OUT} access units after a loss: pictures may come with \
                     other frames than their own"
                );
                self.left_out = None;
                verdict
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitstream::presentation::samples::{gap, intact, random_access};

    #[test]
    fn after_a_loss_everything_is_left_out_until_a_new_session_begins() {
        let mut tracker = Tracker::new(Codec::H264);
        let mut follow = |data: &[u8], gate| {
            let verdict = tracker.follow(data, gate, None, true);
            (verdict.is_undecodable, verdict.renews)
        };
        assert_eq!(follow(&random_access(), Gate::RandomAccess), (false, false));
        assert_eq!(follow(&intact(1), Gate::Dependent), (false, false));
        assert_eq!(follow(&gap(1), Gate::Dependent), (true, false));
        assert_eq!(follow(&intact(4), Gate::Dependent), (true, false));
        assert_eq!(follow(&random_access(), Gate::RandomAccess), (false, true));
    }

    #[test]
    fn a_stream_without_random_access_points_goes_on() {
        let mut tracker = Tracker::new(Codec::H264);
        tracker.follow(&random_access(), Gate::RandomAccess, None, true);
        let mut left_out = 0;
        let mut data = gap(0);
        for number in 4.. {
            if !tracker
                .follow(&data, Gate::Dependent, None, true)
                .is_undecodable
            {
                break;
            }
            left_out += 1;
            data = intact(number);
        }
        assert_eq!(left_out, MAX_LEFT_OUT);
    }

    #[test]
    fn other_samples_need_a_new_session() {
        let size = |width| {
            Some(Samples {
                size: Some((width, 16)),
                ..Samples::default()
            })
        };
        let mut tracker = Tracker::new(Codec::Vp9);
        for (samples, renews) in [
            (size(16), false),
            (None, false),
            (size(16), false),
            (size(32), true),
            (size(32), false),
        ] {
            let verdict = tracker.follow(&[], Gate::Immediate, samples, true);
            assert_eq!(verdict.renews, renews, "{samples:?}");
        }
    }

    #[test]
    fn a_decoder_that_keeps_its_packets_apart_gets_everything() {
        let mut tracker = Tracker::new(Codec::H264);
        for data in [random_access(), gap(0), vec![0xff; 9]] {
            assert!(
                !tracker
                    .follow(&data, Gate::Dependent, None, false)
                    .is_undecodable
            );
        }
    }
}
