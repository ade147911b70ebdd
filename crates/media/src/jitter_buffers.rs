//! What `rtpjitterbuffer`s of `GStreamer` 1.22 cannot do alone: end, and stop.

use std::thread;
use std::time::Duration;

use gst::prelude::*;

use crate::rtp::has_video_packets;

const FACTORY: &str = "rtpjitterbuffer";

/// Calls `on_end` when the end of a video stream enters a jitter buffer of `pipeline`.
///
/// It does not always come out again. If the buffer learns of the end while packets wait in it, the thread that pushes
/// them can set a timer for the end and wait for it, without waking the thread that waits for timers.
pub(crate) fn watch_ends(
    pipeline: &gst::Pipeline,
    on_end: impl Fn() + Clone + Send + Sync + 'static,
) {
    pipeline.connect_deep_element_added(move |_, _, element| {
        let on_end = on_end.clone();
        if let Some(pad) = sink_pad(element) {
            pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |pad, info| {
                let is_end = info
                    .event()
                    .is_some_and(|event| event.type_() == gst::EventType::Eos);
                if is_end && has_video_packets(pad) {
                    on_end();
                }
                gst::PadProbeReturn::Ok
            });
        }
    });
}

/// Lets the threads of the jitter buffers of `pipeline` go.
///
/// If a server drops a connection that has just begun, such a thread waits for a timer that does not come, with the
/// lock that stopping it takes. A flush wakes one of the two that may wait for the timer, and what it wakes may wait
/// once more.
pub(crate) fn release(pipeline: &gst::Pipeline) {
    let elements = pipeline.iterate_recurse().into_iter().flatten();
    for pad in elements.filter_map(|element| sink_pad(&element)) {
        for _ in 0..3 {
            pad.send_event(gst::event::FlushStart::new());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Where packets enter `element`, if it is a jitter buffer.
fn sink_pad(element: &gst::Element) -> Option<gst::Pad> {
    let factory = element.factory()?;
    (factory.name() == FACTORY).then(|| element.static_pad("sink"))?
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_end_of_video_counts_as_it_enters() {
        gst::init().unwrap();
        let ends = Arc::new(AtomicUsize::new(0));
        let after_end_of = |media: &str| {
            let pipeline = gst::Pipeline::new();
            let counted = ends.clone();
            watch_ends(&pipeline, move || {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            let bin = gst::Bin::new();
            pipeline.add(&bin).unwrap();
            let buffer = gst::ElementFactory::make(FACTORY).build().unwrap();
            bin.add(&buffer).unwrap();
            pipeline.set_state(gst::State::Playing).unwrap();
            let pad = sink_pad(&buffer).unwrap();
            let caps = gst::Caps::builder("application/x-rtp").field("media", media);
            let caps = caps.field("clock-rate", 90_000).build();
            assert!(pad.send_event(gst::event::StreamStart::new("stream")));
            assert!(pad.send_event(gst::event::Caps::new(&caps)));
            let before = ends.load(Ordering::Relaxed);
            pad.send_event(gst::event::Eos::new());
            release(&pipeline);
            pipeline.set_state(gst::State::Null).unwrap();
            ends.load(Ordering::Relaxed) - before
        };
        assert_eq!(["video", "audio"].map(after_end_of), [1, 0]);
    }
}
