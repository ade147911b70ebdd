//! Times that a container takes: decode times grow, no picture is shown before it is decoded, none is
//! below zero.

use crate::MediaError;

/// What to do about times that a container does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadTimestamps {
    /// Move them as little as it takes.
    #[default]
    Fix,
    /// Refuse the packet.
    Raise,
}

/// Times of a packet in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub pts: u64,
    /// `None` where only the order of the packets tells it.
    pub dts: Option<u64>,
}

/// Nanoseconds by which a decode time is moved behind the one before: one tick of 1/90000 s, rounded up.
const TICK: i64 = 11_112;

/// The clock of one file.
#[derive(Debug)]
pub(super) struct Clock {
    policy: BadTimestamps,
    /// Whether packets need decode times.
    has_decode_times: bool,
    /// What is added to all times, so that the first is not below zero.
    shift: Option<i64>,
    last: Option<(i64, i64)>,
    fixed: u64,
}

impl Clock {
    pub(super) fn new(policy: BadTimestamps, has_decode_times: bool) -> Self {
        Self {
            policy,
            has_decode_times,
            shift: None,
            last: None,
            fixed: 0,
        }
    }

    /// Packets whose times were moved.
    pub(super) fn fixed(&self) -> u64 {
        self.fixed
    }

    /// The times of the next packet. `step` is what a frame lasts.
    pub(super) fn next(
        &mut self,
        pts: Option<i64>,
        dts: Option<i64>,
        step: i64,
    ) -> Result<Times, MediaError> {
        if let (false, Some(pts @ 0..), None, None | Some(0)) =
            (self.has_decode_times, pts, dts, self.shift)
        {
            return Ok(Times {
                pts: pts.unsigned_abs(),
                dts: None,
            });
        }
        let lead = dts.or(pts).unwrap_or_default().min(0);
        let shift = *self.shift.get_or_insert(-lead);
        let given = (
            pts.map(|pts| pts.saturating_add(shift)),
            dts.or(pts).map(|dts| dts.saturating_add(shift)),
        );
        let after = self.last.map_or(0, |(_, dts)| dts.saturating_add(1));
        let (pts, dts) = match given {
            (Some(pts), Some(dts)) if dts >= after && pts >= dts => (pts, dts),
            (pts, dts) => {
                self.refuse(pts, dts, after)?;
                let expected = self.last.map_or(0, |(pts, _)| pts.saturating_add(step));
                let least = self.last.map_or(0, |(_, dts)| dts.saturating_add(TICK));
                let pts = pts.unwrap_or(expected);
                let dts = dts.unwrap_or(pts).max(least);
                self.fixed += 1;
                (pts.max(dts), dts)
            }
        };
        self.last = Some((pts, dts));
        Ok(Times {
            pts: pts.unsigned_abs(),
            dts: Some(dts.unsigned_abs()),
        })
    }

    fn refuse(&self, pts: Option<i64>, dts: Option<i64>, after: i64) -> Result<(), MediaError> {
        if self.policy == BadTimestamps::Fix {
            return Ok(());
        }
        let reason = match (pts, dts) {
            (None, _) => "it has no presentation time".to_owned(),
            (Some(pts), Some(dts)) if dts > pts => {
                format!("it is shown at {pts} ns, before it is decoded at {dts} ns")
            }
            (_, dts) => format!(
                "it is decoded at {} ns, not after the packet before at {} ns",
                dts.unwrap_or_default(),
                after - 1
            ),
        };
        Err(MediaError::BadTimestamps { reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEP: i64 = 40_000_000;

    fn run(policy: BadTimestamps, times: &[(Option<i64>, Option<i64>)]) -> Vec<(u64, u64)> {
        let mut clock = Clock::new(policy, true);
        times
            .iter()
            .map(|(pts, dts)| clock.next(*pts, *dts, STEP).unwrap())
            .map(|times| (times.pts, times.dts.unwrap()))
            .collect()
    }

    #[test]
    fn good_times_stay_as_they_are() {
        let times = [(Some(5), None), (Some(STEP), Some(6)), (Some(30), Some(7))];
        let expected = [(5, 5), (STEP.unsigned_abs(), 6), (30, 7)];
        assert_eq!(run(BadTimestamps::Raise, &times), expected);
    }

    #[test]
    fn a_stream_that_begins_below_zero_is_shifted_as_a_whole() {
        let times = [
            (Some(0), Some(-20)),
            (Some(60), Some(-10)),
            (Some(30), Some(0)),
        ];
        assert_eq!(
            run(BadTimestamps::Raise, &times),
            [(20, 0), (80, 10), (50, 20)]
        );
    }

    #[test]
    fn bad_times_are_moved_or_refused() {
        let tick = TICK.unsigned_abs();
        let times = [
            (Some(100), None),
            (Some(100), None),
            (Some(3), None),
            (None, None),
        ];
        let expected = [
            (100, 100),
            (100 + tick, 100 + tick),
            (100 + 2 * tick, 100 + 2 * tick),
            (
                100 + 2 * tick + STEP.unsigned_abs(),
                100 + 2 * tick + STEP.unsigned_abs(),
            ),
        ];
        assert_eq!(run(BadTimestamps::Fix, &times), expected);
        for bad in [(Some(100), None), (Some(3), Some(200)), (None, None)] {
            let mut clock = Clock::new(BadTimestamps::Raise, true);
            clock.next(Some(100), None, STEP).unwrap();
            assert!(clock.next(bad.0, bad.1, STEP).is_err(), "{bad:?}");
            // The next one is judged by the last that was written.
            assert!(clock.next(Some(101), None, STEP).is_ok());
        }
    }

    #[test]
    fn without_decode_times_the_order_of_the_packets_is_enough() {
        let mut clock = Clock::new(BadTimestamps::Raise, false);
        for pts in [0, 80, 40, 40] {
            let times = clock.next(Some(pts), None, STEP).unwrap();
            assert_eq!((times.pts, times.dts), (pts.unsigned_abs(), None));
        }
        assert!(clock.next(None, None, STEP).is_err());
    }

    proptest! {
        #[test]
        fn fixed_times_are_ones_that_containers_take(
            times in prop::collection::vec((any::<Option<i32>>(), any::<Option<i32>>()), 1..50)
        ) {
            let times: Vec<_> = times
                .into_iter()
                .map(|(pts, dts)| (pts.map(i64::from), dts.map(i64::from)))
                .collect();
            let made = run(BadTimestamps::Fix, &times);
            prop_assert!(made.iter().all(|(pts, dts)| dts <= pts));
            prop_assert!(made.windows(2).all(|pair| pair[0].1 < pair[1].1));
        }
    }
}
