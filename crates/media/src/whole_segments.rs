//! Segments that hold everything.
//!
//! Parsers and sinks drop what lies outside of its segment. But the pictures in front of an MP4's edit are what the
//! first ones behind it refer to, and where a container tells a duration that is too short, the last ones lie behind it.

use gst::prelude::*;

/// Lets a pad take every buffer that comes, whatever its segment is. Running times stay as they are.
pub(crate) fn widen(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Segment(told) = event.view()
            && let Some(segment) = told.segment().downcast_ref()
        {
            let whole = gst::event::Segment::builder(&widened(segment))
                .seqnum(event.seqnum())
                .build();
            info.data = Some(gst::PadProbeData::Event(whole));
        }
        gst::PadProbeReturn::Ok
    });
}

fn widened(
    segment: &gst::FormattedSegment<gst::ClockTime>,
) -> gst::FormattedSegment<gst::ClockTime> {
    let mut whole = segment.clone();
    let begin = segment.offset().zip(segment.start());
    whole.set_offset(begin.map(|(offset, start)| offset + start));
    whole.set_start(gst::ClockTime::ZERO);
    whole.set_stop(gst::ClockTime::NONE);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_segment_clips_nothing_and_has_the_same_running_times() {
        gst::init().expect("GStreamer");
        let at = gst::ClockTime::from_mseconds;
        let mut segment = gst::FormattedSegment::new();
        segment.set_start(at(500));
        segment.set_stop(at(900));
        segment.set_base(at(2_000));
        let whole = widened(&segment);
        for ms in [0, 499, 500, 899, 900, 5_000] {
            assert_eq!(
                whole.to_running_time_full(at(ms)),
                segment.to_running_time_full(at(ms)),
                "{ms}"
            );
            let (begin, end) = (at(ms), at(ms + 40));
            assert_eq!(whole.clip(begin, end), Some((begin.into(), end.into())));
        }
        assert_eq!(segment.clip(at(900), at(940)), None);
    }
}
