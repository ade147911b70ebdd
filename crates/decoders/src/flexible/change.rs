//! Changes of a decoder's state, and who is woken by them.
//!
//! Each frame changes the state several times, and a switch of threads costs more than the change: so
//! everybody sleeps on a condition of their own, and is woken only when there is something to do.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use surfaces::sync::{Condvar, MutexGuard};
use surfaces::turns::Turns;
use surfaces::wait::{Wait, WaitError};

use super::core::{Core, State};

/// What the threads around a decoder sleep on.
#[derive(Default)]
pub(super) struct Signals {
    /// Submitters, until the input queue is half empty: one that is woken for every packet costs a switch
    /// of threads a frame.
    input: Condvar,
    /// Submitters that wait for their turn.
    pub turns: Turns,
    /// The delivery thread.
    outputs: Condvar,
    /// Decoders with too many pictures in front of the user.
    room: Condvar,
    /// Whoever waits for the end of something.
    pub progress: Condvar,
}

/// Which condition a thread sleeps on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    Input,
    Room,
    Progress,
}

impl Signals {
    fn of(&self, until: Until) -> &Condvar {
        match until {
            Until::Input => &self.input,
            Until::Room => &self.room,
            Until::Progress => &self.progress,
        }
    }

    /// Wakes whom the state has something to do for. A condition that nobody sleeps on costs next to
    /// nothing.
    fn wake<T: Clone + Send + Sync + 'static>(&self, state: &State<T>) {
        let is_closed = state.machine.is_closed();
        if is_closed {
            self.turns.close();
        }
        if is_closed || state.machine.has_ample_input_room() {
            self.input.notify_all();
        }
        if state.machine.has_any_output_room() {
            self.room.notify_all();
        }
        if state.delivery.has_cause_to_wake(&state.machine) {
            self.outputs.notify_one();
        }
        self.progress.notify_all();
    }

    /// Wakes everybody, to look at what is not part of the state.
    pub(super) fn wake_all(&self) {
        for condition in [&self.input, &self.outputs, &self.room, &self.progress] {
            condition.notify_all();
        }
    }
}

/// Exclusive access to the state. Whoever has something to do after it is woken at its end.
pub(super) struct Change<'a, T: Clone + Send + Sync + 'static> {
    state: MutexGuard<'a, State<T>>,
    signals: &'a Signals,
}

impl<T: Clone + Send + Sync + 'static> Change<'_, T> {
    /// Sleeps until outputs are ready or `until` comes; for the delivery thread.
    pub(super) fn sleep_until(&mut self, until: Option<Instant>) {
        self.signals.wake(&self.state);
        self.state.delivery.falls_asleep(until);
        match until {
            Some(until) => {
                self.signals.outputs.wait_until(&mut self.state, until);
            }
            None => self.signals.outputs.wait(&mut self.state),
        }
        self.state.delivery.wakes_up();
    }
}

impl<T: Clone + Send + Sync + 'static> Deref for Change<'_, T> {
    type Target = State<T>;

    fn deref(&self) -> &State<T> {
        &self.state
    }
}

impl<T: Clone + Send + Sync + 'static> DerefMut for Change<'_, T> {
    fn deref_mut(&mut self) -> &mut State<T> {
        &mut self.state
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for Change<'_, T> {
    fn drop(&mut self) {
        self.signals.wake(&self.state);
    }
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// Locks the state to change it.
    pub(super) fn change(&self) -> Change<'_, T> {
        Change {
            state: self.state.lock(),
            signals: &self.signals,
        }
    }

    /// Sleeps until `ready`, which may change the state, returns a value.
    pub(super) fn sleep<R>(
        self: &Arc<Self>,
        until: Until,
        wait: Wait<'_>,
        ready: impl FnMut(&mut State<T>) -> Option<R>,
    ) -> Result<R, WaitError> {
        let mut change = self.change();
        wait.on(self.signals.of(until), &mut change.state, ready)
    }
}
