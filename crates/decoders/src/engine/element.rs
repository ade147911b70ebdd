//! A decoder element between an appsrc and an appsink.
//!
//! The element never sees the user's timestamps. Each packet carries its key as a meta. Software
//! decoders keep metas on the right picture whatever the timestamps are; NVIDIA's hands them out in the
//! order of the presentation times, so those follow the bitstream's own presentation order there.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use gst::prelude::*;
use parking_lot::Mutex;
use surfaces::flight_key;

use super::live::Live;
use super::picture::Output;
use super::{Engine, Events, Stopped};
use crate::output::Packet;

/// The unit of presentation stamps; elements round to it.
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(1);

/// What to build an engine around.
pub(crate) struct Setup<'a> {
    pub element: &'static str,
    /// Caps of the packets.
    pub caps: String,
    pub output: Output,
    pub stamps: Stamps,
    /// For hardware that decodes in order: tells which packets show a picture. The element hands metas
    /// out to pictures one by one, those of packets without a picture too, so it cannot tell.
    pub is_shown: Option<fn(&[u8]) -> bool>,
    /// Sets the element's properties.
    pub configure: &'a dyn Fn(&gst::Element),
}

/// The keys of packets whose pictures have not come out, where the n-th picture is that of the n-th
/// packet which shows one.
struct ShownPackets {
    is_shown: fn(&[u8]) -> bool,
    keys: Mutex<VecDeque<u64>>,
}

impl ShownPackets {
    fn push(&self, key: u64, packet: &[u8]) {
        if (self.is_shown)(packet) {
            self.keys.lock().push_back(key);
        }
    }

    fn pop(&self) -> Option<u64> {
        self.keys.lock().pop_front()
    }
}

/// What the packets' times say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamps {
    /// The order of decoding.
    Decoding,
    /// The order in which the pictures are shown.
    Presentation,
}

pub(crate) struct ElementEngine {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    stamps: Stamps,
    shown: Option<Arc<ShownPackets>>,
    _live: Live,
}

impl ElementEngine {
    /// Builds the pipeline, stopped.
    pub(crate) fn new(setup: &Setup<'_>, events: Weak<dyn Events>) -> Result<Self, String> {
        let element = setup.element;
        let live = Live::begin();
        let shown = setup.is_shown.map(|is_shown| {
            Arc::new(ShownPackets {
                is_shown,
                keys: Mutex::default(),
            })
        });
        let caps = parse_caps(&setup.caps)?;
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
        (setup.configure)(&decoder);
        let sink = gst_app::AppSink::builder()
            .caps(&parse_caps(setup.output.caps())?)
            .sync(false)
            .async_(false)
            .qos(false)
            .enable_last_sample(false)
            .callbacks(pictures(events.clone(), shown.clone(), setup.output))
            .build();
        accept_strides(sink.upcast_ref())?;
        let pipeline = gst::Pipeline::new();
        let engine = Self {
            pipeline,
            source,
            stamps: setup.stamps,
            shown,
            _live: live,
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

    fn feed(&self, key: u64, packet: Packet) {
        let stamp = match self.stamps {
            Stamps::Decoding => key,
            Stamps::Presentation => packet.order,
        };
        if let Some(shown) = &self.shown {
            shown.push(key, &packet.data);
        }
        let mut buffer = gst::Buffer::from_slice(packet.data);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(STEP * stamp);
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

fn parse_caps(caps: &str) -> Result<gst::Caps, String> {
    caps.parse()
        .map_err(|error| format!("caps {caps}: {error}"))
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

fn pictures(
    events: Weak<dyn Events>,
    shown: Option<Arc<ShownPackets>>,
    output: Output,
) -> gst_app::AppSinkCallbacks {
    let at_end = events.clone();
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let key = match &shown {
                Some(shown) => shown.pop(),
                None => sample.buffer().and_then(flight_key::read),
            };
            let events = events.upgrade().ok_or(gst::FlowError::Flushing)?;
            events
                .picture(key, output.picture(sample))
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
