//! The thread that hands outputs to the user.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::core::{Core, now};

/// How often the thread looks at the clock while a decoder is drained or an end of stream is pending.
const TICK: Duration = Duration::from_millis(20);

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
            if state.machine.needs_ticks() {
                let effects = state.machine.tick(now());
                drop(state);
                self.carry_out(effects);
                state = self.state.lock();
                self.changed.wait_for(&mut state, TICK);
            } else {
                self.changed.wait(&mut state);
            }
        }
    }
}
