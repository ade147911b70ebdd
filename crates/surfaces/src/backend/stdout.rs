//! Standard output belongs to the application, but NVIDIA's libraries print on it.

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// While it exists, what is printed on standard output goes to standard error.
pub(super) struct Diverted {
    /// Where standard output leads.
    saved: OwnedFd,
}

impl Diverted {
    /// `None` without the one or the other.
    pub(super) fn new() -> Option<Self> {
        let saved = io::stdout().as_fd().try_clone_to_owned().ok()?;
        redirect(libc::STDERR_FILENO).then_some(Self { saved })
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        redirect(self.saved.as_raw_fd());
    }
}

/// Makes standard output lead where `to` does; what is still buffered goes to the old place.
fn redirect(to: libc::c_int) -> bool {
    let _ = io::stdout().flush();
    // SAFETY: null stands for all streams of the C library; both descriptors are open.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::dup2(to, libc::STDOUT_FILENO) != -1
    }
}
