//! The thread that hands outputs to the user.

use std::sync::Arc;
use std::thread;

use super::core::{Core, State, Types, now};
use crate::machine::Effects;

/// The state of the thread.
#[derive(Default)]
pub(super) struct Delivery {
    running: bool,
}

impl Delivery {
    pub(super) fn is_running(&self) -> bool {
        self.running
    }
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
            self.state.lock().delivery.running = false;
            tracing::error!(
                "no thread to deliver the outputs of source {:?}: {error}",
                self.config.source_id
            );
        }
    }

    /// Hands outputs over until the decoder is shut down and empty.
    fn deliver(self: &Arc<Self>) {
        let mut state = self.state.lock();
        loop {
            if let Some(output) = state.machine.next_delivery(now()) {
                drop(state);
                self.emit(output);
                state = self.state.lock();
                state.machine.delivered(now());
                self.changed.notify_all();
                continue;
            }
            if state.machine.is_closed() && state.machine.is_drained() {
                state.delivery.running = false;
                self.changed.notify_all();
                return;
            }
            match state.machine.next_tick() {
                Some(due) if due <= now() => {
                    let effects = state.tick();
                    drop(state);
                    self.carry_out(effects);
                    state = self.state.lock();
                }
                Some(due) => {
                    self.changed.wait_until(&mut state, due);
                }
                None => self.changed.wait(&mut state),
            }
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
