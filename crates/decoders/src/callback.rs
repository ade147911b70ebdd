//! Which user callbacks the current thread is inside of.
//!
//! A call made from a callback must not wait for that callback, so every blocking call asks here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use surfaces::sync::thread_local;

use crate::sealed::Seal;

/// To whom callbacks belong: a decoder, or a pool with all of its decoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u64);

impl Default for Owner {
    /// One that is not yet in use.
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Owner {
    /// Whether the current thread is inside a callback of this owner.
    pub(crate) fn is_inside_callback(self) -> bool {
        STACK.with(|stack| stack.borrow().iter().any(|running| running.owner == self))
    }
}

struct Running {
    owner: Owner,
    seal: Option<Arc<Seal>>,
}

thread_local! {
    static STACK: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// Marks the current thread as inside a callback until it is dropped.
struct Scope(());

impl Scope {
    /// Enters a callback of `owner`, which delivers the frame under `seal` if there is one.
    fn enter(owner: Owner, seal: Option<Arc<Seal>>) -> Self {
        STACK.with(|stack| stack.borrow_mut().push(Running { owner, seal }));
        Self(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        STACK.with(|stack| stack.borrow_mut().pop());
    }
}

/// Runs user code as a callback of `owner`; `None` when it panicked.
pub(crate) fn run<R>(owner: Owner, seal: Option<Arc<Seal>>, work: impl FnOnce() -> R) -> Option<R> {
    let _scope = Scope::enter(owner, seal);
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Whether the current thread is inside the callback that delivers the frame under `seal`.
pub(crate) fn is_delivering(seal: &Arc<Seal>) -> bool {
    STACK.with(|stack| {
        stack.borrow().iter().any(|running| {
            running
                .seal
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, seal))
        })
    })
}
