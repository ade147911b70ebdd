//! What is left out when packets come faster than they are decoded.

use std::time::Instant;

use super::lane::LaneId;
use super::{Arrival, Effects, Flow, Machine, Outgoing, Phase, Submitted};
use crate::outcome::{QueuePolicy, SkipReason};

/// Packets that are left out, while none comes from which decoding can go on, before the user is told: 10 s of a
/// camera with 30 frames a second.
pub(super) const MAX_UNTOLD: usize = 300;

/// What became of a packet that found its queue full.
pub(super) enum Squeeze {
    /// There is room for it now.
    Room,
    /// It is itself left out.
    LeftOut,
    /// Nothing can be left out.
    Full,
}

impl<F: Flow> Machine<F> {
    /// Whether a packet for a lane has to be left out, because those that it refers to were.
    pub fn is_skipping(&self, id: LaneId) -> bool {
        self.session(id)
            .is_some_and(|session| session.skipping.is_some())
    }

    /// Makes room in a full queue, if the policy says so.
    pub(super) fn squeeze(&mut self, id: LaneId, arrival: &Arrival<F>) -> Squeeze {
        let (policy, bound) = (self.limits.policy, self.limits.input);
        let Some(lane) = self.lane_mut(id) else {
            return Squeeze::Room;
        };
        let Some(session) = lane.session.as_mut() else {
            return Squeeze::Room;
        };
        if arrival.dependence.is_start {
            session.skipping = None;
        } else if session.skipping.is_some() {
            return Squeeze::LeftOut;
        }
        if session.input.len() < bound {
            return Squeeze::Room;
        }
        let left_out = match policy {
            QueuePolicy::Block => Vec::new(),
            QueuePolicy::DropNonReference => session.take_disposable(&arrival.dependence),
            QueuePolicy::DropOldestGop => session.take_oldest_gop(arrival.dependence.is_start),
        };
        let is_skipping = session.skipping.is_some();
        if left_out.is_empty() {
            let goes = policy != QueuePolicy::Block && arrival.dependence.can_go(None);
            return if goes {
                Squeeze::LeftOut
            } else {
                Squeeze::Full
            };
        }
        for flight in left_out {
            lane.push(Outgoing::Skipped(
                flight.item,
                SkipReason::QueueOverflow(policy),
            ));
        }
        self.settle_markers(id);
        if is_skipping {
            Squeeze::LeftOut
        } else {
            Squeeze::Room
        }
    }

    /// Counts a packet that is left out, and skips it in its place.
    pub(super) fn leave_out(&mut self, id: LaneId, arrival: Arrival<F>) -> Submitted<F> {
        let reason = SkipReason::QueueOverflow(self.limits.policy);
        self.counters.submitted += 1;
        if let Some(lane) = self.lane_mut(id) {
            lane.push(Outgoing::Skipped(arrival.item, reason));
            let skipping = lane.session.as_mut().and_then(|one| one.skipping.as_mut());
            if let Some(came) = skipping {
                *came += 1;
                if *came == MAX_UNTOLD {
                    lane.push(Outgoing::Error(None, starving()));
                }
            }
        }
        Submitted::Accepted(Effects::default())
    }

    /// Whether packets are put aside until one comes from which decoding can begin or go on.
    pub fn awaits_random_access(&self) -> bool {
        match self.phase {
            Phase::Detecting(_) => true,
            Phase::Active(id) => self.is_skipping(id),
            _ => false,
        }
    }

    /// Takes a packet for the session that runs.
    pub(super) fn submit_to(
        &mut self,
        id: LaneId,
        arrival: Arrival<F>,
        reentrant: bool,
        now: Instant,
    ) -> Submitted<F> {
        let queued = |machine: &Self| {
            let session = machine.session(id);
            session.map_or(0, |session| session.input.len())
        };
        match self.squeeze(id, &arrival) {
            Squeeze::LeftOut => return self.leave_out(id, arrival),
            Squeeze::Full if !reentrant || queued(self) >= self.limits.reentrant_input => {
                return Submitted::NoRoom(arrival);
            }
            Squeeze::Room | Squeeze::Full => {}
        }
        self.counters.submitted += 1;
        Submitted::Accepted(self.enqueue(id, arrival, now))
    }
}

fn starving() -> String {
    format!(
        "the queue overflowed, and no random access point came in the {MAX_UNTOLD} packets since: packets are left out \
         until one comes. A stream without any needs another queue policy"
    )
}
