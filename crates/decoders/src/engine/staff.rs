//! How the decoders of a process share its cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use surfaces::sync::Mutex;
use surfaces::workers;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Counts a decoder while one of its sessions exists.
pub(crate) struct Live(());

impl Drop for Live {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the sessions of a decoder count as: one decoder, also while one of them still ends and the next has begun.
#[derive(Default)]
pub(crate) struct Presence(Mutex<Weak<Live>>);

impl Presence {
    /// The decoder counts until what this returns is dropped.
    pub(crate) fn enter(&self) -> Arc<Live> {
        let mut live = self.0.lock();
        live.upgrade().unwrap_or_else(|| {
            COUNT.fetch_add(1, Ordering::Relaxed);
            let entered = Arc::new(Live(()));
            *live = Arc::downgrade(&entered);
            entered
        })
    }
}

/// Cores for each of the decoders that exist.
pub(crate) fn share_of_cores() -> usize {
    (workers::cores() / COUNT.load(Ordering::Relaxed).max(1)).max(1)
}

/// The threads that a software decoder was made with.
#[derive(Clone, Copy)]
pub(super) struct Staff {
    threads: usize,
    of_share: fn(usize) -> usize,
}

impl Staff {
    /// What is due now; `of_share` says how many threads go with a number of cores.
    pub(super) fn due(of_share: fn(usize) -> usize) -> Self {
        Self {
            threads: of_share(share_of_cores()),
            of_share,
        }
    }

    pub(super) fn threads(self) -> usize {
        self.threads
    }

    /// Whether at least twice as many threads are due, or at most half as many, since decoders came or went.
    pub(super) fn is_outdated(self) -> bool {
        let due = Self::due(self.of_share).threads;
        due >= 2 * self.threads || self.threads >= 2 * due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_decoder_count_as_one() {
        let presence = Presence::default();
        let first = presence.enter();
        assert!(Arc::ptr_eq(&first, &presence.enter()));
        let left = Arc::downgrade(&first);
        drop(first);
        assert!(left.upgrade().is_none());
    }

    #[test]
    fn only_twice_as_many_or_half_as_many_threads_are_worth_a_new_decoder() {
        let is_outdated = |threads| {
            let of_share = |_| 6;
            Staff { threads, of_share }.is_outdated()
        };
        assert_eq!(
            [1, 3, 4, 6, 11, 12, 40].map(is_outdated),
            [true, true, false, false, false, true, true]
        );
    }
}
