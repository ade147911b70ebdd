//! A decoder element between an appsrc and an appsink.
//!
//! The element never sees the user's timestamps. Each packet carries its key as a meta. Software
//! decoders keep metas on the right picture whatever the timestamps are; NVIDIA's hands them out in the
//! order of the presentation times, so those follow the bitstream's own presentation order there.

use std::sync::{Arc, Weak};

use surfaces::flight_key;
use surfaces::pipeline::{self, ElementPipeline, parse_caps};
use surfaces::sync::Mutex;

use super::follower::Follower;
use super::pacer::Pacer;
use super::picture::Output;
use super::repeats::Repeats;
use super::staff::Staff;
use super::{Engine, Events, Refused, Stopped};
use crate::output::{Packet, Payload};

/// The unit of presentation stamps; elements round to it.
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(1);

/// What to build an engine around.
pub(crate) struct Setup<'a> {
    pub element: &'static str,
    /// Caps of the packets.
    pub caps: String,
    pub output: Output,
    pub stamps: Stamps,
    /// For hardware.
    pub follower: Option<Follower>,
    /// For elements that want the pictures of a packet one by one: cuts it, if it holds more than one.
    pub cut: Option<Cut>,
    /// Whether packets may show pictures of packets before them, with whose key these come out.
    pub shows_again: bool,
    /// Of libav's elements: the threads that it was made with.
    pub staff: Option<Staff>,
    /// Sets the element's properties.
    pub configure: &'a dyn Fn(&gst::Element),
}

/// The pictures of a packet.
pub(crate) type Cut = fn(&Packet) -> Option<Vec<&[u8]>>;

/// What the packets' times say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamps {
    /// The order of decoding.
    Decoding,
    /// The order in which the pictures are shown.
    Presentation,
}

pub(crate) struct ElementEngine {
    pipeline: ElementPipeline,
    reports: Arc<Reports>,
    stamps: Stamps,
    cut: Option<Cut>,
    staff: Option<Staff>,
}

impl ElementEngine {
    /// Builds the pipeline, stopped.
    pub(crate) fn new(setup: Setup<'_>, events: Weak<dyn Events>) -> Result<Self, String> {
        let reports = Arc::new(Reports {
            events,
            pacer: setup.follower.map(Pacer::new),
            repeats: setup.shows_again.then(Mutex::default),
            output: setup.output,
        });
        let element = gst::ElementFactory::make(setup.element)
            .build()
            .map_err(|error| format!("element {} cannot be made: {error}", setup.element))?;
        (setup.configure)(&element);
        let parts = pipeline::Setup {
            element,
            input: &parse_caps(&setup.caps)?,
            output: &parse_caps(setup.output.caps())?,
        };
        let weak = Arc::downgrade(&reports) as Weak<dyn pipeline::Events>;
        let pipeline = ElementPipeline::new(parts, &weak)?;
        if let Some(pacer) = &reports.pacer {
            pacer.attach(pipeline.input().clone());
        }
        Ok(Self {
            pipeline,
            reports,
            stamps: setup.stamps,
            cut: setup.cut,
            staff: setup.staff,
        })
    }
}

impl Engine for ElementEngine {
    fn start(&self) -> Result<(), String> {
        self.pipeline.start()
    }

    fn feed(&self, key: u64, packet: Packet) -> Result<(), Refused> {
        let stamp = match self.stamps {
            Stamps::Decoding => key,
            Stamps::Presentation => packet.order,
        };
        let buffer = |data: Payload| {
            let mut buffer = gst::Buffer::from_slice(data);
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_pts(STEP * stamp);
                flight_key::attach(buffer, key);
            }
            buffer
        };
        if let Some(pacer) = &self.reports.pacer {
            return pacer.feed(key, packet.data, buffer);
        }
        let pictures: Option<Vec<Payload>> = self
            .cut
            .and_then(|cut| cut(&packet))
            .map(|pictures| pictures.into_iter().map(Payload::from).collect());
        for data in pictures.unwrap_or_else(|| vec![packet.data]) {
            if let Some(repeats) = &self.reports.repeats {
                repeats.lock().note(key, &data);
            }
            self.pipeline.input().push(buffer(data));
        }
        Ok(())
    }

    fn is_ill_staffed(&self) -> bool {
        self.staff.is_some_and(Staff::is_outdated)
    }

    fn end(&self) {
        self.pipeline.end();
    }

    fn stop(&self) {
        self.pipeline.stop();
    }
}

/// What the pipeline tells, passed on as pictures with their keys.
struct Reports {
    events: Weak<dyn Events>,
    pacer: Option<Arc<Pacer>>,
    repeats: Option<Mutex<Repeats>>,
    output: Output,
}

impl pipeline::Events for Reports {
    fn hungry(&self) {
        if let Some(events) = self.events.upgrade() {
            events.hungry();
        }
    }

    fn output(&self, sample: gst::Sample) -> Result<(), Stopped> {
        let kept = sample.buffer().and_then(flight_key::read);
        let events = self.events.upgrade().ok_or(Stopped)?;
        let Some(pacer) = &self.pacer else {
            let shown_by = |key| match &self.repeats {
                Some(repeats) => repeats.lock().shown_by(key),
                None => key,
            };
            return events.picture(kept.map(shown_by), self.output.picture(sample));
        };
        let key = pacer.begin_taking(kept);
        let taken = events.picture(key, self.output.picture(sample));
        pacer.end_taking();
        taken
    }

    fn ended(&self) {
        if let Some(events) = self.events.upgrade() {
            events.ended();
        }
    }

    fn failed(&self, message: &str) {
        if let Some(events) = self.events.upgrade() {
            events.failed(message);
        }
    }
}
