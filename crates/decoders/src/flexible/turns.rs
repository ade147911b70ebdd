//! Concurrent submissions take turns, first come first served.

use std::collections::VecDeque;
use std::sync::Arc;

use surfaces::wait::Wait;

use super::change::Until;
use super::core::Core;
use super::error::DecoderError;

/// The queue of waiting callers.
#[derive(Default)]
pub(super) struct Turns {
    queue: VecDeque<u64>,
    next: u64,
}

/// The caller's turn, until it is dropped.
pub(super) struct Turn<'a, T: Clone + Send + Sync + 'static> {
    core: &'a Core<T>,
    number: u64,
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// Waits for this caller's turn.
    pub(super) fn take_turn(self: &Arc<Self>, wait: Wait<'_>) -> Result<Turn<'_, T>, DecoderError> {
        let number = {
            let mut state = self.state.lock();
            let number = state.turns.next;
            state.turns.next += 1;
            state.turns.queue.push_back(number);
            number
        };
        // A turn that is given up leaves the queue when it is dropped.
        let turn = Turn { core: self, number };
        self.sleep(Until::Turn, wait, |state| {
            if state.machine.is_closed() {
                return Some(Err(DecoderError::ShutDown));
            }
            (state.turns.queue.front() == Some(&number)).then_some(Ok(()))
        })??;
        Ok(turn)
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.core
            .state
            .lock()
            .turns
            .queue
            .retain(|&waiting| waiting != self.number);
        self.core.signals.turns.notify_all();
    }
}
