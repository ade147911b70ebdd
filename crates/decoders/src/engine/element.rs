//! A decoder element between an appsrc and an appsink.
//!
//! The element never sees the user's timestamps. Each packet carries its key as a meta, which software
//! decoders keep on the right picture whatever the timestamps are, and its key as a presentation time.

use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;
use surfaces::flight_key;

use super::{Engine, Events, RawPicture, Stopped, workers};
use crate::output::Payload;

/// Decoder elements that exist, for sharing the cores among them.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Presentation times grow by this for each packet.
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(1);

pub(crate) struct ElementEngine {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    _live: Live,
}

/// Counts a decoder element while it exists.
struct Live;

impl Live {
    fn begin() -> (Self, usize) {
        (Self, LIVE.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ElementEngine {
    /// Builds the pipeline around `element`, stopped.
    pub(crate) fn new(element: &str, caps: &str, events: Weak<dyn Events>) -> Result<Self, String> {
        let caps: gst::Caps = caps
            .parse()
            .map_err(|error| format!("caps {caps}: {error}"))?;
        let source = gst_app::AppSrc::builder()
            .caps(&caps)
            .format(gst::Format::Time)
            .stream_type(gst_app::AppStreamType::Stream)
            .is_live(false)
            .block(false)
            .max_buffers(1)
            .max_bytes(0)
            .callbacks(need_data(events.clone()))
            .build();
        let decoder = gst::ElementFactory::make(element)
            .build()
            .map_err(|error| format!("element {element} cannot be made: {error}"))?;
        let (guard, live) = Live::begin();
        if decoder.has_property("max-threads") {
            let threads = (workers::cores() / live).max(1);
            decoder.set_property("max-threads", i32::try_from(threads).unwrap_or(1));
        }
        let sink = gst_app::AppSink::builder()
            .caps(&gst::Caps::new_empty_simple("video/x-raw"))
            .sync(false)
            .async_(false)
            .qos(false)
            .enable_last_sample(false)
            .callbacks(pictures(events.clone()))
            .build();
        accept_strides(sink.upcast_ref())?;
        let pipeline = gst::Pipeline::new();
        let engine = Self {
            pipeline,
            source,
            _live: guard,
        };
        let elements = [engine.source.upcast_ref(), &decoder, sink.upcast_ref()];
        engine
            .pipeline
            .add_many(elements)
            .map_err(|error| error.to_string())?;
        gst::Element::link_many(elements)
            .map_err(|error| format!("{element} cannot be linked: {error}"))?;
        if let Some(bus) = engine.pipeline.bus() {
            watch_errors(&bus, events);
        }
        Ok(engine)
    }
}

impl Engine for ElementEngine {
    fn start(&self) -> Result<(), String> {
        self.pipeline
            .set_state(gst::State::Playing)
            .map(|_| ())
            .map_err(|error| {
                let element = self.pipeline.name();
                format!("pipeline {element} cannot be started: {error}")
            })
    }

    fn feed(&self, key: u64, payload: Payload) {
        let mut buffer = gst::Buffer::from_slice(payload);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(STEP * key);
            flight_key::attach(buffer, key);
        }
        // It fails only when the pipeline is stopping or broken, which is reported elsewhere.
        let _ = self.source.push_buffer(buffer);
    }

    fn end(&self) {
        let _ = self.source.end_of_stream();
    }

    fn stop(&self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::error!("a decoder pipeline cannot be stopped: {error}");
        }
    }
}

impl Drop for ElementEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn need_data(events: Weak<dyn Events>) -> gst_app::AppSrcCallbacks {
    gst_app::AppSrcCallbacks::builder()
        .need_data(move |_, _| {
            if let Some(events) = events.upgrade() {
                events.hungry();
            }
        })
        .build()
}

fn pictures(events: Weak<dyn Events>) -> gst_app::AppSinkCallbacks {
    let at_end = events.clone();
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let key = sample.buffer().and_then(flight_key::read);
            let events = events.upgrade().ok_or(gst::FlowError::Flushing)?;
            events
                .picture(key, RawPicture::Decoded(sample))
                .map(|()| gst::FlowSuccess::Ok)
                .map_err(|Stopped| gst::FlowError::Flushing)
        })
        .eos(move |_| {
            if let Some(events) = at_end.upgrade() {
                events.ended();
            }
        })
        .build()
}

/// Tells the decoder that any row stride will do, so that it need not copy its pictures.
fn accept_strides(sink: &gst::Element) -> Result<(), String> {
    let pad = sink
        .static_pad("sink")
        .ok_or("the appsink has no sink pad")?;
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        match info.query_mut().map(gst::QueryRef::view_mut) {
            Some(gst::QueryViewMut::Allocation(query)) => {
                query.add_allocation_meta::<gst_video::VideoMeta>(None);
                gst::PadProbeReturn::Handled
            }
            _ => gst::PadProbeReturn::Ok,
        }
    });
    Ok(())
}

fn watch_errors(bus: &gst::Bus, events: Weak<dyn Events>) {
    bus.set_sync_handler(move |_, message| {
        if let gst::MessageView::Error(error) = message.view()
            && let Some(events) = events.upgrade()
        {
            let source = error
                .src()
                .map_or_else(String::new, |element| format!("{}: ", element.name()));
            let detail = error
                .debug()
                .map_or_else(String::new, |debug| format!(" ({debug})"));
            events.failed(&format!("{source}{}{detail}", error.error()));
        }
        gst::BusSyncReply::Drop
    });
}
