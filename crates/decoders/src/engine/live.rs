//! How many decoders share the cores.

use std::sync::atomic::{AtomicUsize, Ordering};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Decoders that exist in this process.
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// Counts a decoder while it exists.
pub(super) struct Live(());

impl Live {
    pub(super) fn begin() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}
