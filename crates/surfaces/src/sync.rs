//! Locks, conditions and threads for code whose threads wait for each other.
//!
//! With the feature `shuttle`, which tests use, they are those of the crate of that name. It runs such code on
//! schedules of its own making, where no wait ends by its time: a thread that nobody wakes is found.

#[cfg(not(feature = "shuttle"))]
mod primitives {
    pub use std::sync::mpsc;
    pub use std::{thread, thread_local};

    pub use parking_lot::{Condvar, Mutex, MutexGuard};
}

#[cfg(feature = "shuttle")]
mod primitives {
    pub use shuttle::sync::mpsc;
    pub use shuttle::{thread, thread_local};

    pub use super::on_schedule::{Condvar, Mutex, MutexGuard};
}

pub use primitives::{Condvar, Mutex, MutexGuard, mpsc, thread, thread_local};

#[cfg(feature = "shuttle")]
mod on_schedule {
    //! `parking_lot`'s interface to shuttle's primitives, as far as it is used.

    use std::ops::{Deref, DerefMut};
    use std::sync::PoisonError;
    use std::time::Instant;

    use shuttle::sync;

    /// See `parking_lot::Mutex`.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(sync::Mutex<T>);

    /// See `parking_lot::MutexGuard`.
    pub struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        /// `None` only while it sleeps.
        guard: Option<sync::MutexGuard<'a, T>>,
    }

    /// See `parking_lot::Condvar`.
    #[derive(Debug, Default)]
    pub struct Condvar(sync::Condvar);

    /// See `parking_lot::WaitTimeoutResult`.
    pub struct NeverTimedOut(());

    const AWAKE: &str = "a guard is used only while it holds the lock";

    impl<T> Mutex<T> {
        /// Unlocked.
        pub fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        /// Waits for the lock.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard {
                mutex: self,
                guard: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)),
            }
        }
    }

    impl<T> MutexGuard<'_, T> {
        /// Runs `work` without the lock.
        pub fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
            guard.guard = None;
            let result = work();
            guard.guard = guard.mutex.lock().guard;
            result
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.guard.as_ref().expect(AWAKE)
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.guard.as_mut().expect(AWAKE)
        }
    }

    impl Condvar {
        /// Nobody sleeps on it.
        pub fn new() -> Self {
            Self::default()
        }

        /// Sleeps until it is woken.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let awake = guard.guard.take().expect(AWAKE);
            let woken = self.0.wait(awake);
            guard.guard = Some(woken.unwrap_or_else(PoisonError::into_inner));
        }

        /// Sleeps until it is woken, however long that takes.
        pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> NeverTimedOut {
            self.wait(guard);
            NeverTimedOut(())
        }

        /// Wakes one sleeper.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all sleepers.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    impl NeverTimedOut {
        /// It did not.
        pub fn timed_out(&self) -> bool {
            false
        }
    }
}
