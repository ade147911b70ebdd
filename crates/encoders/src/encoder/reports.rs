//! What the element tells, passed on to the encoder that it still belongs to.

use std::sync::{Arc, Weak};

use surfaces::flight_key;
use surfaces::pipeline::{Events, Stopped};

use super::core::{Core, Packet};
use super::kind::Kind;
use crate::output::Data;

pub(super) struct Reports<T: Send + Sync + 'static> {
    core: Weak<Core<T>>,
    /// The number of the session.
    number: u64,
}

impl<T: Send + Sync + 'static> Reports<T> {
    pub(super) fn new(core: &Arc<Core<T>>, number: u64) -> Self {
        Self {
            core: Arc::downgrade(core),
            number,
        }
    }
}

impl<T: Send + Sync + 'static> Events for Reports<T> {
    fn hungry(&self) {
        if let Some(core) = self.core.upgrade() {
            core.in_session(self.number, |state| state.machine.hungry());
        }
    }

    fn output(&self, sample: gst::Sample) -> Result<(), Stopped> {
        let core = self.core.upgrade().ok_or(Stopped)?;
        let Some(buffer) = sample.buffer_owned() else {
            return Ok(());
        };
        let key = flight_key::read(&buffer);
        let lead_ns = match (core.config.b_frames, buffer.pts(), buffer.dts()) {
            (1.., Some(pts), Some(dts)) => pts.saturating_sub(dts).nseconds(),
            _ => 0,
        };
        let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let mapped = buffer.into_mapped_buffer_readable().map_err(|_| Stopped)?;
        let excess = match &core.kind {
            Kind::Element(plan, _) if keyframe => plan.excess.map_or(0, |excess| excess(&mapped)),
            _ => 0,
        };
        let data = match excess {
            0 => Data::from(mapped),
            excess => Data::from(mapped[excess..].to_vec()),
        };
        let packet = Packet {
            data,
            keyframe,
            lead_ns,
        };
        let mut is_known = false;
        let is_current = core.in_session(self.number, |state| {
            is_known = state.machine.packet(key, packet, std::time::Instant::now());
        });
        if is_current && !is_known {
            tracing::error!(
                "{} put out a packet that belongs to no picture; please report this",
                core.info.encoder
            );
        }
        if is_current { Ok(()) } else { Err(Stopped) }
    }

    fn ended(&self) {
        if let Some(core) = self.core.upgrade() {
            core.session_left(
                self.number,
                "the encoder put out no packet for this picture",
            );
        }
    }

    fn failed(&self, message: &str) {
        if let Some(core) = self.core.upgrade() {
            core.session_left(self.number, message);
        }
    }
}
