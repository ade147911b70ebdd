//! A session and the outputs that leave through its lane.

use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::ops::RangeBounds;
use std::time::{Duration, Instant};

use super::damage::{DamageMap, Standing};
use super::{Arrival, Flow, Input, Limits, Outgoing};
use crate::bitstream::dependence::Dependence;
use crate::outcome::{DecoderParameters, NoPicture};

/// Packets that a decoder may take without returning a picture: more than any keeps for reordering and in
/// its threads.
const MAX_SILENCE: usize = 300;

/// Names a lane for the life of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub(super) u64);

/// The outputs of one session, in order.
pub(super) struct Lane<F: Flow> {
    pub id: LaneId,
    pub ready: VecDeque<Ready<F>>,
    /// `None` when the lane has no session, or its session is over.
    pub session: Option<Session<F>>,
    /// What the session's start decides upon; `None` once the lane is open.
    pub opening: Option<Opening<F>>,
    /// Outputs in `ready` that open the lane.
    pub opening_left: usize,
}

/// Outputs whose kind depends on whether the session can be built.
pub(super) struct Opening<F: Flow> {
    /// Packets that came before the random access point.
    pub preceding: Vec<F::Item>,
    pub change: Option<(DecoderParameters, DecoderParameters)>,
}

/// A place in a lane.
pub(super) enum Ready<F: Flow> {
    Output(Outgoing<F>),
    /// A picture that is still being converted.
    Converting {
        ticket: u64,
        flight: Flight<F>,
    },
    /// A converted picture; its latency is taken when it leaves.
    Converted {
        flight: Flight<F>,
        picture: F::Picture,
    },
}

/// A frame that a decoder works on.
pub(super) struct Flight<F: Flow> {
    pub item: F::Item,
    pub submitted_at: Instant,
    pub without_picture: NoPicture,
    pub standing: Standing,
    /// Pictures of later packets that came out before this one's.
    passed: usize,
}

/// How far a session has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It takes packets.
    Running,
    /// It takes no more; the decoder will be told when the queue is empty.
    Draining,
    /// The decoder has been told.
    Ending,
}

/// What becomes of a session in which nothing happens any more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// It was drained, and not everything came out in time.
    Drain(Duration),
    /// It did not take what is queued in time.
    Stall(Duration),
    /// It holds an end of stream, and no packets come that would push the pictures out.
    Flush,
}

/// A packet in front of a decoder.
pub(super) struct Queued<F: Flow> {
    key: u64,
    payload: F::Payload,
    dependence: Dependence,
}

/// A decoder at work.
pub(super) struct Session<F: Flow> {
    pub params: DecoderParameters,
    reorder: usize,
    /// Packets not yet given to the decoder.
    pub input: VecDeque<Queued<F>>,
    /// Packets that came since the queue overflowed, while what comes is left out: until no picture refers to what
    /// was left out before.
    pub skipping: Option<usize>,
    /// Frames without an outcome, those in `input` included.
    pub in_flight: BTreeMap<u64, Flight<F>>,
    pub damage: DamageMap,
    /// The decoder has been told to drop pictures (`drop_frame_interval`): none is missed.
    drops_pictures: bool,
    /// Logical ends of stream, each with the first key behind it.
    pub markers: VecDeque<(u64, String)>,
    /// The decoder asked for a packet and got none.
    hungry: bool,
    stage: Stage,
    /// The decoder waits for a free output buffer.
    pub blocked: bool,
    last_progress: Instant,
    /// Packets that the decoder has taken since it returned a picture.
    unanswered: usize,
}

impl<F: Flow> Lane<F> {
    pub fn opened(id: LaneId) -> Self {
        Self {
            id,
            ready: VecDeque::new(),
            session: None,
            opening: None,
            opening_left: 0,
        }
    }

    pub fn starting(
        id: LaneId,
        session: Session<F>,
        preceding: Vec<F::Item>,
        change: Option<(DecoderParameters, DecoderParameters)>,
    ) -> Self {
        Self {
            session: Some(session),
            opening: Some(Opening { preceding, change }),
            ..Self::opened(id)
        }
    }

    pub fn push(&mut self, output: Outgoing<F>) {
        self.ready.push_back(Ready::Output(output));
    }

    /// Pictures between the decoder and the user.
    pub fn pictures(&self) -> usize {
        self.ready
            .iter()
            .filter(|ready| !matches!(ready, Ready::Output(_)))
            .count()
    }

    /// What comes next if nothing happens until then. A lane that waits for its user has time.
    pub fn due(&self, limits: &Limits) -> Option<(Instant, Overdue)> {
        let session = self.session.as_ref()?;
        if session.blocked || self.opening.is_some() || self.pictures() > 0 {
            return None;
        }
        let (patience, overdue) = session.patience(limits)?;
        // A time too far off to be told never comes.
        Some((session.last_progress.checked_add(patience)?, overdue))
    }

    pub fn is_finished(&self) -> bool {
        self.session.is_none() && self.opening.is_none() && self.ready.is_empty()
    }

    /// Packets in front of the decoder and frames inside it.
    pub fn depths(&self) -> (usize, usize) {
        self.session.as_ref().map_or((0, 0), |session| {
            let queued = session.input.len();
            (queued, session.in_flight.len() - queued)
        })
    }

    /// Frames inside this lane.
    pub fn items(&self) -> usize {
        let ready = self.ready.iter().filter(|ready| ready.has_item()).count();
        let preceding = self
            .opening
            .as_ref()
            .map_or(0, |opening| opening.preceding.len());
        ready
            + preceding
            + self
                .session
                .as_ref()
                .map_or(0, |session| session.in_flight.len())
    }
}

impl<F: Flow> Ready<F> {
    fn has_item(&self) -> bool {
        match self {
            Self::Converting { .. } | Self::Converted { .. } => true,
            Self::Output(output) => {
                matches!(
                    output,
                    Outgoing::Frame(..) | Outgoing::Skipped(..) | Outgoing::Error(Some(_), _)
                )
            }
        }
    }
}

impl<F: Flow> Session<F> {
    pub fn new(params: DecoderParameters, reorder: usize, now: Instant) -> Self {
        Self {
            params,
            reorder,
            input: VecDeque::new(),
            skipping: None,
            in_flight: BTreeMap::new(),
            damage: DamageMap::default(),
            drops_pictures: false,
            markers: VecDeque::new(),
            hungry: false,
            stage: Stage::Running,
            blocked: false,
            last_progress: now,
            unanswered: 0,
        }
    }

    /// Takes a packet for the decoder; one that is undecodable comes back.
    pub fn push(&mut self, key: u64, arrival: Arrival<F>, now: Instant) -> Option<Flight<F>> {
        let Arrival {
            item,
            payload,
            without_picture,
            is_undecodable,
            dependence,
            continuity,
            ..
        } = arrival;
        if continuity.restarts {
            let inside = self.in_flight.values();
            let oldest = inside.map(|flight| flight.standing.oldest()).min();
            self.damage.forget_before(oldest.unwrap_or(u64::MAX));
        }
        let flight = Flight {
            item,
            submitted_at: now,
            without_picture: if self.drops_pictures {
                without_picture.of_dropping_decoder()
            } else {
                without_picture
            },
            standing: self.damage.enter(key, continuity),
            passed: 0,
        };
        if is_undecodable {
            return Some(flight);
        }
        self.in_flight.insert(key, flight);
        if self.input.is_empty() {
            self.touch(now);
        }
        self.input.push_back(Queued {
            key,
            payload,
            dependence,
        });
        None
    }

    /// Expects no picture of any packet.
    pub fn drop_pictures(&mut self) {
        self.drops_pictures = true;
        for flight in self.in_flight.values_mut() {
            flight.without_picture = flight.without_picture.of_dropping_decoder();
        }
    }

    /// Takes the oldest packet out that nothing depends on, if there is one; `next` comes behind those that are
    /// queued.
    pub fn take_disposable(&mut self, next: Dependence) -> Vec<Flight<F>> {
        let queued = || self.input.iter().map(|queued| queued.dependence);
        let behind = queued().skip(1).chain(iter::once(next));
        let goes = queued()
            .zip(behind)
            .position(|(one, next)| one.can_go(Some(next)));
        match goes {
            Some(index) => self.take_queued(index..=index),
            None => Vec::new(),
        }
    }

    /// Takes packets out up to the next that starts anew. Without one all of them go, and what comes behind
    /// them, unless that is one.
    pub fn take_oldest_gop(&mut self, next_starts: bool) -> Vec<Flight<F>> {
        let starts = self
            .input
            .iter()
            .skip(1)
            .position(|queued| queued.dependence.is_start);
        self.skipping = (starts.is_none() && !next_starts).then_some(0);
        let end = starts.map_or(self.input.len(), |index| index + 1);
        self.take_queued(..end)
    }

    fn take_queued(&mut self, range: impl RangeBounds<usize>) -> Vec<Flight<F>> {
        let in_flight = &mut self.in_flight;
        self.input
            .drain(range)
            .filter_map(|queued| in_flight.remove(&queued.key))
            .collect()
    }

    pub fn ask(&mut self) {
        self.hungry = true;
    }

    /// What the decoder gets now, if it asked.
    pub fn next_input(&mut self, now: Instant) -> Option<Input<F>> {
        if self.hungry
            && let Some(Queued { key, payload, .. }) = self.input.pop_front()
        {
            self.hungry = false;
            self.unanswered += 1;
            self.touch(now);
            return Some(Input::Packet(key, payload));
        }
        // Only a decoder that asks gets the end: otherwise the last packet may still be on its way to
        // it, in another thread's hands, and would be overtaken.
        let at_end = self.stage == Stage::Draining && self.input.is_empty() && self.hungry;
        at_end.then(|| {
            self.stage = Stage::Ending;
            Input::End
        })
    }

    /// Takes no more packets.
    pub fn drain(&mut self, now: Instant) {
        if self.stage == Stage::Running {
            self.stage = Stage::Draining;
        }
        self.touch(now);
    }

    pub fn is_draining(&self) -> bool {
        self.stage != Stage::Running
    }

    pub fn touch(&mut self, now: Instant) {
        self.last_progress = now;
    }

    /// The decoder has returned a picture.
    pub fn answer(&mut self, now: Instant) {
        self.unanswered = 0;
        self.touch(now);
    }

    /// Whether the decoder goes on taking packets for nothing.
    pub fn is_silent(&self) -> bool {
        self.unanswered > MAX_SILENCE
    }

    /// How long nothing may happen. A decoder that keeps its last pictures until more packets come, or
    /// has nothing to do, may take its time.
    fn patience(&self, limits: &Limits) -> Option<(Duration, Overdue)> {
        if self.is_draining() {
            Some((limits.idle_timeout, Overdue::Drain(limits.idle_timeout)))
        } else if !self.input.is_empty() {
            let limit = limits.stall_timeout?;
            Some((limit, Overdue::Stall(limit)))
        } else if !self.markers.is_empty() {
            Some((limits.eos_flush, Overdue::Flush))
        } else {
            None
        }
    }

    /// Frames that the decoder will not return a picture for, now that `key` came out. Decoders return pictures in
    /// the order in which they are shown: one that is passed in that order is missed at once.
    pub fn passed_by(&mut self, key: u64, standing: Option<Standing>) -> Vec<(u64, Flight<F>)> {
        let mut given_up = Vec::new();
        for (&earlier, flight) in self.in_flight.range_mut(..key) {
            flight.passed += 1;
            if flight.without_picture == NoPicture::Corrupt
                && standing.is_some_and(|standing| flight.standing.is_before(standing))
            {
                self.damage.miss(earlier, &mut flight.standing);
            }
            if flight.passed > self.reorder {
                given_up.push(earlier);
            }
        }
        given_up
            .into_iter()
            .filter_map(|key| self.in_flight.remove_entry(&key))
            .collect()
    }

    /// Logical ends of stream that have no frame left in front of them.
    pub fn settled_markers(&mut self) -> Vec<String> {
        let first = self.in_flight.keys().next().copied().unwrap_or(u64::MAX);
        let settled = self
            .markers
            .iter()
            .take_while(|(key, _)| *key <= first)
            .count();
        self.markers
            .drain(..settled)
            .map(|(_, source_id)| source_id)
            .collect()
    }
}
