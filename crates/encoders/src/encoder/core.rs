//! The encoder's shared state, and how what the machine asks for is carried out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use surfaces::reaper::Teardown;
use surfaces::sync::{Condvar, Mutex, MutexGuard};
use surfaces::turns::Turns;
use surfaces::wait::{Wait, WaitError};
use surfaces::{SharedBuffer, workers};

use super::Stats;
use super::delivery::Delivery;
use super::kind::Kind;
use super::session::Running;
use super::submit::Item;
use crate::config::EncoderConfig;
use crate::machine::{Done, Flow, Limits, Machine};
use crate::output::{Data, EncoderInfo, Sink};
use crate::video::Session;

/// Pictures that wait in front of an encoder.
const INPUT_BOUND: usize = 8;
/// Outputs that wait for the user before no more pictures are begun.
const OUTPUT_BOUND: usize = 64;
/// Pictures that are ready before the element asks for them.
const PREPARED_BOUND: usize = 2;

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

pub(super) struct State<T> {
    pub machine: Machine<Types<T>>,
    pub session: Option<Running>,
    /// How many there have been.
    pub sessions: u64,
    pub delivery: Delivery,
    pub teardowns: Vec<Teardown>,
}

/// What all threads of an encoder share. The lock is never held while foreign code runs.
pub(super) struct Core<T: Send + Sync + 'static> {
    pub config: EncoderConfig,
    pub kind: Kind,
    pub info: Arc<EncoderInfo>,
    pub sink: Box<dyn Sink<T>>,
    pub state: Mutex<State<T>>,
    /// Submitters queue here,
    pub turns: Turns,
    /// the first of them sleeps here,
    pub room: Condvar,
    /// the delivery thread here,
    pub outputs: Condvar,
    /// and whoever waits for the end of something here.
    pub progress: Condvar,
}

/// What is to be done next, without the lock.
enum Step {
    Feed(Arc<Session>, gst::Buffer),
    End(Arc<Session>),
    Job(u64, SharedBuffer),
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
            stall: config.stall_timeout,
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
                delivery: Delivery::default(),
                teardowns: Vec::new(),
            }),
            turns: Turns::default(),
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

    /// Sleeps until `ready` returns a value. An element that stalls is given up.
    pub(super) fn sleep<R>(
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
            if let Some(number) = number {
                let limit = self.config.stall_timeout.unwrap_or_default();
                let reason = format!(
                    "{} did nothing for {limit:?} and was given up",
                    self.info.encoder
                );
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
        if state.machine.is_closed() {
            self.turns.close();
        }
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

    pub(super) fn wake_progress(&self) {
        self.progress.notify_all();
    }
}
