//! What waiting acquirers and returning buffers share.

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::wait::Wait;

/// Counters of a pool, and the condition that waiters sleep on. No lock is held while `GStreamer`
/// runs.
#[derive(Default)]
pub(super) struct PoolState {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Buffers that have come back so far: tells a waiter that it may try again.
    returns: u64,
    in_use: usize,
    /// Buffers that exist, free or in use.
    allocated: usize,
    closed: bool,
    retired: bool,
    allocation_error: Option<Error>,
}

impl PoolState {
    /// Calls `attempt` until it gives a buffer, sleeping until one comes back in between.
    pub(super) fn acquire(
        &self,
        wait: Wait<'_>,
        mut attempt: impl FnMut() -> Result<Option<gst::Buffer>, Error>,
    ) -> Result<gst::Buffer, Error> {
        loop {
            let returns_seen = {
                let inner = self.inner.lock();
                if inner.closed {
                    return Err(Error::GeneratorClosed);
                }
                inner.returns
            };
            // A buffer that comes back from here on changes `returns`, so no wake-up is lost.
            if let Some(buffer) = attempt()? {
                self.inner.lock().in_use += 1;
                return Ok(buffer);
            }
            let mut inner = self.inner.lock();
            wait.on(&self.changed, &mut inner, |inner| {
                (inner.closed || inner.returns != returns_seen).then_some(())
            })?;
        }
    }

    /// A buffer came back.
    pub(super) fn released(&self) {
        let mut inner = self.inner.lock();
        inner.returns += 1;
        inner.in_use = inner.in_use.saturating_sub(1);
        drop(inner);
        self.changed.notify_all();
    }

    /// A buffer was allocated.
    pub(super) fn allocated(&self) {
        self.inner.lock().allocated += 1;
    }

    /// A buffer was freed.
    pub(super) fn freed(&self) {
        let mut inner = self.inner.lock();
        inner.allocated = inner.allocated.saturating_sub(1);
    }

    /// From now on, buffers that come back are freed. Returns how many are free.
    pub(super) fn retire(&self) -> usize {
        let mut inner = self.inner.lock();
        inner.retired = true;
        inner.allocated.saturating_sub(inner.in_use)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.inner.lock().retired
    }

    /// Ends waiting and future acquires.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn in_use(&self) -> usize {
        self.inner.lock().in_use
    }

    pub(super) fn set_allocation_error(&self, error: Error) {
        self.inner.lock().allocation_error = Some(error);
    }

    pub(super) fn take_allocation_error(&self) -> Option<Error> {
        self.inner.lock().allocation_error.take()
    }
}
