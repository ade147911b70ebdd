//! Which user callbacks the current thread is inside of.
//!
//! A call made from a callback must not wait for that callback, so every blocking call asks here.

use std::cell::RefCell;
use std::sync::Arc;

use crate::sealed::Seal;

struct Running {
    decoder: usize,
    seal: Option<Arc<Seal>>,
}

thread_local! {
    static STACK: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// Marks the current thread as inside a callback until it is dropped.
pub(crate) struct Scope(());

impl Scope {
    /// Enters a callback of `decoder`, which delivers the frame under `seal` if there is one.
    pub(crate) fn enter(decoder: usize, seal: Option<Arc<Seal>>) -> Self {
        STACK.with_borrow_mut(|stack| stack.push(Running { decoder, seal }));
        Self(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        STACK.with_borrow_mut(Vec::pop);
    }
}

/// Whether the current thread is inside a callback of `decoder`.
pub(crate) fn is_inside(decoder: usize) -> bool {
    STACK.with_borrow(|stack| stack.iter().any(|running| running.decoder == decoder))
}

/// Whether the current thread is inside the callback that delivers the frame under `seal`.
pub(crate) fn is_delivering(seal: &Arc<Seal>) -> bool {
    STACK.with_borrow(|stack| {
        stack.iter().any(|running| {
            running
                .seal
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, seal))
        })
    })
}
