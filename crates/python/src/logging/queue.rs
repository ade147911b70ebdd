//! Log lines that wait for Python.

use std::cell::RefCell;
use std::collections::VecDeque;
// Those of the standard library know no thread but by a number in memory: in a fork, where the threads that slept
// on them are gone, they still work.
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::line::Line;

/// Lines that may wait. What comes while Python does not keep up is dropped, and counted.
const BOUND: usize = 1024;

pub(super) static LINES: Lines = Lines {
    state: Mutex::new(State {
        waiting: VecDeque::new(),
        dropped: 0,
        is_open: false,
    }),
    changed: Condvar::new(),
};

/// Lines between the threads that they come from and the one that hands them to Python. Nobody who holds the lock
/// waits for anything, so a line costs its thread no more than a moment.
pub(super) struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: VecDeque<Line>,
    dropped: u64,
    /// Somebody takes the lines.
    is_open: bool,
}

impl State {
    fn take(&mut self) -> Vec<Line> {
        let mut lines: Vec<_> = self.waiting.drain(..).collect();
        if self.dropped > 0 {
            lines.push(Line::warning(format!(
                "{} log lines were dropped: more than {BOUND} waited for Python",
                std::mem::take(&mut self.dropped)
            )));
        }
        lines
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the line is taken care of. It is made only if somebody takes the lines.
    pub(super) fn push(&self, line: impl FnOnce() -> Line) -> bool {
        if !self.lock().is_open {
            return false;
        }
        // Without the lock, since the system is asked about the thread.
        let line = line();
        let mut state = self.lock();
        if !state.is_open {
            return false;
        }
        if state.waiting.len() < BOUND {
            state.waiting.push_back(line);
        } else {
            state.dropped += 1;
        }
        self.changed.notify_all();
        true
    }

    /// Waits for lines; `None` after [`close`](Self::close), when all are taken.
    pub(super) fn next(&self) -> Option<Vec<Line>> {
        let mut state = self.lock();
        loop {
            let lines = state.take();
            if !lines.is_empty() {
                return Some(lines);
            }
            if !state.is_open {
                return None;
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn open(&self) {
        self.lock().is_open = true;
    }

    pub(super) fn close(&self) {
        self.lock().is_open = false;
        self.changed.notify_all();
    }
}

thread_local! {
    /// The lock while this thread forks: it is free in the child, whatever other threads did.
    static HELD: RefCell<Option<MutexGuard<'static, State>>> = const { RefCell::new(None) };
}

/// To be called in front of a fork.
pub(super) fn hold() {
    let lock = LINES.lock();
    HELD.with_borrow_mut(|held| *held = Some(lock));
}

/// To be called behind a fork, in both processes. The child has nobody who takes the lines, and the parent's are
/// not its own.
pub(super) fn release(is_child: bool) {
    let lock = HELD.with_borrow_mut(Option::take);
    if let (Some(mut state), true) = (lock, is_child) {
        state.is_open = false;
        state.waiting.clear();
        state.dropped = 0;
    }
}
