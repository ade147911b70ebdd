//! Times of a stream, in nanoseconds from a zero of its own that no time lies before.

use std::time::Duration;

/// What an access unit's buffer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct BufferTimes {
    pub(crate) pts_ns: Option<i64>,
    pub(crate) dts_ns: Option<i64>,
    pub(crate) duration_ns: Option<i64>,
}

/// Turns the times of buffers into times of the stream.
///
/// Times of buffers are the container's own, which are never negative, and those are kept. Only
/// where playback moves on to another segment (the next entry of an edit list), the times go on
/// where the segment before ends. Segments that do not move playback on are ignored: Matroska
/// files begin with two that contradict each other.
#[derive(Debug, Default)]
pub(crate) struct SegmentClock {
    first: Option<gst::FormattedSegment<gst::ClockTime>>,
}

impl SegmentClock {
    /// The time of the stream at which `time` of `segment` lies, in nanoseconds.
    pub(crate) fn time_ns(
        &mut self,
        segment: &gst::FormattedSegment<gst::ClockTime>,
        time: gst::ClockTime,
    ) -> i64 {
        let first = self.first.get_or_insert_with(|| segment.clone());
        if segment.base() == first.base() {
            return nanoseconds(time);
        }
        let running =
            |segment: &gst::FormattedSegment<_>, time| match segment.to_running_time_full(time) {
                Some(gst::Signed::Positive(time)) => nanoseconds(time),
                Some(gst::Signed::Negative(time)) => -nanoseconds(time),
                None => nanoseconds(time),
            };
        let origin = running(first, gst::ClockTime::ZERO);
        running(segment, time).saturating_sub(origin)
    }
}

/// `time` as a signed number.
pub(crate) fn nanoseconds(time: gst::ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX)
}

/// What the frame will say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct FrameTimes {
    pub(crate) pts_ns: i64,
    pub(crate) dts_ns: Option<i64>,
    pub(crate) duration_ns: Option<i64>,
}

/// Gives every access unit of a stream a presentation time.
#[derive(Debug, Default)]
#[allow(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct Timeline {
    next_pts_ns: i64,
    first_pts_ns: Option<i64>,
    last_pts_ns: i64,
    /// What is added to the times of this connection.
    shift_ns: i64,
    /// No time of this connection lies before.
    earliest_ns: i64,
    /// Set until the first access unit of a new connection is there.
    restarts_at_ns: Option<i64>,
}

impl Timeline {
    /// The next access unit is the first of a new connection, whose times begin anew: it comes `since_first`
    /// after the very first one.
    pub(crate) fn restart(&mut self, since_first: Duration) {
        let since_first_ns = i64::try_from(since_first.as_nanos()).unwrap_or(i64::MAX);
        let first_ns = self.first_pts_ns.unwrap_or(0);
        self.restarts_at_ns = Some(first_ns.saturating_add(since_first_ns));
    }

    /// The times of the next access unit in decode order.
    ///
    /// A presentation time that is missing (elementary streams, AVI, an access unit inside a
    /// packet of several) is the decode time, or else the presentation time before plus
    /// `frame_ns`. A time before zero is moved to zero, one of a new connection that lies before the end of
    /// the last one is moved there.
    pub(crate) fn stamp(&mut self, times: BufferTimes, frame_ns: i64) -> FrameTimes {
        let frame_ns = times.duration_ns.unwrap_or(frame_ns).max(0);
        if let Some(start_ns) = self.restarts_at_ns.take() {
            self.earliest_ns = self.last_pts_ns.saturating_add(1);
            let start_ns = start_ns.max(self.last_pts_ns.saturating_add(frame_ns));
            let own_ns = times.dts_ns.or(times.pts_ns);
            self.shift_ns = own_ns.map_or(0, |own| start_ns.saturating_sub(own));
            self.next_pts_ns = start_ns;
        }
        let shifted = |time: i64| time.saturating_add(self.shift_ns).max(self.earliest_ns);
        let dts_ns = times.dts_ns.map(shifted);
        let pts_ns = times
            .pts_ns
            .map(shifted)
            .or(dts_ns)
            .unwrap_or(self.next_pts_ns);
        self.first_pts_ns.get_or_insert(pts_ns);
        self.last_pts_ns = self.last_pts_ns.max(pts_ns);
        self.next_pts_ns = pts_ns.saturating_add(frame_ns);
        FrameTimes {
            pts_ns,
            dts_ns,
            duration_ns: times.duration_ns.filter(|&duration| duration >= 0),
        }
    }
}

/// How long a picture is shown at `fps`; at 25 a second if the stream does not say.
pub(crate) fn frame_duration_ns((numerator, denominator): (i32, i32)) -> i64 {
    const SECOND_NS: i64 = 1_000_000_000;
    if numerator > 0 && denominator > 0 {
        SECOND_NS * i64::from(denominator) / i64::from(numerator)
    } else {
        SECOND_NS / 25
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_the_container_are_kept() {
        let times = BufferTimes {
            pts_ns: Some(80),
            dts_ns: Some(0),
            duration_ns: Some(40),
        };
        assert_eq!(
            Timeline::default().stamp(times, 1),
            FrameTimes {
                pts_ns: 80,
                dts_ns: Some(0),
                duration_ns: Some(40)
            }
        );
    }

    #[test]
    fn missing_presentation_times_are_filled_in() {
        let mut timeline = Timeline::default();
        let mut pts = |times| timeline.stamp(times, 40).pts_ns;
        assert_eq!(pts(BufferTimes::default()), 0);
        assert_eq!(pts(BufferTimes::default()), 40);
        assert_eq!(
            pts(BufferTimes {
                pts_ns: Some(100),
                ..Default::default()
            }),
            100
        );
        assert_eq!(
            pts(BufferTimes {
                duration_ns: Some(20),
                ..Default::default()
            }),
            140
        );
        assert_eq!(pts(BufferTimes::default()), 160);
        assert_eq!(
            pts(BufferTimes {
                dts_ns: Some(500),
                ..Default::default()
            }),
            500
        );
    }

    #[test]
    fn a_new_connection_goes_on_when_it_comes() {
        let at = |pts_ns, dts_ns| BufferTimes {
            pts_ns: Some(pts_ns),
            dts_ns,
            duration_ns: None,
        };
        let mut timeline = Timeline::default();
        assert_eq!(timeline.stamp(at(100, None), 40).pts_ns, 100);
        assert_eq!(timeline.stamp(at(140, None), 40).pts_ns, 140);
        timeline.restart(Duration::from_nanos(500));
        let first = timeline.stamp(at(90, Some(10)), 40);
        assert_eq!((first.dts_ns, first.pts_ns), (Some(600), 680));
        assert_eq!(timeline.stamp(at(50, None), 40).pts_ns, 640);
        // One that comes at once waits for the end of the picture before, and nothing goes back behind that.
        timeline.restart(Duration::from_nanos(501));
        assert_eq!(timeline.stamp(at(5_000, None), 40).pts_ns, 720);
        assert_eq!(timeline.stamp(at(4_000, None), 40).pts_ns, 681);
        // One without times.
        timeline.restart(Duration::from_micros(1));
        assert_eq!(timeline.stamp(BufferTimes::default(), 40).pts_ns, 1_100);
        assert_eq!(timeline.stamp(BufferTimes::default(), 40).pts_ns, 1_140);
    }

    fn segment(start_ms: u64, base_ms: u64) -> gst::FormattedSegment<gst::ClockTime> {
        gst::init().unwrap();
        let mut segment = gst::FormattedSegment::new();
        segment.set_start(gst::ClockTime::from_mseconds(start_ms));
        segment.set_base(gst::ClockTime::from_mseconds(base_ms));
        segment
    }

    #[test]
    fn a_segment_that_moves_playback_on_moves_times_on() {
        let mut clock = SegmentClock::default();
        let mut at =
            |segment, ms| clock.time_ns(segment, gst::ClockTime::from_mseconds(ms)) / 1_000_000;
        let (first, second) = (segment(80, 0), segment(5_000, 1_000));
        // The first picture to be shown, and one before it that only serves as a reference.
        assert_eq!(at(&first, 80), 80);
        assert_eq!(at(&first, 0), 0);
        assert_eq!(at(&first, 1_040), 1_040);
        // The second segment begins a second after the first one began.
        assert_eq!(at(&second, 5_000), 1_080);
        assert_eq!(at(&second, 4_960), 1_040);
    }

    #[test]
    fn a_segment_that_does_not_move_playback_on_changes_nothing() {
        let mut clock = SegmentClock::default();
        let time = gst::ClockTime::from_mseconds(56);
        assert_eq!(clock.time_ns(&segment(23, 0), time), 56_000_000);
        assert_eq!(clock.time_ns(&segment(0, 0), time), 56_000_000);
    }

    #[test]
    fn frame_durations() {
        assert_eq!(frame_duration_ns((30_000, 1_001)), 33_366_666);
        assert_eq!(frame_duration_ns((0, 1)), 40_000_000);
        assert_eq!(frame_duration_ns((1, i32::MAX)), 2_147_483_647_000_000_000);
    }

    proptest! {
        #[test]
        fn no_time_is_negative(
            units in prop::collection::vec(any::<[Option<i64>; 3]>(), 1..20), frame_ns in any::<i64>(),
        ) {
            let mut timeline = Timeline::default();
            for [pts_ns, dts_ns, duration_ns] in units {
                let times = timeline.stamp(BufferTimes { pts_ns, dts_ns, duration_ns }, frame_ns);
                prop_assert!(times.pts_ns >= 0);
                prop_assert!(times.dts_ns.is_none_or(|dts| dts >= 0));
                prop_assert!(times.duration_ns.is_none_or(|duration| duration >= 0));
            }
        }

        #[test]
        fn no_connection_goes_back_behind_the_one_before(
            connections in prop::collection::vec(
                (any::<u32>(), prop::collection::vec(any::<[Option<i32>; 2]>(), 1..20)), 1..5,
            ),
        ) {
            let mut timeline = Timeline::default();
            let mut last = -1;
            for (since_first, units) in connections {
                timeline.restart(Duration::from_nanos(since_first.into()));
                let times = units.into_iter().map(|[pts, dts]| BufferTimes {
                    pts_ns: pts.map(i64::from),
                    dts_ns: dts.map(i64::from),
                    duration_ns: None,
                });
                let stamps: Vec<_> = times.map(|times| timeline.stamp(times, 40).pts_ns).collect();
                prop_assert!(stamps.iter().all(|&pts| pts > last));
                last = stamps.into_iter().max().unwrap_or(last);
            }
        }
    }
}
