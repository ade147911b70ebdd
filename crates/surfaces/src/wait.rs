//! Bounded, interruptible waiting on a condition variable.

use std::time::{Duration, Instant};

use crate::sync::{Condvar, MutexGuard};

/// The longest time a blocked call sleeps before it asks whether it has been interrupted.
pub const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// Why a wait ended without its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The deadline passed.
    #[error("timed out")]
    TimedOut,
    /// The interrupt hook asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// How long a blocking call may wait, what may interrupt it, and who waits.
#[derive(Clone, Copy, Default)]
pub struct Wait<'a> {
    deadline: Option<Instant>,
    interrupt: Option<&'a dyn Fn() -> bool>,
    caller: Option<&'a str>,
}

impl<'a> Wait<'a> {
    /// Waits without limit.
    pub fn forever() -> Self {
        Self::default()
    }

    /// Waits at most `timeout`; zero polls once.
    pub fn at_most(timeout: Duration) -> Self {
        // A timeout beyond what the clock can express is no limit.
        Self {
            deadline: Instant::now().checked_add(timeout),
            ..Self::default()
        }
    }

    /// Whether the wait is limited in time.
    pub fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    /// Asks `interrupt` every [`WAKE_INTERVAL`] whether to give up (`true` ends the wait).
    ///
    /// The hook runs on the waiting thread with no lock held.
    #[must_use]
    pub fn or_interrupted(mut self, interrupt: &'a dyn Fn() -> bool) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Says where in the user's program the call comes from, such as `file:line`.
    #[must_use]
    pub fn called_from(mut self, place: &'a str) -> Self {
        self.caller = Some(place);
        self
    }

    /// Where the call comes from, if anybody said so.
    pub fn caller(&self) -> Option<&'a str> {
        self.caller
    }

    /// Blocks until `ready` returns a value.
    ///
    /// `ready` runs with the lock held. The lock is released while sleeping and while the
    /// interrupt hook runs.
    pub fn on<T, R>(
        &self,
        condvar: &Condvar,
        guard: &mut MutexGuard<'_, T>,
        mut ready: impl FnMut(&mut T) -> Option<R>,
    ) -> Result<R, WaitError> {
        loop {
            if let Some(value) = ready(guard) {
                return Ok(value);
            }
            let now = Instant::now();
            let mut until = now + WAKE_INTERVAL;
            if let Some(deadline) = self.deadline {
                if now >= deadline {
                    return Err(WaitError::TimedOut);
                }
                until = until.min(deadline);
            }
            let timed_out = condvar.wait_until(guard, until).timed_out();
            if let (true, Some(interrupt)) = (timed_out, self.interrupt)
                && MutexGuard::unlocked(guard, interrupt)
            {
                return Err(WaitError::Interrupted);
            }
        }
    }
}
