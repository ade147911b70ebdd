//! What decoders report.

use std::time::Instant;

use super::damage::DamageMap;
use super::lane::{Flight, LaneId, Overdue, Ready};
use super::{Effects, Flow, Input, Machine, Outgoing, Phase};
use crate::outcome::{DamagePolicy, NoPicture, SkipReason};

/// Where a picture that came out of a decoder belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Convert it and report to [`Machine::converted`] under this ticket.
    Ticket {
        /// Its name.
        ticket: u64,
        /// Whether damage reaches it.
        is_corrupt: bool,
    },
    /// It belongs to no frame, is not delivered, or the lane is gone: drop it.
    Nowhere,
}

impl<F: Flow> Machine<F> {
    /// The session of a lane has been built, or could not be.
    pub fn started(&mut self, id: LaneId, result: Result<(), String>, now: Instant) -> Effects<F> {
        let mut effects = Effects::default();
        let Some(index) = self.lanes.iter().position(|lane| lane.id == id) else {
            return effects;
        };
        let lane = &mut self.lanes[index];
        let Some(opening) = lane.opening.take() else {
            return effects;
        };
        let mut opening_outputs = Vec::new();
        let mut skip = |item, reason: &SkipReason| {
            opening_outputs.push(Outgoing::Skipped(item, reason.clone()));
        };
        match result {
            Ok(()) => {
                if let Some(session) = &mut lane.session {
                    session.touch(now);
                }
                for item in opening.preceding {
                    skip(item, &SkipReason::WaitingForKeyframe);
                }
            }
            Err(message) => {
                let reason = SkipReason::DecoderCreationFailed(message);
                let session = lane.session.take();
                let params = session.as_ref().map(|session| session.params);
                let (flights, markers) = session
                    .map(|session| (session.in_flight, session.markers))
                    .unwrap_or_default();
                for item in opening.preceding {
                    skip(item, &reason);
                }
                for flight in flights.into_values() {
                    skip(flight.item, &reason);
                }
                opening_outputs.extend(
                    markers
                        .into_iter()
                        .map(|(_, source_id)| Outgoing::SourceEos(source_id)),
                );
                if self.is_active(id) {
                    self.phase =
                        params.map_or(Phase::Idle, |params| Phase::Refused(params, reason));
                }
                effects.retire.push(id);
            }
        }
        if let Some((old, new)) = opening.change {
            opening_outputs.push(Outgoing::ParameterChange(old, new));
            self.open(id, opening_outputs);
            effects.settle = Some(id);
        } else if index == 0 && self.delivering.is_none() {
            // Nothing is on its way out in front of these: the calling thread hands them over.
            for output in &opening_outputs {
                self.counters.account(output);
            }
            effects.emit = opening_outputs;
        } else {
            self.open(id, opening_outputs);
            effects.settle = Some(id);
        }
        self.remove_finished();
        effects
    }

    /// The decoder of a lane has been told to drop pictures: none that does not come is missed.
    pub fn set_drops_pictures(&mut self, id: LaneId) {
        if let Some(session) = self.session_mut(id) {
            session.drop_pictures();
        }
    }

    /// The decoder of a lane can take a packet.
    pub fn hungry(&mut self, id: LaneId, now: Instant) -> Option<Input<F>> {
        let session = self.session_mut(id)?;
        session.ask();
        session.next_input(now)
    }

    /// The decoder of a lane does not take the packet of `key`, and still asks for one. `why` it brings no picture, if
    /// that is not what its headers say.
    pub fn refused(
        &mut self,
        id: LaneId,
        key: u64,
        why: Option<NoPicture>,
        now: Instant,
    ) -> Option<Input<F>> {
        let policy = self.limits.damage;
        let lane = self.lane_mut(id)?;
        let session = lane.session.as_mut()?;
        let outcome = session.in_flight.remove(&key).map(|mut flight| {
            flight.without_picture = why.unwrap_or(flight.without_picture);
            session.damage.without_picture(policy, key, flight)
        });
        session.ask();
        let next = session.next_input(now);
        if let Some(outcome) = outcome {
            lane.push(outcome);
        }
        self.settle_markers(id);
        next
    }

    /// A picture came out of a decoder, carrying the key of its packet if it kept one. `is_corrupt`: the decoder
    /// says that it is damaged.
    pub fn picture(
        &mut self,
        id: LaneId,
        key: Option<u64>,
        is_corrupt: bool,
        orphan: F::Orphan,
        now: Instant,
    ) -> Place {
        let ticket = self.next_key;
        let policy = self.limits.damage;
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.id == id) else {
            return Place::Nowhere;
        };
        let Some(session) = lane.session.as_mut() else {
            return Place::Nowhere;
        };
        session.answer(now);
        let flight = key.and_then(|key| session.in_flight.remove_entry(&key));
        let standing = flight.as_ref().map(|(_, flight)| flight.standing);
        let given_up = key
            .map(|key| session.passed_by(key, standing))
            .unwrap_or_default();
        let damage = &mut session.damage;
        let mut outputs: Vec<_> = given_up
            .into_iter()
            .map(|(key, flight)| Ready::Output(damage.without_picture(policy, key, flight)))
            .collect();
        let mut place = Place::Nowhere;
        outputs.push(match flight {
            None => Ready::Output(Outgoing::Orphan(orphan)),
            Some((key, flight)) => {
                if is_corrupt {
                    damage.strike(key, flight.standing);
                }
                let is_corrupt = damage.reaches(key, flight.standing);
                if is_corrupt && policy != DamagePolicy::Deliver {
                    Ready::Output(damage.withhold(policy, flight))
                } else {
                    place = Place::Ticket { ticket, is_corrupt };
                    Ready::Converting { ticket, flight }
                }
            }
        });
        lane.ready.extend(outputs);
        self.next_key += 1;
        self.settle_markers(id);
        place
    }

    /// A picture has been converted, or could not be. Returns a picture that nobody waits for any more,
    /// for the caller to drop after it has released its lock.
    pub fn converted(
        &mut self,
        id: LaneId,
        ticket: u64,
        result: Result<F::Picture, String>,
        now: Instant,
    ) -> Option<F::Picture> {
        let Some(lane) = self.lane_mut(id) else {
            return result.ok();
        };
        if let Some(session) = &mut lane.session {
            session.touch(now);
        }
        let is_ours = |ready: &Ready<F>| matches!(ready, Ready::Converting { ticket: own, .. } if *own == ticket);
        let Some(index) = lane.ready.iter().position(is_ours) else {
            return result.ok();
        };
        // Taken out and put back at its place, since the frame moves from one variant to the other.
        if let Some(Ready::Converting { flight, .. }) = lane.ready.remove(index) {
            let ready = match result {
                Ok(picture) => Ready::Converted { flight, picture },
                Err(message) => Ready::Output(Outgoing::Error(Some(flight.item), message)),
            };
            lane.ready.insert(index, ready);
        }
        None
    }

    /// The frame of a picture that is being converted.
    pub fn converting(&self, id: LaneId, ticket: u64) -> Option<&F::Item> {
        let lane = self.lanes.iter().find(|lane| lane.id == id)?;
        lane.ready.iter().find_map(|ready| match ready {
            Ready::Converting {
                ticket: own,
                flight,
            } if *own == ticket => Some(&flight.item),
            _ => None,
        })
    }

    /// Whether a lane still exists.
    pub fn has_lane(&self, id: LaneId) -> bool {
        self.lanes.iter().any(|lane| lane.id == id)
    }

    /// Whether the decoder of a lane may bring another picture; `None` when the lane is gone.
    pub fn has_output_room(&self, id: LaneId) -> Option<bool> {
        let lane = self.lanes.iter().find(|lane| lane.id == id)?;
        Some(lane.pictures() < self.limits.output)
    }

    /// Whether a decoder that waited for [`has_output_room`](Self::has_output_room) may find some.
    pub fn has_any_output_room(&self) -> bool {
        self.lanes
            .iter()
            .any(|lane| lane.pictures() < self.limits.output)
    }

    /// The decoder of a lane waits for a free output buffer, or no longer does.
    pub fn set_blocked(&mut self, id: LaneId, blocked: bool, now: Instant) {
        if let Some(session) = self.session_mut(id) {
            session.blocked = blocked;
            session.touch(now);
        }
    }

    /// The decoder of a lane has returned everything it had.
    pub fn ended(&mut self, id: LaneId) -> Effects<F> {
        if self
            .session(id)
            .is_some_and(|session| !session.is_draining())
        {
            return self.failed(id, "the decoder ended the stream by itself");
        }
        let policy = self.limits.damage;
        self.finish(id, |damage, key, flight| {
            damage.without_picture(policy, key, flight)
        })
    }

    /// The decoder of a lane broke down; its frames end with `message`. One that is drained and has none left
    /// has done what it should: decoders complain when they end without having seen a picture.
    pub fn failed(&mut self, id: LaneId, message: &str) -> Effects<F> {
        if self
            .session(id)
            .is_some_and(|session| session.in_flight.is_empty() && !session.is_draining())
            && let Some(lane) = self.lane_mut(id)
        {
            lane.push(Outgoing::Error(None, message.to_owned()));
        }
        let is_running = self
            .session(id)
            .is_some_and(|session| !session.is_draining());
        let mut effects = self.finish(id, |_, _, flight| {
            Outgoing::Error(Some(flight.item), message.to_owned())
        });
        if let Phase::Parked(params) = self.phase
            && is_running
        {
            self.phase = Phase::Broken(params);
            effects.broken = Some(id);
        }
        effects
    }

    /// Lets time pass: ends drains and sessions that have stalled, and flushes decoders that hold an end of
    /// stream. `stage` describes the decoder of a lane, for the message.
    pub fn tick(&mut self, now: Instant, stage: impl FnOnce(LaneId) -> String) -> Effects<F> {
        let mut effects = Effects::default();
        if self.delivering.is_some() {
            return effects;
        }
        let overdue = self.lanes.iter().find_map(|lane| {
            let (due, overdue) = lane.due(&self.limits)?;
            (due <= now).then_some((lane, overdue))
        });
        let Some((lane, overdue)) = overdue else {
            return effects;
        };
        let (id, (queued, inside)) = (lane.id, lane.depths());
        let (what, limit) = match overdue {
            Overdue::Drain(limit) => ("returned nothing while it was drained", limit),
            Overdue::Stall(limit) => ("took no packet and returned nothing", limit),
            Overdue::Flush => {
                let params = self.params(id);
                self.drain(id, now, &mut effects);
                if let (true, Some(params)) = (self.is_active(id), params) {
                    self.phase = Phase::Parked(params);
                }
                return effects;
            }
        };
        let message = format!(
            "the decoder {what} for {} ms; {queued} packets queued, {inside} inside; {}",
            limit.as_millis(),
            stage(id)
        );
        self.failed(id, &message)
    }

    /// Ends a session: every frame that is left gets its outcome.
    fn finish(
        &mut self,
        id: LaneId,
        outcome: impl Fn(&mut DamageMap, u64, Flight<F>) -> Outgoing<F>,
    ) -> Effects<F> {
        let mut effects = Effects::default();
        let Some(lane) = self.lane_mut(id) else {
            return effects;
        };
        let Some(mut session) = lane.session.take() else {
            return effects;
        };
        let mut markers = session.markers.into_iter().peekable();
        for (key, flight) in session.in_flight {
            while let Some((_, source_id)) = markers.next_if(|(behind, _)| *behind <= key) {
                lane.push(Outgoing::SourceEos(source_id));
            }
            lane.push(outcome(&mut session.damage, key, flight));
        }
        for (_, source_id) in markers {
            lane.push(Outgoing::SourceEos(source_id));
        }
        if self.is_active(id) {
            self.phase = Phase::Parked(session.params);
        }
        effects.retire.push(id);
        self.remove_finished();
        effects
    }

    pub(super) fn settle_markers(&mut self, id: LaneId) {
        let Some(lane) = self.lane_mut(id) else {
            return;
        };
        let Some(session) = lane.session.as_mut() else {
            return;
        };
        for source_id in session.settled_markers() {
            lane.push(Outgoing::SourceEos(source_id));
        }
    }

    /// Puts the outputs that open a lane in front of whatever it already holds.
    pub(super) fn open(&mut self, id: LaneId, outputs: Vec<Outgoing<F>>) {
        let Some(lane) = self.lane_mut(id) else {
            return;
        };
        lane.opening_left = outputs.len();
        for output in outputs.into_iter().rev() {
            lane.ready.push_front(Ready::Output(output));
        }
    }
}
