//! The end of a process that was forked after the libraries were opened.
//!
//! `libnvbufsurftransform.so` has a thread that waits on a condition, and at the end of the process destroys the
//! condition, which waits for the thread: in a fork, which has no such thread, for ever. So a fork ends without what
//! the libraries do at the end.

use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::Once;

unsafe extern "C" {
    /// Of the GNU C library: like `atexit`, with the status that the process ends with.
    safe fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Makes the forks of this process end when they call `exit`, whatever NVIDIA's libraries wait for.
pub(super) fn let_forks_end() {
    static ONCE: Once = Once::new();
    // SAFETY: the handler does what a fork may do, and is never unloaded.
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(in_fork));
    });
}

/// What is registered last runs first, so in front of all that the libraries have registered.
extern "C" fn in_fork() {
    on_exit(leave, ptr::null_mut());
}

extern "C" fn leave(status: c_int, _: *mut c_void) {
    // SAFETY: null stands for all streams of the C library; nothing runs after `_exit`.
    unsafe {
        libc::fflush(ptr::null_mut());
        libc::_exit(status);
    }
}
