//! The thread that hands outputs over.

use std::sync::Arc;
use std::time::Instant;

use surfaces::sync::thread;
use surfaces::wait::Wait;

use super::core::{Core, State, Types, now};
use crate::machine::{Effects, Machine, Outgoing};

/// Most outputs that are handed over in one [`scope`](crate::Sink::scope): a sink may keep others from
/// something meanwhile.
const MAX_TOGETHER: usize = 16;

/// The state of the thread.
#[derive(Default)]
pub(super) struct Delivery {
    running: bool,
    sleep: Option<Sleep>,
}

/// How long the thread sleeps if nobody wakes it; `None` for ever.
type Sleep = Option<Instant>;

impl Delivery {
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    pub(super) fn falls_asleep(&mut self, until: Sleep) {
        self.sleep = Some(until);
    }

    pub(super) fn wakes_up(&mut self) {
        self.sleep = None;
    }

    /// Whether the thread sleeps and must not: outputs are ready, the end has come, or it would sleep too
    /// long.
    pub(super) fn has_cause_to_wake<T>(&self, machine: &Machine<Types<T>>) -> bool {
        let Some(until) = self.sleep else {
            return false;
        };
        let is_earlier = |due: Instant| until.is_none_or(|until| due < until);
        machine.has_delivery() || is_over(machine) || machine.next_tick().is_some_and(is_earlier)
    }
}

fn is_over<T>(machine: &Machine<Types<T>>) -> bool {
    machine.is_closed() && machine.is_drained()
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// Starts the thread when there is something to hand over and it does not run.
    pub(super) fn ensure_delivery(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            if state.delivery.running || state.machine.is_drained() {
                return;
            }
            state.delivery.running = true;
        }
        let core = self.clone();
        let spawned = thread::Builder::new()
            .name("savant-delivery".into())
            .spawn(move || core.deliver());
        if let Err(error) = spawned {
            self.change().delivery.running = false;
            tracing::error!(
                "no thread to deliver the outputs of source {:?}: {error}",
                self.source_id
            );
        }
    }

    /// Hands outputs over until the decoder is shut down and empty.
    fn deliver(self: &Arc<Self>) {
        let mut state = self.change();
        loop {
            if let Some(output) = state.machine.next_delivery(now()) {
                drop(state);
                self.hand_over(output);
                state = self.change();
                continue;
            }
            if is_over(&state.machine) {
                state.delivery.running = false;
                return;
            }
            match state.machine.next_tick() {
                Some(due) if due <= now() => {
                    let effects = state.tick();
                    drop(state);
                    self.carry_out(effects);
                    state = self.change();
                }
                due => state.sleep_until(due),
            }
        }
    }

    /// Hands an output over, and with it those that are ready behind it.
    fn hand_over(&self, first: Outgoing<Types<T>>) {
        let mut next = Some(first);
        while next.is_some() {
            self.sink.scope(&mut || {
                for _ in 0..MAX_TOGETHER {
                    let Some(output) = next.take() else { return };
                    // Nothing else ends this wait than room, or the end.
                    let _ = self.sink.ready(Wait::forever());
                    self.emit(output);
                    let mut state = self.change();
                    state.machine.delivered(now());
                    next = state.machine.next_delivery(now());
                }
            });
        }
    }
}

impl<T: Clone + Send + Sync + 'static> State<T> {
    /// Lets the machine look at the clock.
    fn tick(&mut self) -> Effects<Types<T>> {
        let Self {
            machine,
            links,
            last_delivered,
            ..
        } = self;
        machine.tick(now(), |lane| {
            let stage = links
                .get(&lane)
                .map_or_else(|| "not built".to_owned(), |link| link.describe());
            match last_delivered {
                Some(info) => format!("{stage}; last delivered: pts {} ns", info.pts_ns),
                None => format!("{stage}; nothing was delivered before"),
            }
        })
    }
}
