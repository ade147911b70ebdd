//! How outputs leave, in order.

use std::time::Instant;

use super::lane::{Lane, LaneId, Ready};
use super::{Flow, Machine, Outgoing};

impl<F: Flow> Machine<F> {
    /// Whether there is an output for the user.
    pub fn has_delivery(&self) -> bool {
        let is_complete = |lane: &Lane<F>| {
            let next = lane.ready.front();
            lane.opening.is_none()
                && next.is_some_and(|ready| !matches!(ready, Ready::Converting { .. }))
        };
        self.delivering.is_none() && self.lanes.front().is_some_and(is_complete)
    }

    /// The next output for the user, if it is complete. [`delivered`](Self::delivered) must follow.
    pub fn next_delivery(&mut self, now: Instant) -> Option<Outgoing<F>> {
        if !self.has_delivery() {
            return None;
        }
        let lane = self.lanes.front_mut()?;
        let id = lane.id;
        let output = match lane.ready.pop_front()? {
            Ready::Output(output) => output,
            Ready::Converted { flight, picture } => {
                let latency = now.saturating_duration_since(flight.submitted_at);
                Outgoing::Frame(flight.item, picture, latency)
            }
            Ready::Converting { .. } => return None,
        };
        self.delivering = Some(id);
        self.counters.account(&output);
        Some(output)
    }

    /// The output taken last is no longer in the user's hands.
    pub fn delivered(&mut self, now: Instant) {
        let Some(id) = self.delivering.take() else {
            return;
        };
        if let Some(lane) = self.lane_mut(id) {
            lane.opening_left = lane.opening_left.saturating_sub(1);
            if let Some(session) = &mut lane.session {
                session.touch(now);
            }
        }
        self.remove_finished();
    }

    /// Whether the outputs that open a lane have been handed over.
    pub fn is_settled(&self, id: LaneId) -> bool {
        self.lanes
            .iter()
            .find(|lane| lane.id == id)
            .is_none_or(|lane| {
                let in_hand = self.delivering == Some(id);
                lane.opening.is_none() && lane.opening_left == 0 && !in_hand
            })
    }

    /// Whether everything that was taken has been handed over.
    pub fn is_drained(&self) -> bool {
        self.lanes.is_empty() && self.delivering.is_none()
    }

    /// Whether an output is in the user's hands.
    pub fn is_delivering(&self) -> bool {
        self.delivering.is_some()
    }

    /// When [`tick`](Self::tick) should be called if nothing happens until then.
    pub fn next_tick(&self) -> Option<Instant> {
        if self.delivering.is_some() {
            return None;
        }
        self.lanes
            .iter()
            .filter_map(|lane| lane.due(&self.limits))
            .map(|(due, _)| due)
            .min()
    }

    /// Whether a decoder waits for an output buffer.
    pub fn is_blocked(&self) -> bool {
        self.lanes
            .iter()
            .filter_map(|lane| lane.session.as_ref())
            .any(|session| session.blocked)
    }

    /// Lanes end from the front, but only when nothing of them is in the user's hands.
    pub(super) fn remove_finished(&mut self) {
        while self
            .lanes
            .front()
            .is_some_and(|lane| lane.is_finished() && self.delivering != Some(lane.id))
        {
            self.lanes.pop_front();
        }
    }
}
