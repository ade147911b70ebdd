//! The thread that hands outputs over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::core::{Core, Types};
use crate::machine::Outcome;
use crate::output::{EncodedOutput, Output};

/// The state of the thread.
#[derive(Default)]
pub(super) struct Delivery {
    is_running: bool,
    thread: Option<ThreadId>,
}

impl Delivery {
    pub(super) fn is_running(&self) -> bool {
        self.is_running
    }

    /// Whether the calling thread is the one that runs the callback.
    pub(super) fn is_this_thread(&self) -> bool {
        self.thread == Some(thread::current().id())
    }
}

impl<T: Send + Sync + 'static> Core<T> {
    /// Starts the thread if it does not run.
    pub(super) fn ensure_delivery(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            if state.delivery.is_running || !state.machine.has_output() {
                return;
            }
            state.delivery.is_running = true;
        }
        let core = self.clone();
        let spawned = thread::Builder::new()
            .name("savant-encoded".into())
            .spawn(move || core.deliver());
        if let Err(error) = spawned {
            self.state.lock().delivery.is_running = false;
            tracing::error!("no thread to deliver the outputs of an encoder: {error}");
        }
    }

    /// Hands outputs over until the encoder is shut down and empty.
    fn deliver(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.delivery.thread = Some(thread::current().id());
        loop {
            if let Some(outcome) = state.machine.next_output() {
                drop(state);
                self.hand_over(outcome);
                self.state.lock().machine.delivered(Instant::now());
                // There is room for more now.
                self.pump();
                state = self.state.lock();
            } else if state.machine.is_closed() && state.machine.is_empty() {
                state.delivery = Delivery::default();
                drop(state);
                self.wake_progress();
                return;
            } else {
                self.outputs.wait(&mut state);
            }
        }
    }

    /// Calls the sink, on this thread and without any lock.
    fn hand_over(&self, outcome: Outcome<Types<T>>) {
        let output = match outcome {
            Outcome::Encoded(item, packet) => Output::Encoded(EncodedOutput {
                data: packet.data,
                pts_ns: item.pts_ns,
                dts_ns: item
                    .pts_ns
                    .map(|pts| pts.cast_signed().saturating_sub_unsigned(packet.lead_ns)),
                duration_ns: item.duration_ns,
                keyframe: packet.keyframe,
                frame: item.frame,
                id: item.id,
                encoder: self.info.clone(),
            }),
            Outcome::Failed(item, message) => Output::Error {
                message,
                frame: item.frame,
                id: item.id,
            },
        };
        if catch_unwind(AssertUnwindSafe(|| self.sink.take(output))).is_err() {
            tracing::error!("the result callback of an encoder panicked");
        }
    }
}
