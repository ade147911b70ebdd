//! The encoder's shared state, and how what the machine asks for is carried out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use surfaces::pipeline::Events;
use surfaces::reaper::{self, Teardown};
use surfaces::sync::{Condvar, Mutex, MutexGuard};
use surfaces::wait::{Wait, WaitError};
use surfaces::{Error, SavantIdKind, SharedBuffer, workers};

use super::delivery::Delivery;
use super::kind::Kind;
use super::reports::Reports;
use super::{Rejected, Stats};
use crate::config::EncoderConfig;
use crate::error::EncoderError;
use crate::machine::{Done, Flow, Limits, Machine};
use crate::output::{Data, EncoderInfo, Sink};
use crate::video::Session;

/// Pictures that wait in front of an encoder.
const INPUT_BOUND: usize = 8;
/// Outputs that wait for the user before no more pictures are begun.
const OUTPUT_BOUND: usize = 64;
/// Pictures that are ready before the element asks for them.
const PREPARED_BOUND: usize = 2;
/// How long an element may hold everything up.
const STALL: Duration = Duration::from_secs(10);

/// What was given beside a picture.
pub(super) struct Item<T> {
    pub frame: Option<T>,
    pub id: Option<u128>,
    pub pts_ns: Option<u64>,
    pub duration_ns: Option<u64>,
}

/// A coded picture.
pub(super) struct Packet {
    pub data: Data,
    pub keyframe: bool,
    /// By how much it is decoded before it is shown, in nanoseconds.
    pub lead_ns: u64,
}

/// The types that travel through an encoder's machine.
pub(super) struct Types<T>(std::marker::PhantomData<T>);

impl<T> Flow for Types<T> {
    type Item = Item<T>;
    type Picture = SharedBuffer;
    type Prepared = gst::Buffer;
    type Packet = Packet;
}

/// The element at work.
struct Running {
    /// What its reports carry, so that those of an earlier one do not count.
    number: u64,
    session: Arc<Session>,
    /// The pipeline knows them weakly.
    reports: Arc<dyn Events>,
}

pub(super) struct State<T> {
    pub machine: Machine<Types<T>>,
    session: Option<Running>,
    sessions: u64,
    /// Why the latest session ended.
    last_reason: String,
    pub delivery: Delivery,
    teardowns: Vec<Teardown>,
}

/// What all threads of an encoder share. The lock is never held while foreign code runs.
pub(super) struct Core<T: Send + Sync + 'static> {
    pub config: EncoderConfig,
    kind: Kind,
    pub info: Arc<EncoderInfo>,
    pub sink: Box<dyn Sink<T>>,
    pub state: Mutex<State<T>>,
    /// Submitters sleep here,
    room: Condvar,
    /// the delivery thread here,
    pub outputs: Condvar,
    /// and whoever waits for the end of something here.
    progress: Condvar,
}

/// What is to be done next, without the lock.
enum Step {
    Feed(Arc<Session>, gst::Buffer),
    End(Arc<Session>),
    Job(u64, SharedBuffer),
}

/// The id of the frame in a buffer.
pub(super) fn frame_id(buffer: &SharedBuffer) -> Option<u128> {
    let ids = buffer.savant_ids();
    ids.iter()
        .find_map(|(kind, id)| (*kind == SavantIdKind::Frame).then_some(*id))
}

impl<T: Send + Sync + 'static> Core<T> {
    pub(super) fn new(config: EncoderConfig, kind: Kind, sink: Box<dyn Sink<T>>) -> Arc<Self> {
        let has_element = matches!(kind, Kind::Element(..));
        let limits = Limits {
            input: INPUT_BOUND.max(2 * workers::cores()),
            reentrant_input: 4 * INPUT_BOUND.max(2 * workers::cores()),
            output: OUTPUT_BOUND,
            // The pictures of a stream depend on each other.
            parallel: if has_element { 1 } else { workers::cores() },
            prepared: PREPARED_BOUND,
            stall: STALL,
        };
        let info = EncoderInfo {
            encoder: kind.name().to_owned(),
            hardware: kind.is_hardware(),
            codec: config.codec,
        };
        Arc::new(Self {
            config,
            kind,
            info: Arc::new(info),
            sink,
            state: Mutex::new(State {
                machine: Machine::new(limits, has_element),
                session: None,
                sessions: 0,
                last_reason: String::new(),
                delivery: Delivery::default(),
                teardowns: Vec::new(),
            }),
            room: Condvar::new(),
            outputs: Condvar::new(),
            progress: Condvar::new(),
        })
    }

    pub(super) fn info(&self) -> &EncoderInfo {
        &self.info
    }

    pub(super) fn settings(&self) -> &[(&'static str, String)] {
        match &self.kind {
            Kind::Element(_, settings) | Kind::Still(_, settings) => settings,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.state.lock();
        Stats {
            counters: state.machine.counters(),
            in_flight: state.machine.in_flight(),
            queue_depths: state.machine.depths(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().machine.is_closed()
    }

    pub(super) fn refuse_in_callback(&self, call: &'static str) -> Result<(), EncoderError> {
        if self.state.lock().delivery.is_this_thread() {
            Err(EncoderError::InsideCallback { call })
        } else {
            Ok(())
        }
    }

    /// Whether the buffer can be encoded here.
    pub(super) fn check(&self, buffer: &SharedBuffer) -> Result<(), EncoderError> {
        if self.is_closed() {
            return Err(EncoderError::ShutDown);
        }
        let strong_count = buffer.strong_count();
        if strong_count != 1 {
            return Err(Error::Outstanding { strong_count }.into());
        }
        let filled = buffer.num_filled()?;
        let slot = buffer.first_slot()?;
        let (width, height) = (slot.width, slot.height);
        if filled != 1 || (width, height) != (self.config.width, self.config.height) {
            return Err(EncoderError::Buffer {
                pictures: filled,
                width,
                height,
                wanted: (self.config.width, self.config.height),
            });
        }
        if slot.format().is_none() {
            return Err(Error::UnsupportedConversion {
                color_format: slot.color_format,
                reason: "only the formats of VideoFormat can be encoded",
            }
            .into());
        }
        Ok(())
    }

    /// Takes a picture that has passed [`check`](Self::check).
    pub(super) fn submit(
        self: &Arc<Self>,
        item: Item<T>,
        buffer: SharedBuffer,
        wait: Wait<'_>,
    ) -> Result<(), Box<Rejected>> {
        let mut given = Some((item, buffer));
        let taken = self.sleep(&self.room, wait, |state| {
            if state.machine.is_closed() {
                return Some(Err(EncoderError::ShutDown));
            }
            let is_reentrant = state.delivery.is_this_thread();
            if !state.machine.has_room(is_reentrant) {
                let queued = state.machine.depths().0;
                return is_reentrant.then_some(Err(EncoderError::CallbackOverrun { queued }));
            }
            let (item, buffer) = given.take()?;
            state.machine.submit(item, buffer, Instant::now());
            Some(Ok(()))
        });
        let result = taken.map_err(EncoderError::from).and_then(|taken| taken);
        if let (Err(error), Some((_, buffer))) = (result, given) {
            return Err(Box::new(Rejected { buffer, error }));
        }
        self.pump();
        Ok(())
    }

    /// Sleeps until `ready` returns a value. An element that stalls is given up.
    fn sleep<R>(
        self: &Arc<Self>,
        on: &Condvar,
        wait: Wait<'_>,
        mut ready: impl FnMut(&mut State<T>) -> Option<R>,
    ) -> Result<R, WaitError> {
        loop {
            let mut state = self.state.lock();
            let woken = wait.on(on, &mut state, |state| {
                let stalled = state.machine.is_stalled(Instant::now());
                ready(state).map(Some).or_else(|| stalled.then_some(None))
            })?;
            if let Some(result) = woken {
                return Ok(result);
            }
            let number = state.session.as_ref().map(|running| running.number);
            drop(state);
            let reason = format!(
                "{} did nothing for {STALL:?} and was given up",
                self.info.encoder
            );
            if let Some(number) = number {
                self.session_left(number, &reason);
            }
        }
    }

    /// Does whatever can be done now, and wakes who waits for it.
    pub(super) fn pump(self: &Arc<Self>) {
        while let Some(step) = self.next_step() {
            match step {
                Step::Feed(session, buffer) => session.push(buffer),
                Step::End(session) => session.end(),
                Step::Job(key, buffer) => {
                    let core = self.clone();
                    workers::spawn(move || core.work(key, buffer));
                }
            }
        }
        let state = self.state.lock();
        self.wake(&state);
        let is_wanted = state.machine.has_output();
        drop(state);
        if is_wanted {
            self.ensure_delivery();
        }
    }

    fn next_step(&self) -> Option<Step> {
        let mut state = self.state.lock();
        let session = state
            .session
            .as_ref()
            .map(|running| running.session.clone());
        if let Some(session) = session {
            if let Some((_, buffer)) = state.machine.next_feed() {
                return Some(Step::Feed(session, buffer));
            }
            if state.machine.takes_end() {
                return Some(Step::End(session));
            }
        }
        state
            .machine
            .next_job()
            .map(|(key, buffer)| Step::Job(key, buffer))
    }

    pub(super) fn wake(&self, state: &MutexGuard<'_, State<T>>) {
        if state.machine.is_closed() || state.machine.has_room(false) {
            self.room.notify_all();
        }
        if state.machine.has_output() || state.machine.is_closed() {
            self.outputs.notify_one();
        }
        if state.machine.is_empty() {
            self.progress.notify_all();
        }
    }

    /// Codes a picture or prepares it for the element, on a worker.
    fn work(self: &Arc<Self>, key: u64, buffer: SharedBuffer) {
        let work = || match &self.kind {
            Kind::Still(still, _) => match still.encode(&buffer) {
                Ok(data) => Done::Coded(Packet {
                    data: data.into(),
                    keyframe: true,
                    lead_ns: 0,
                }),
                Err(message) => Done::Failed(message),
            },
            Kind::Element(..) => {
                let prepared = self
                    .session(&buffer)
                    .and_then(|session| session.prepare(key, buffer));
                prepared.map_or_else(Done::Failed, Done::Prepared)
            }
        };
        let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            Done::Failed("the encoding of a picture panicked; please report this".to_owned())
        });
        self.state.lock().machine.done(key, done, Instant::now());
        self.pump();
    }

    /// The element at work; made for this picture if there is none.
    fn session(self: &Arc<Self>, first: &SharedBuffer) -> Result<Arc<Session>, String> {
        let Kind::Element(plan, _) = &self.kind else {
            return Err("pictures of this codec are coded without an element".to_owned());
        };
        let number = {
            let mut state = self.state.lock();
            if let Some(running) = &state.session {
                return Ok(running.session.clone());
            }
            state.sessions += 1;
            state.sessions
        };
        let reports: Arc<dyn Events> = Arc::new(Reports::new(self, number));
        let events = Arc::downgrade(&reports);
        let session = Arc::new(Session::open(plan, &self.config, first, &events)?);
        {
            let mut state = self.state.lock();
            if state.machine.is_closed() && state.machine.in_flight() == 0 {
                return Err("the encoder is shut down".to_owned());
            }
            state.session = Some(Running {
                number,
                session: session.clone(),
                reports,
            });
            state.machine.opened();
        }
        if let Err(error) = session.start() {
            // If the element has said why, this is too late to change it.
            self.session_left(number, &error);
            return Err(self.state.lock().last_reason.clone());
        }
        Ok(session)
    }

    /// Calls `change` if the session with this number is the one at work.
    pub(super) fn in_session(
        self: &Arc<Self>,
        number: u64,
        change: impl FnOnce(&mut State<T>),
    ) -> bool {
        let mut state = self.state.lock();
        let is_current = state
            .session
            .as_ref()
            .is_some_and(|running| running.number == number);
        if is_current {
            change(&mut state);
        }
        drop(state);
        if is_current {
            self.pump();
        }
        is_current
    }

    /// A session is over; pictures that are still inside fail for this reason.
    pub(super) fn session_left(self: &Arc<Self>, number: u64, reason: &str) {
        let mut left = None;
        let is_current = self.in_session(number, |state| {
            left = state.session.take();
            reason.clone_into(&mut state.last_reason);
            state.machine.left(reason, Instant::now());
        });
        if is_current {
            self.retire(left);
        }
    }

    fn retire(&self, running: Option<Running>) {
        let Some(running) = running else { return };
        let teardown = reaper::retire(move || {
            running.session.stop();
            drop(running.reports);
        });
        let mut state = self.state.lock();
        state.teardowns.retain(|earlier| !earlier.has_ended());
        state.teardowns.push(teardown);
    }

    /// Takes nothing more.
    pub(super) fn close(&self) -> Result<(), EncoderError> {
        let mut state = self.state.lock();
        if !state.machine.close() {
            return Err(EncoderError::ShutDown);
        }
        self.wake(&state);
        Ok(())
    }

    /// Waits until everything has been handed over.
    pub(super) fn drain(self: &Arc<Self>, wait: Wait<'_>) -> Result<(), EncoderError> {
        self.state.lock().machine.flush();
        self.pump();
        let drained = self.sleep(&self.progress, wait, |state| {
            state.machine.is_flushed().then_some(())
        });
        let mut state = self.state.lock();
        state.machine.resume();
        self.wake(&state);
        drained.map_err(EncoderError::from)
    }

    /// Gives up what is inside.
    pub(super) fn abandon(self: &Arc<Self>) {
        let (remains, session) = {
            let mut state = self.state.lock();
            (state.machine.abandon(), state.session.take())
        };
        drop(remains);
        self.retire(session);
        self.pump();
    }

    /// Waits for the teardowns and for a callback that runs, both within limits.
    pub(super) fn await_end(self: &Arc<Self>) {
        let teardowns = std::mem::take(&mut self.state.lock().teardowns);
        if !teardowns
            .iter()
            .all(|teardown| teardown.wait(Wait::at_most(reaper::TEARDOWN_LIMIT)))
        {
            tracing::error!(
                "{} could not be stopped within {:?} and is left to itself",
                self.info.encoder,
                reaper::TEARDOWN_LIMIT
            );
        }
        let limit = Wait::at_most(reaper::TEARDOWN_LIMIT);
        let ended = self.sleep(&self.progress, limit, |state| {
            (!state.delivery.is_running() || !state.machine.is_delivering()).then_some(())
        });
        if ended.is_err() {
            tracing::warn!("a callback still runs after its encoder was shut down");
        }
    }

    pub(super) fn wake_progress(&self) {
        self.progress.notify_all();
    }
}
