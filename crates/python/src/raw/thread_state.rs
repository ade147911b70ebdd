//! The Python state of a native thread, kept from one call of Python to the next.

use std::cell::OnceCell;

use pyo3::ffi;
use pyo3::prelude::*;

thread_local! {
    static KEPT: OnceCell<Kept> = const { OnceCell::new() };
}

/// A reference to this thread's state in the interpreter.
struct Kept(ffi::PyGILState_STATE);

/// Keeps the state of this thread, which native code must have started, until it ends. Otherwise each call makes one
/// and deletes it, and with it maps and unmaps memory, which interrupts the other cores.
pub(crate) fn keep(_: Python<'_>) {
    KEPT.with(|kept| {
        // SAFETY: the thread is attached, so this only counts one more user of its state.
        kept.get_or_init(|| Kept(unsafe { ffi::PyGILState_Ensure() }));
    });
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Without an interpreter the state is gone, too.
        Python::try_attach(|_| {
            // SAFETY: the thread is attached, so that this only takes back what `keep` counted; the state is that which
            // it returned on this thread.
            unsafe { ffi::PyGILState_Release(self.0) };
        });
    }
}
