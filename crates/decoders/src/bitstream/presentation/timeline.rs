//! Turns picture order counts into stamps that only ever move forward from one sequence to the next.

use std::collections::BTreeSet;

/// Distance of two stamps whose picture order counts differ by one.
///
/// Between them is room for the second field (the odd stamp) and for a picture whose own is taken.
const SPACING: u64 = 4;

/// Picture order counts that a sequence may go below its first picture: leading pictures are decoded
/// after the random access picture and shown before it.
const HEADROOM: u64 = 512;

/// How far a picture order count may run ahead of the others of its sequence before it is taken for
/// damage: the range of `pic_order_cnt_lsb`.
const MAX_ADVANCE: u64 = 1 << 16;

/// At most so many pictures wait in a decoder for one that is decoded later and shown earlier
/// (`MaxDpbFrames` of H.264 and HEVC).
const MAX_WAITING: usize = 16;

/// A gradual refresh: pictures without random access points, of which a part is new in each, until all is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refresh {
    /// One begins with this picture.
    pub begins: bool,
    /// The one that began last is complete: pictures shown from here on are right, if nothing was lost since it began.
    pub completes: bool,
}

/// What a codec's syntax tells about one coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub(super) struct Picture {
    /// Its picture order count, relative to the coded video sequence.
    pub order_count: i64,
    /// Whether every picture before it in decoding order is shown before it.
    pub begins_sequence: bool,
    /// Whether it is the second field of the frame that the previous picture began.
    pub second_field: bool,
    /// Whether it refers to pictures that are not there, before the start of the sequence.
    pub lacks_references: bool,
    /// Whether its header tells that a picture before it was lost.
    pub follows_loss: bool,
    pub refresh: Refresh,
}

/// The stamps given in the coded video sequence that is being decoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    /// Picture order count and stamp of the picture that began the sequence.
    origin: Option<(i64, u64)>,
    /// The greatest even stamps of the sequence: what may still wait to be shown.
    waiting: BTreeSet<u64>,
    /// Everything up to here has been shown: no new stamp may be below.
    shown: u64,
    /// The greatest even stamp ever given.
    greatest: u64,
    /// The even stamp given last, in decoding order.
    latest: u64,
    /// The stamp of the last picture that was not a guess.
    latest_picture: u64,
    /// The last picture's count does not go with those before.
    is_broken: bool,
}

impl Timeline {
    /// The stamp of a picture whose header was read.
    ///
    /// A picture order count that lies before what must already have been shown, or far ahead, tells
    /// of lost data: a new sequence begins there, so that the order after the loss is right.
    pub fn place(&mut self, picture: Picture) -> u64 {
        if picture.second_field {
            return self.latest_picture + 1;
        }
        let wanted = self.wanted(picture.order_count);
        let is_new = |stamp: &u64| !self.waiting.contains(stamp);
        self.is_broken = !picture.begins_sequence
            && self.origin.is_some()
            && !wanted.as_ref().is_some_and(is_new);
        let wanted = match wanted {
            Some(wanted) if !picture.begins_sequence => wanted,
            _ => self.begin(picture.order_count),
        };
        self.latest_picture = self.give(wanted);
        self.latest_picture
    }

    /// Whether the picture placed last has a count that another one has, or that lies before what must
    /// already have been shown or far ahead: data was lost or repeated.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The stamp of a picture of which nothing is known: right after the one decoded before it.
    pub fn guess(&mut self) -> u64 {
        self.give(self.latest.max(self.shown) + 2)
    }

    fn wanted(&self, order_count: i64) -> Option<u64> {
        let (origin, base) = self.origin?;
        let steps = order_count
            .saturating_sub(origin)
            .checked_mul(SPACING as i64)?;
        let wanted = base.checked_add_signed(steps)?;
        let possible = self.shown + 1..=self.greatest + MAX_ADVANCE * SPACING;
        possible.contains(&wanted).then_some(wanted)
    }

    fn begin(&mut self, order_count: i64) -> u64 {
        self.shown = self.greatest;
        self.waiting.clear();
        let base = (self.greatest + HEADROOM * SPACING).next_multiple_of(SPACING);
        self.origin = Some((order_count, base));
        base
    }

    /// Takes the first free stamp from `wanted` on.
    fn give(&mut self, wanted: u64) -> u64 {
        let mut stamp = wanted;
        while !self.waiting.insert(stamp) {
            stamp += 2;
        }
        if self.waiting.len() > MAX_WAITING
            && let Some(oldest) = self.waiting.pop_first()
        {
            self.shown = oldest;
        }
        self.greatest = self.greatest.max(stamp);
        self.latest = stamp;
        stamp
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(order_count: i64) -> Picture {
        Picture {
            order_count,
            begins_sequence: false,
            second_field: false,
            lacks_references: false,
            follows_loss: false,
            refresh: Refresh::default(),
        }
    }

    fn first(order_count: i64) -> Picture {
        Picture {
            begins_sequence: true,
            ..frame(order_count)
        }
    }

    fn is_sorted(stamps: &[u64]) -> bool {
        stamps.is_sorted_by(|a, b| a < b)
    }

    #[test]
    fn stamps_sort_by_count_within_a_sequence_and_by_sequence_before() {
        let mut timeline = Timeline::default();
        let [i, p, b, leading, next] =
            [first(0), frame(8), frame(4), frame(-2), first(0)].map(|it| timeline.place(it));
        assert!(is_sorted(&[leading, i, b, p, next]));
        let leading = timeline.place(frame(-16));
        assert!(is_sorted(&[p, leading, next]));
    }

    #[test]
    fn a_second_field_follows_its_first() {
        let mut timeline = Timeline::default();
        let i = timeline.place(first(0));
        let p = timeline.place(frame(2));
        let second = timeline.place(Picture {
            second_field: true,
            ..frame(1)
        });
        let next = timeline.place(frame(3));
        assert!(is_sorted(&[i, p, second, next]));
    }

    #[test]
    fn a_repeated_count_and_a_guess_come_right_after() {
        let mut timeline = Timeline::default();
        timeline.place(first(0));
        let p = timeline.place(frame(8));
        let b = timeline.place(frame(4));
        let again = timeline.place(frame(4));
        let guess = timeline.guess();
        assert!(is_sorted(&[b, again, guess, p]));
    }

    #[test]
    fn a_count_that_goes_back_too_far_begins_a_sequence() {
        let mut timeline = Timeline::default();
        let before: Vec<u64> = (0..60).map(|count| timeline.place(frame(count))).collect();
        assert!(is_sorted(&before));
        let after: Vec<u64> = (12..20).map(|count| timeline.place(frame(count))).collect();
        assert!(before[59] < after[0] && is_sorted(&after));
    }

    #[test]
    fn a_count_far_ahead_begins_a_sequence() {
        let mut timeline = Timeline::default();
        let before = timeline.place(first(0));
        let ahead = timeline.place(frame(i64::MAX));
        let behind = timeline.place(frame(i64::MIN));
        assert!(is_sorted(&[before, ahead, behind]));
        assert!(behind < 10_000);
    }

    #[test]
    fn sixteen_pictures_may_wait_for_one() {
        let mut timeline = Timeline::default();
        let i = timeline.place(first(0));
        let waiting: Vec<u64> = (2..18).map(|count| timeline.place(frame(count))).collect();
        let late = timeline.place(frame(1));
        assert!(i < late && late < waiting[0]);
    }

    proptest! {
        #[test]
        fn no_stamp_is_given_twice_or_below_a_finished_sequence(
            pictures in prop::collection::vec(
                (prop_oneof![-40i64..40, any::<i64>()], 0u8..12), 1..400,
            ),
        ) {
            let mut timeline = Timeline::default();
            let mut given = BTreeSet::new();
            let mut finished = 0;
            let mut may_be_second = false;
            for (order_count, kind) in pictures {
                let stamp = match kind {
                    0 => {
                        finished = timeline.greatest;
                        timeline.place(first(order_count))
                    }
                    1 => timeline.guess(),
                    2 if may_be_second => {
                        timeline.place(Picture { second_field: true, ..frame(order_count) })
                    }
                    _ => timeline.place(frame(order_count)),
                };
                // A frame has one second field.
                may_be_second = match kind {
                    1 => may_be_second,
                    2 => !may_be_second,
                    _ => true,
                };
                prop_assert!(stamp > finished);
                prop_assert!(given.insert(stamp));
            }
        }
    }
}
