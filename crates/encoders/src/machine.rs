//! The encoder's state, without threads, elements or a clock: what is inside, and what happens next.
//!
//! Every picture that is taken ends once: encoded, failed, or lost at an immediate shutdown. It waits, is
//! prepared on a worker (coded there, if pictures are coded each on its own), is fed to the element and
//! comes out as a packet.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// The types that travel through a machine.
pub(crate) trait Flow {
    /// What the user gave beside the picture, and gets back.
    type Item;
    /// A picture as it was given.
    type Picture;
    /// A picture in the form that the element takes.
    type Prepared;
    /// A coded picture.
    type Packet;
}

/// How much may wait where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Pictures that wait to be prepared.
    pub input: usize,
    /// The same for submissions from a callback, which cannot wait.
    pub reentrant_input: usize,
    /// Outputs in front of the user.
    pub output: usize,
    /// Pictures that are prepared at once.
    pub parallel: usize,
    /// Prepared pictures in front of the element.
    pub prepared: usize,
    /// How long an element may hold everything up.
    pub stall: Option<Duration>,
}

/// How a picture ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<F: Flow> {
    Encoded(F::Item, F::Packet),
    Failed(F::Item, String),
}

/// What a worker made of a picture.
pub(crate) enum Done<F: Flow> {
    /// It can be fed.
    Prepared(F::Prepared),
    /// It is coded.
    Coded(F::Packet),
    Failed(String),
}

/// Counters; `submitted` is the sum of the others and of what is in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pictures that were taken.
    pub submitted: u64,
    /// Pictures handed over as packets.
    pub encoded: u64,
    /// Pictures handed over as errors.
    pub failed: u64,
    /// Pictures that were inside at an immediate shutdown.
    pub lost: u64,
}

/// The element, as far as the machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    None,
    /// Whether the element asks for a picture.
    Open {
        is_hungry: bool,
    },
    /// The end of the stream was given in.
    Ending,
}

pub(crate) struct Machine<F: Flow> {
    limits: Limits,
    /// Whether pictures go through an element; else workers code them.
    has_element: bool,
    next_key: u64,
    /// Everything without an outcome.
    items: BTreeMap<u64, F::Item>,
    waiting: VecDeque<(u64, F::Picture)>,
    preparing: usize,
    prepared: VecDeque<(u64, F::Prepared)>,
    /// Keys inside the element, oldest first.
    fed: VecDeque<u64>,
    session: Session,
    /// Outcomes of pictures in front of which others are still being coded.
    early: BTreeMap<u64, Outcome<F>>,
    outputs: VecDeque<Outcome<F>>,
    delivering: usize,
    is_flushing: bool,
    is_closed: bool,
    counters: Counters,
    last_progress: Option<Instant>,
    /// Why the latest element is gone.
    last_reason: String,
}

impl<F: Flow> Machine<F> {
    pub(crate) fn new(limits: Limits, has_element: bool) -> Self {
        Self {
            limits,
            has_element,
            next_key: 0,
            items: BTreeMap::new(),
            waiting: VecDeque::new(),
            preparing: 0,
            prepared: VecDeque::new(),
            fed: VecDeque::new(),
            session: Session::None,
            early: BTreeMap::new(),
            outputs: VecDeque::new(),
            delivering: 0,
            is_flushing: false,
            is_closed: false,
            counters: Counters::default(),
            last_progress: None,
            last_reason: String::new(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// Pictures that have no outcome yet, or whose outcome the user has not got.
    pub(crate) fn in_flight(&self) -> usize {
        self.items.len() + self.early.len() + self.outputs.len()
    }

    /// Pictures in front of the element, in it, and outputs in front of the user.
    pub(crate) fn depths(&self) -> (usize, usize, usize) {
        let before = self.waiting.len() + self.preparing + self.prepared.len();
        (
            before,
            self.fed.len(),
            self.early.len() + self.outputs.len(),
        )
    }

    /// Whether a picture can be taken now. During a flush none is.
    pub(crate) fn has_room(&self, is_reentrant: bool) -> bool {
        let bound = if is_reentrant {
            self.limits.reentrant_input
        } else {
            self.limits.input
        };
        (is_reentrant || !self.is_flushing) && self.waiting.len() < bound
    }

    /// Takes a picture, if there is room, and returns its key.
    pub(crate) fn submit(&mut self, item: F::Item, picture: F::Picture, now: Instant) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        if self.items.is_empty() {
            self.last_progress = Some(now);
        }
        self.items.insert(key, item);
        self.waiting.push_back((key, picture));
        self.counters.submitted += 1;
        key
    }

    /// The next picture for a worker.
    pub(crate) fn next_job(&mut self) -> Option<(u64, F::Picture)> {
        let is_busy = self.preparing >= self.limits.parallel
            || self.outputs.len() + self.early.len() >= self.limits.output
            || self.prepared.len() >= self.limits.prepared
            || self.session == Session::Ending;
        if is_busy {
            return None;
        }
        let job = self.waiting.pop_front()?;
        self.preparing += 1;
        Some(job)
    }

    /// A worker is done.
    pub(crate) fn done(&mut self, key: u64, done: Done<F>, now: Instant) {
        self.preparing -= 1;
        self.last_progress = Some(now);
        let Some(item) = self.items.remove(&key) else {
            // Shut down meanwhile.
            return;
        };
        let outcome = match done {
            Done::Prepared(prepared) if matches!(self.session, Session::Open { .. }) => {
                self.items.insert(key, item);
                self.prepared.push_back((key, prepared));
                return;
            }
            Done::Prepared(_) => Outcome::Failed(item, self.last_reason.clone()),
            Done::Coded(packet) => Outcome::Encoded(item, packet),
            Done::Failed(message) => Outcome::Failed(item, message),
        };
        if self.has_element {
            self.outputs.push_back(outcome);
        } else {
            self.early.insert(key, outcome);
            self.release_early();
        }
    }

    /// Moves outcomes to the outputs in the order of submission.
    fn release_early(&mut self) {
        let first_open = self.items.keys().next().copied().unwrap_or(u64::MAX);
        while let Some(entry) = self.early.first_entry()
            && *entry.key() < first_open
        {
            self.outputs.push_back(entry.remove());
        }
    }

    /// An element was made.
    pub(crate) fn opened(&mut self) {
        self.session = Session::Open { is_hungry: false };
    }

    /// The element asks for a picture.
    pub(crate) fn hungry(&mut self) {
        if let Session::Open { is_hungry } = &mut self.session {
            *is_hungry = true;
        }
    }

    /// The next picture for the element, if it asks for one.
    pub(crate) fn next_feed(&mut self) -> Option<(u64, F::Prepared)> {
        if self.session != (Session::Open { is_hungry: true }) {
            return None;
        }
        let (key, prepared) = self.prepared.pop_front()?;
        self.session = Session::Open { is_hungry: false };
        self.fed.push_back(key);
        Some((key, prepared))
    }

    /// A packet came out, of the picture with this key or else of the oldest one inside. `false` when there
    /// is none it can belong to.
    pub(crate) fn packet(&mut self, key: Option<u64>, packet: F::Packet, now: Instant) -> bool {
        self.last_progress = Some(now);
        let Some(index) = (match key {
            Some(key) => self.fed.iter().position(|fed| *fed == key),
            None => (!self.fed.is_empty()).then_some(0),
        }) else {
            return false;
        };
        let item = self
            .fed
            .remove(index)
            .and_then(|key| self.items.remove(&key));
        let is_known = item.is_some();
        self.outputs
            .extend(item.map(|item| Outcome::Encoded(item, packet)));
        is_known
    }

    /// Asks for everything to come out.
    pub(crate) fn flush(&mut self) {
        self.is_flushing = true;
    }

    /// Whether the end of the stream is to be given in now.
    pub(crate) fn takes_end(&mut self) -> bool {
        let is_due = self.is_flushing
            && self.waiting.is_empty()
            && self.preparing == 0
            && self.prepared.is_empty()
            && matches!(self.session, Session::Open { .. });
        if is_due {
            self.session = Session::Ending;
        }
        is_due
    }

    /// The element is gone: after its end, or because it broke down. What it had inside fails, and
    /// what was made ready for it.
    pub(crate) fn left(&mut self, reason: &str, now: Instant) {
        self.session = Session::None;
        self.last_progress = Some(now);
        reason.clone_into(&mut self.last_reason);
        let ready = std::mem::take(&mut self.prepared);
        let inside = std::mem::take(&mut self.fed);
        for key in inside
            .into_iter()
            .chain(ready.into_iter().map(|(key, _)| key))
        {
            let item = self.items.remove(&key);
            self.outputs
                .extend(item.map(|item| Outcome::Failed(item, reason.to_owned())));
        }
    }

    pub(crate) fn last_reason(&self) -> &str {
        &self.last_reason
    }

    /// Whether the element should have done something by now.
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        let may_work = match self.session {
            Session::None => false,
            Session::Open { is_hungry } => !is_hungry && !self.prepared.is_empty(),
            Session::Ending => true,
        };
        let (Some(last), Some(limit)) = (self.last_progress, self.limits.stall) else {
            return false;
        };
        may_work && now.saturating_duration_since(last) >= limit
    }

    /// Whether nothing is inside, and no callback runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight() == 0 && self.delivering == 0 && self.preparing == 0
    }

    /// Whether a flush has done its work.
    pub(crate) fn is_flushed(&self) -> bool {
        self.is_empty() && self.session == Session::None
    }

    /// Takes pictures again after a flush.
    pub(crate) fn resume(&mut self) {
        self.is_flushing = false;
    }

    /// Takes nothing more. `false` if that was so already.
    pub(crate) fn close(&mut self) -> bool {
        !std::mem::replace(&mut self.is_closed, true)
    }

    /// Takes nothing more and gives up what is inside; returns it, to be dropped without the lock.
    pub(crate) fn abandon(&mut self) -> impl Sized + use<F> {
        self.is_closed = true;
        self.session = Session::None;
        self.counters.lost += self.in_flight() as u64;
        self.fed.clear();
        (
            std::mem::take(&mut self.items),
            std::mem::take(&mut self.waiting),
            std::mem::take(&mut self.prepared),
            std::mem::take(&mut self.early),
            std::mem::take(&mut self.outputs),
        )
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// The next output for the user, counted as such.
    pub(crate) fn next_output(&mut self) -> Option<Outcome<F>> {
        let output = self.outputs.pop_front()?;
        match output {
            Outcome::Encoded(..) => self.counters.encoded += 1,
            Outcome::Failed(..) => self.counters.failed += 1,
        }
        self.delivering += 1;
        Some(output)
    }

    /// The user has got an output.
    pub(crate) fn delivered(&mut self, now: Instant) {
        self.delivering -= 1;
        self.last_progress = Some(now);
    }

    pub(crate) fn is_delivering(&self) -> bool {
        self.delivering > 0
    }
}

#[cfg(test)]
mod tests;
