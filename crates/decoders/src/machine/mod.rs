//! The decoder's state machine: which frame is where, and what happens to it next.
//!
//! It knows neither threads nor GStreamer nor a clock: every method takes what happened (and when)
//! and returns what the caller has to do, as [`Effects`]. The caller holds one short lock around each
//! call and none while it carries the effects out.
//!
//! Outputs leave through *lanes*, one per decoder session in order of their creation: nothing of a
//! lane is delivered before the lane in front of it is finished.

mod counters;
mod damage;
mod deliver;
mod drive;
mod lane;
mod overflow;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use counters::{Counters, Latency};
pub use damage::Continuity;
pub use drive::Place;
pub use lane::LaneId;
use lane::{Lane, Session};

use crate::bitstream::dependence::Dependence;
use crate::outcome::{DamagePolicy, DecoderParameters, NoPicture, QueuePolicy, SkipReason};

/// The types that travel through the machine.
pub trait Flow {
    /// A submitted frame; every one leaves in exactly one [`Outgoing`], or is counted as lost.
    type Item;
    /// What the decoder is fed with.
    type Payload;
    /// A finished picture.
    type Picture;
    /// What is told of a picture that belongs to no frame.
    type Orphan;
}

/// When decoding may begin with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The codec starts at any packet.
    Immediate,
    /// The packet is a random access point.
    RandomAccess,
    /// Decoding cannot begin here.
    Dependent,
}

/// A frame on its way in.
pub struct Arrival<F: Flow> {
    /// The submitted frame.
    pub item: F::Item,
    /// The bytes for the decoder.
    pub payload: F::Payload,
    /// Codec and declared size.
    pub params: DecoderParameters,
    /// Whether decoding may begin here.
    pub gate: Gate,
    /// How many pictures of later packets may come out before this packet's own.
    pub reorder: usize,
    /// The reason to give if no picture comes out.
    pub without_picture: NoPicture,
    /// No picture can come out: a running session does not give it to its decoder.
    pub is_undecodable: bool,
    /// A session that runs ends in front of it, and a new one begins, although nothing changed.
    pub renews: bool,
    /// What may be left out around it.
    pub dependence: Dependence,
    /// How it goes with those before it.
    pub continuity: Continuity,
}

impl<F: Flow> Arrival<F> {
    /// Whether a decoder of a codec that starts at any packet would have nothing to show from here on.
    fn is_dependent(&self) -> bool {
        self.gate == Gate::Immediate && !self.continuity.restarts
    }
}

/// One output, ready to be handed to the user.
pub enum Outgoing<F: Flow> {
    /// A decoded picture with its frame, and the time since its submission.
    Frame(F::Item, F::Picture, Duration),
    /// A picture that belongs to no frame.
    Orphan(F::Orphan),
    /// A frame that was not decoded.
    Skipped(F::Item, SkipReason),
    /// A failure, with the frame that it ended.
    Error(Option<F::Item>, String),
    /// A logical end of stream.
    SourceEos(String),
    /// The parameters changed between two sessions.
    ParameterChange(DecoderParameters, DecoderParameters),
}

/// What the caller has to do, in the order of the fields.
pub struct Effects<F: Flow> {
    /// Outputs to hand over on the calling thread.
    pub emit: Vec<Outgoing<F>>,
    /// A session to build; its result is reported by [`Machine::started`].
    pub start: Option<(LaneId, DecoderParameters)>,
    /// Work for the decoder of a lane.
    pub input: Option<(LaneId, Input<F>)>,
    /// A decoder that broke down.
    pub broken: Option<LaneId>,
    /// Decoders that are no longer needed.
    pub retire: Vec<LaneId>,
    /// A lane whose opening outputs (skips, parameter change) the caller should wait for.
    pub settle: Option<LaneId>,
}

/// What a decoder is given next.
pub enum Input<F: Flow> {
    /// A packet under its key.
    Packet(u64, F::Payload),
    /// No more packets will come.
    End,
}

/// Result of [`Machine::submit`].
pub enum Submitted<F: Flow> {
    /// Taken and counted.
    Accepted(Effects<F>),
    /// Not taken: the input queue is full.
    NoRoom(Arrival<F>),
    /// Not taken: the machine is shut down.
    ShutDown,
}

/// The fixed bounds of a machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Packets kept while waiting for a random access point.
    pub detect_buffer: usize,
    /// The longest gap between outputs of a draining decoder.
    pub idle_timeout: Duration,
    /// How long a pending end of stream waits for more input before the decoder is drained.
    pub eos_flush: Duration,
    /// How long a decoder may leave queued packets alone and return nothing; `None` for ever.
    pub stall_timeout: Option<Duration>,
    /// What becomes of packets for a full queue.
    pub policy: QueuePolicy,
    /// What becomes of frames that damage reaches.
    pub damage: DamagePolicy,
    /// Packets queued in front of a decoder.
    pub input: usize,
    /// The same for packets submitted from a callback, which cannot wait.
    pub reentrant_input: usize,
    /// Pictures between a decoder and the user.
    pub output: usize,
}

enum Phase<F: Flow> {
    /// No session yet.
    Idle,
    /// The last session could not be built, for this reason.
    Refused(DecoderParameters, SkipReason),
    /// The last session is over; the next one may have other parameters.
    Parked(DecoderParameters),
    /// The decoder broke down; the next one begins at a random access point.
    Broken(DecoderParameters),
    /// Waiting for a random access point.
    Detecting(Vec<Arrival<F>>),
    /// The lane's session takes packets.
    Active(LaneId),
    /// No more packets are taken.
    Closed,
}

/// The state machine of one decoder. See the module documentation.
pub struct Machine<F: Flow> {
    limits: Limits,
    phase: Phase<F>,
    lanes: VecDeque<Lane<F>>,
    next_lane: u64,
    next_key: u64,
    /// The lane whose output is in the user's hands, and whether it is one of its opening outputs.
    delivering: Option<LaneId>,
    counters: Counters,
}

/// What was inside a machine when it was abandoned.
pub struct Remains<F: Flow> {
    _buffered: Vec<Arrival<F>>,
    _lanes: VecDeque<Lane<F>>,
}

impl<F: Flow> Default for Effects<F> {
    fn default() -> Self {
        Self {
            emit: Vec::new(),
            start: None,
            input: None,
            broken: None,
            retire: Vec::new(),
            settle: None,
        }
    }
}

impl<F: Flow> Machine<F> {
    /// A machine in its initial state.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Idle,
            lanes: VecDeque::new(),
            next_lane: 0,
            next_key: 0,
            delivering: None,
            counters: Counters::default(),
        }
    }

    /// Takes a frame that is refused before it reaches a decoder.
    pub fn refuse(&mut self, item: F::Item, reason: SkipReason) -> Option<Outgoing<F>> {
        if matches!(self.phase, Phase::Closed) {
            return None;
        }
        self.counters.submitted += 1;
        let output = Outgoing::Skipped(item, reason);
        self.counters.account(&output);
        Some(output)
    }

    /// Takes a frame.
    pub fn submit(&mut self, arrival: Arrival<F>, reentrant: bool, now: Instant) -> Submitted<F> {
        if self.is_closed() {
            return Submitted::ShutDown;
        }
        if let Some(id) = self.continuing(arrival.params)
            && !arrival.renews
        {
            return self.submit_to(id, arrival, reentrant, now);
        }
        self.counters.submitted += 1;
        let mut effects = Effects::default();
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Refused(params, reason)
                if params == arrival.params && arrival.is_dependent() =>
            {
                let skipped = Outgoing::Skipped(arrival.item, reason.clone());
                self.phase = Phase::Refused(params, reason);
                self.queue_or_emit(skipped, &mut effects);
            }
            Phase::Idle | Phase::Refused(..) | Phase::Closed => {
                self.activate(arrival, Vec::new(), None, now, &mut effects);
            }
            Phase::Broken(old) if old == arrival.params && arrival.is_dependent() => {
                self.phase = Phase::Broken(old);
                let skipped = Outgoing::Skipped(arrival.item, SkipReason::WaitingForKeyframe);
                self.queue_or_emit(skipped, &mut effects);
            }
            Phase::Parked(old) | Phase::Broken(old) => {
                let change = (old != arrival.params).then_some((old, arrival.params));
                self.activate(arrival, Vec::new(), change, now, &mut effects);
            }
            Phase::Active(id) => {
                let change = self
                    .params(id)
                    .filter(|old| *old != arrival.params)
                    .map(|old| (old, arrival.params));
                self.drain(id, now, &mut effects);
                self.activate(arrival, Vec::new(), change, now, &mut effects);
            }
            Phase::Detecting(mut buffered) => {
                if buffered
                    .first()
                    .is_some_and(|first| first.params != arrival.params)
                {
                    self.skip_all(buffered, &SkipReason::WaitingForKeyframe, &mut effects);
                    self.activate(arrival, Vec::new(), None, now, &mut effects);
                } else if arrival.gate == Gate::Dependent {
                    buffered.push(arrival);
                    if buffered.len() > self.limits.detect_buffer {
                        self.skip_all(buffered, &SkipReason::DetectionBufferOverflow, &mut effects);
                    } else {
                        self.phase = Phase::Detecting(buffered);
                    }
                } else {
                    let preceding = buffered.into_iter().map(|early| early.item).collect();
                    self.activate(arrival, preceding, None, now, &mut effects);
                }
            }
        }
        Submitted::Accepted(effects)
    }

    /// Whether a submitter that found no room can go on for a while: half of the queue is free.
    pub fn has_ample_input_room(&self) -> bool {
        match self.phase {
            Phase::Active(id) => self
                .session(id)
                .is_none_or(|session| session.input.len() <= self.limits.input / 2),
            _ => true,
        }
    }

    /// The lane of the session that runs, if it takes frames with these parameters.
    pub fn continuing(&self, params: DecoderParameters) -> Option<LaneId> {
        match self.phase {
            Phase::Active(id) if self.params(id) == Some(params) => Some(id),
            _ => None,
        }
    }

    /// Whether the decoder of a lane has taken so many packets without returning a picture that it will
    /// hardly return any.
    pub fn is_silent(&self, id: LaneId) -> bool {
        self.session(id).is_some_and(Session::is_silent)
    }

    /// Passes a logical end of stream on, behind every frame submitted before it.
    ///
    /// `None` when the machine is shut down.
    pub fn source_eos(&mut self, source_id: String, now: Instant) -> Option<Effects<F>> {
        let mut effects = Effects::default();
        match &self.phase {
            Phase::Closed => return None,
            Phase::Active(id) => {
                let (id, key) = (*id, self.next_key);
                if let Some(session) = self.session_mut(id) {
                    session.markers.push_back((key, source_id));
                    session.touch(now);
                }
                self.settle_markers(id);
            }
            _ => self.queue_or_emit(Outgoing::SourceEos(source_id), &mut effects),
        }
        Some(effects)
    }

    /// Takes no more frames; what is inside comes out. `None` when that has already been asked.
    pub fn close(&mut self, now: Instant) -> Option<Effects<F>> {
        self.end_session(Phase::Closed, now)
    }

    /// Ends the session: what is inside comes out, and the next frame starts as the first one did. `None`
    /// when the machine is shut down.
    pub fn rest(&mut self, now: Instant) -> Option<Effects<F>> {
        self.end_session(Phase::Idle, now)
    }

    fn end_session(&mut self, next: Phase<F>, now: Instant) -> Option<Effects<F>> {
        let mut effects = Effects::default();
        match std::mem::replace(&mut self.phase, next) {
            Phase::Closed => {
                self.phase = Phase::Closed;
                return None;
            }
            Phase::Active(id) => self.drain(id, now, &mut effects),
            Phase::Detecting(buffered) => {
                self.skip_all(buffered, &SkipReason::WaitingForKeyframe, &mut effects);
            }
            Phase::Idle | Phase::Refused(..) | Phase::Parked(_) | Phase::Broken(_) => {}
        }
        Some(effects)
    }

    /// Takes everything out that has not been handed over; it counts as lost. The caller drops it
    /// after it has released its lock.
    pub fn abandon(&mut self) -> Remains<F> {
        let buffered = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Detecting(buffered) => buffered,
            _ => Vec::new(),
        };
        let lanes = std::mem::take(&mut self.lanes);
        let inside: usize = lanes.iter().map(Lane::items).sum();
        self.counters.lost += (buffered.len() + inside) as u64;
        Remains {
            _buffered: buffered,
            _lanes: lanes,
        }
    }

    /// Whether frames are refused because of [`close`](Self::close) or [`abandon`](Self::abandon).
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether nothing is inside, and no session runs.
    pub fn is_at_rest(&self) -> bool {
        let has_session = matches!(self.phase, Phase::Active(_) | Phase::Detecting(_));
        !has_session && self.is_drained()
    }

    /// The counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Frames inside the machine.
    pub fn in_flight(&self) -> usize {
        let detecting = match &self.phase {
            Phase::Detecting(buffered) => buffered.len(),
            _ => 0,
        };
        detecting + self.lanes.iter().map(Lane::items).sum::<usize>()
    }

    /// Packets in front of the decoders, frames inside them, and outputs behind them.
    pub fn queue_depths(&self) -> (usize, usize, usize) {
        self.lanes
            .iter()
            .fold((0, 0, 0), |(input, decoder, output), lane| {
                let (queued, inside) = lane.depths();
                (input + queued, decoder + inside, output + lane.ready.len())
            })
    }

    /// Begins with `arrival`: a new session, or waiting for a random access point.
    fn activate(
        &mut self,
        arrival: Arrival<F>,
        preceding: Vec<F::Item>,
        change: Option<(DecoderParameters, DecoderParameters)>,
        now: Instant,
        effects: &mut Effects<F>,
    ) {
        if arrival.gate == Gate::Dependent {
            self.phase = Phase::Detecting(vec![arrival]);
            if let Some((old, new)) = change {
                let id = self.push_lane(Lane::opened);
                self.open(id, vec![Outgoing::ParameterChange(old, new)]);
                effects.settle = Some(id);
            }
            return;
        }
        let params = arrival.params;
        let session = Session::new(params, arrival.reorder, now);
        let id = self.push_lane(|id| Lane::starting(id, session, preceding, change));
        self.phase = Phase::Active(id);
        self.enqueue(id, arrival, now);
        effects.start = Some((id, params));
        effects.settle = change.map(|_| id);
    }

    fn push_lane(&mut self, lane: impl FnOnce(LaneId) -> Lane<F>) -> LaneId {
        let id = LaneId(self.next_lane);
        self.next_lane += 1;
        self.lanes.push_back(lane(id));
        id
    }

    fn enqueue(&mut self, id: LaneId, arrival: Arrival<F>, now: Instant) -> Effects<F> {
        let key = self.next_key;
        self.next_key += 1;
        let policy = self.limits.damage;
        let mut effects = Effects::default();
        let Some(lane) = self.lane_mut(id) else {
            return effects;
        };
        let Some(session) = lane.session.as_mut() else {
            return effects;
        };
        if let Some(flight) = session.push(key, arrival, now) {
            let outcome = session.damage.without_picture(policy, key, flight);
            lane.push(outcome);
        } else {
            effects.input = session.next_input(now).map(|input| (id, input));
        }
        effects
    }

    fn drain(&mut self, id: LaneId, now: Instant, effects: &mut Effects<F>) {
        if let Some(session) = self.session_mut(id) {
            session.drain(now);
            effects.input = session.next_input(now).map(|input| (id, input));
        }
    }

    fn skip_all(
        &mut self,
        buffered: Vec<Arrival<F>>,
        reason: &SkipReason,
        effects: &mut Effects<F>,
    ) {
        for early in buffered {
            self.queue_or_emit(Outgoing::Skipped(early.item, reason.clone()), effects);
        }
    }

    /// Hands an output over at once, or behind everything that is still on its way out.
    fn queue_or_emit(&mut self, output: Outgoing<F>, effects: &mut Effects<F>) {
        if let Some(lane) = self.lanes.back_mut() {
            lane.push(output);
        } else {
            self.counters.account(&output);
            effects.emit.push(output);
        }
    }

    fn lane_mut(&mut self, id: LaneId) -> Option<&mut Lane<F>> {
        self.lanes.iter_mut().find(|lane| lane.id == id)
    }

    fn session(&self, id: LaneId) -> Option<&Session<F>> {
        self.lanes
            .iter()
            .find(|lane| lane.id == id)?
            .session
            .as_ref()
    }

    fn session_mut(&mut self, id: LaneId) -> Option<&mut Session<F>> {
        self.lane_mut(id)?.session.as_mut()
    }

    fn is_active(&self, id: LaneId) -> bool {
        matches!(self.phase, Phase::Active(active) if active == id)
    }

    fn params(&self, id: LaneId) -> Option<DecoderParameters> {
        self.session(id).map(|session| session.params)
    }
}
