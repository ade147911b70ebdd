//! NVIDIA's elements are known to `GStreamer` before anything is used, on stand-ins for the libraries and the
//! plugin. One test, because a process has one root and one environment.

#![allow(clippy::unwrap_used)] // its helpers are tests too

mod fake;

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

use gst::prelude::*;
use savant_surfaces::backend::{
    DECODER_ELEMENT, LoadOptions, load_plugins, offer_elements, set_search,
};

#[test]
fn elements_are_offered_without_choosing_a_backend() {
    let folder = fake::folder("plugins");
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "gstreamer-1.0"])
        .output()
        .expect("pkg-config, which the build needs");
    let flags = String::from_utf8(flags.stdout).unwrap();
    let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
    fake::compile("nvbufsurface.c", &folder, "libnvbufsurface.so", &[]);
    fake::compile(
        "nvbufsurftransform.c",
        &folder,
        "libnvbufsurftransform.so",
        &[],
    );
    let plugin = fake::compile("plugin.c", &folder, "libgstnvvideo4linux2.so", &flags);

    // SAFETY: this process has one test, and no other thread reads the environment.
    unsafe {
        std::env::set_var("SAVANT_DEEPSTREAM_LIB_DIR", &folder);
        std::env::set_var("SAVANT_BACKEND", "host");
    }
    assert_eq!(offer_elements(), Ok(false));
    assert!(!gst::INITIALIZED.load(Ordering::SeqCst));

    // SAFETY: as above.
    unsafe { std::env::set_var("SAVANT_BACKEND", "deepstream") };
    let printed = printed_by(&folder.join("stdout"), || {
        assert_eq!(offer_elements(), Ok(true));
    });
    assert_eq!(printed, "");
    let factory = gst::ElementFactory::find(DECODER_ELEMENT).unwrap();
    assert_eq!(factory.plugin().unwrap().filename(), Some(plugin));
    // A second time there is nothing to do.
    assert_eq!(offer_elements(), Ok(true));
    assert_eq!(load_plugins(), Ok(()));
    assert!(set_search(LoadOptions::default()), "no backend was chosen");
}

/// What `work` prints on standard output.
fn printed_by(path: &Path, work: impl FnOnce()) -> String {
    let file = File::create(path).unwrap();
    // SAFETY: the descriptors are open; null stands for all streams of the C library.
    let saved = unsafe {
        let saved = libc::dup(libc::STDOUT_FILENO);
        libc::dup2(file.as_raw_fd(), libc::STDOUT_FILENO);
        saved
    };
    work();
    // SAFETY: as above.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::dup2(saved, libc::STDOUT_FILENO);
        libc::close(saved);
    }
    fs::read_to_string(path).unwrap()
}
