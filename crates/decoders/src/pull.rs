//! Outputs that wait for their user, instead of a callback that is called with them.

use std::collections::VecDeque;
use std::sync::Arc;

use surfaces::sync::{Condvar, Mutex};
use surfaces::wait::{Wait, WaitError};

use crate::output::{Output, Sink};

/// Outputs that may wait. Those that are known at once when a frame is submitted may exceed it.
const BOUND: usize = 16;

/// Is told once that there is something to take, on whatever thread that happens.
pub type Waker = Box<dyn FnOnce() + Send>;

/// The outputs of a decoder or a pool whose sink it is, for others to take.
///
/// While as many wait as may, the decoders wait, and so does a submission.
pub struct Outputs<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<Output<T>>,
    wakers: Vec<Waker>,
    /// Nobody waits for room any more.
    is_closed: bool,
    /// Nothing more comes.
    has_ended: bool,
}

impl<T> Default for Outputs<T> {
    fn default() -> Self {
        let state = State {
            waiting: VecDeque::new(),
            wakers: Vec::new(),
            is_closed: false,
            has_ended: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }
}

impl<T> Clone for Outputs<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> State<T> {
    fn has_news(&self) -> bool {
        self.has_ended || !self.waiting.is_empty()
    }
}

impl<T> Outputs<T> {
    /// Takes the next output; waits for one. `None` after a shutdown, when all are taken.
    pub fn next(&self, wait: Wait<'_>) -> Result<Option<Output<T>>, WaitError> {
        let mut state = self.0.state.lock();
        let next = wait.on(&self.0.changed, &mut state, |state| {
            state.has_news().then(|| state.waiting.pop_front())
        });
        self.0.changed.notify_all();
        next
    }

    /// Has `waker` called once there is something to take, or the end has come: at once if that is so now.
    pub fn wake(&self, waker: Waker) {
        let mut state = self.0.state.lock();
        if state.has_news() {
            drop(state);
            waker();
        } else {
            state.wakers.push(waker);
        }
    }

    /// Changes the state, and tells everybody who waits.
    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        let wakers = {
            let mut state = self.0.state.lock();
            change(&mut state);
            self.0.changed.notify_all();
            if state.has_news() {
                std::mem::take(&mut state.wakers)
            } else {
                Vec::new()
            }
        };
        for waker in wakers {
            waker();
        }
    }
}

impl<T: Send + Sync> Sink<T> for Outputs<T> {
    fn take(&self, output: Output<T>) {
        self.change(|state| state.waiting.push_back(output));
    }

    fn ready(&self, wait: Wait<'_>) -> Result<(), WaitError> {
        wait.on(&self.0.changed, &mut self.0.state.lock(), |state| {
            (state.is_closed || state.waiting.len() < BOUND).then_some(())
        })
    }

    fn close(&self) {
        self.change(|state| state.is_closed = true);
    }

    fn end(&self) {
        self.change(|state| {
            state.is_closed = true;
            state.has_ended = true;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn eos(id: &str) -> Output<()> {
        Output::SourceEos {
            source_id: id.to_owned(),
        }
    }

    fn at_once() -> Wait<'static> {
        Wait::at_most(Duration::ZERO)
    }

    #[test]
    fn what_waits_is_taken_in_order_and_then_the_end() {
        let outputs = Outputs::default();
        assert_eq!(outputs.next(at_once()).err(), Some(WaitError::TimedOut));
        for id in ["a", "b"] {
            outputs.take(eos(id));
        }
        outputs.end();
        for id in ["a", "b"] {
            let next = outputs.next(at_once());
            assert!(matches!(next, Ok(Some(Output::SourceEos { source_id })) if source_id == id));
        }
        assert!(matches!(outputs.next(at_once()), Ok(None)));
    }

    #[test]
    fn decoders_wait_until_there_is_room_or_the_end() {
        let outputs = Outputs::default();
        for _ in 0..BOUND {
            assert_eq!(outputs.ready(at_once()), Ok(()));
            outputs.take(eos("a"));
        }
        assert_eq!(outputs.ready(at_once()), Err(WaitError::TimedOut));
        assert!(outputs.next(at_once()).is_ok());
        assert_eq!(outputs.ready(at_once()), Ok(()));
        outputs.take(eos("a"));
        outputs.close();
        assert_eq!(outputs.ready(at_once()), Ok(()));
    }

    #[test]
    fn a_waker_is_called_once() {
        let outputs = Outputs::default();
        let (told, hears) = channel();
        let waker = || {
            let told = told.clone();
            Box::new(move || told.send(()).expect("somebody listens"))
        };
        outputs.wake(waker());
        assert!(hears.try_recv().is_err());
        outputs.take(eos("a"));
        outputs.take(eos("b"));
        assert_eq!(hears.try_iter().count(), 1);
        outputs.wake(waker());
        assert_eq!(hears.try_iter().count(), 1, "there is something already");
    }
}
