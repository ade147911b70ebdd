//! What waiting acquirers and returning buffers share.

use std::time::{Duration, Instant};

use super::ledger::{self, Holder, Ledger};
use crate::error::Error;
use crate::sync::{Condvar, Mutex};
use crate::wait::Wait;

/// What a pool is doing, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolStats {
    /// Buffers that the pool may have, 0 for no limit.
    pub capacity: u32,
    /// Buffers that exist and are not out.
    pub free: usize,
    /// Buffers that are out.
    pub in_use: usize,
    /// Acquires so far that found no free buffer, those that are waiting now among them.
    pub waits: u64,
    /// The longest time that an acquire waited, whether it got a buffer in the end or not.
    pub longest_wait: Duration,
    /// In the debug mode ([`ledger::is_debug`]) who has the buffers that are out.
    pub holders: Option<Vec<Holder>>,
}

/// Counters of a pool, and the condition that waiters sleep on. No lock is held while `GStreamer`
/// runs.
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
    waits: u64,
    longest_wait: Duration,
    /// Kept in the debug mode.
    ledger: Option<Ledger>,
}

impl PoolState {
    /// `debug`: keep a ledger, and poison free buffers.
    pub(super) fn new(debug: bool) -> Self {
        let inner = Inner {
            ledger: debug.then(Ledger::default),
            ..Inner::default()
        };
        Self {
            inner: Mutex::new(inner),
            changed: Condvar::new(),
        }
    }

    /// Calls `attempt` until it gives a buffer, sleeping until one comes back in between.
    pub(super) fn acquire(
        &self,
        wait: Wait<'_>,
        mut attempt: impl FnMut() -> Result<Option<gst::Buffer>, Error>,
    ) -> Result<gst::Buffer, Error> {
        let mut waiting_since = None;
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
                let mut inner = self.inner.lock();
                inner.in_use += 1;
                if let Some(ledger) = &mut inner.ledger {
                    ledger.acquired(address(&buffer), &wait);
                }
                return Ok(buffer);
            }
            let mut inner = self.inner.lock();
            let since = *waiting_since.get_or_insert_with(|| {
                inner.waits += 1;
                Instant::now()
            });
            let result = wait.on(&self.changed, &mut inner, |inner| {
                (inner.closed || inner.returns != returns_seen).then_some(())
            });
            inner.longest_wait = inner.longest_wait.max(since.elapsed());
            result?;
        }
    }

    /// A buffer comes back and is still unknown to other acquirers.
    pub(super) fn returning(&self, buffer: &gst::BufferRef) {
        let mut inner = self.inner.lock();
        let is_poisoned = inner.ledger.is_some() && !inner.retired;
        if let Some(ledger) = &mut inner.ledger {
            ledger.returning(buffer.as_ptr().addr());
        }
        drop(inner);
        if is_poisoned {
            ledger::poison(buffer);
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

    /// From now on, buffers that come back are not poisoned: they are freed.
    pub(super) fn retire(&self) {
        self.inner.lock().retired = true;
    }

    /// Ends waiting and future acquires.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn in_use(&self) -> usize {
        self.inner.lock().in_use
    }

    pub(super) fn stats(&self, capacity: u32) -> PoolStats {
        let inner = self.inner.lock();
        PoolStats {
            capacity,
            free: inner.free(),
            in_use: inner.in_use,
            waits: inner.waits,
            longest_wait: inner.longest_wait,
            holders: inner.ledger.as_ref().map(Ledger::holders),
        }
    }
}

impl Inner {
    fn free(&self) -> usize {
        self.allocated.saturating_sub(self.in_use)
    }
}

fn address(buffer: &gst::Buffer) -> usize {
    buffer.as_ptr().addr()
}
