//! A process that was forked after the libraries were opened ends, with its own status.

mod fake;
mod toolchain;

use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadOptions, load};
use toolchain::{compile, empty_folder};

/// Forks; the child ends with status 7. Returns the status that the parent sees.
fn status_of_fork() -> i32 {
    // SAFETY: the child only ends, which is what is tried out.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the handlers that run are those that are under test.
        unsafe { libc::exit(7) };
    }
    let mut status = 0;
    // SAFETY: `status` is writable.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status), "{status}");
    libc::WEXITSTATUS(status)
}

/// One test, because a process has one root and one environment.
#[test]
fn a_fork_does_not_wait_for_threads_that_it_does_not_have() {
    let root = empty_folder("loader_fork");
    let waits = root.join("libwaits.so");
    compile(
        "fake/waits_at_exit.c",
        &waits,
        &["-shared", "-fPIC", "-D_DEFAULT_SOURCE"],
    );
    let link = [
        "-DNEW=1",
        "-Wl,--no-as-needed",
        waits.to_str().expect("ASCII"),
    ];
    fake::surface_library(&root, &link);
    // SAFETY: this process has one test, and no other thread reads the environment.
    unsafe { std::env::set_var(ENVIRONMENT_VARIABLES[0], &root) };
    load(&LoadOptions::default()).expect("it is in the folder that the environment names");
    assert_eq!(status_of_fork(), 7);
}
