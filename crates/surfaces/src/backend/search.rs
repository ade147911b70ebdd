//! Where NVIDIA's libraries may be.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gst::prelude::*;
use nvbufsurface_sys::LoadOptions;

use super::plugins::DECODER_ELEMENT;

static SEARCH: Mutex<LoadOptions> = Mutex::new(LoadOptions {
    gstreamer_root: None,
    site_packages: Vec::new(),
});

/// Keeps what the caller knows for all later searches.
pub(super) fn set(options: LoadOptions) {
    *SEARCH.lock().unwrap_or_else(PoisonError::into_inner) = options;
}

/// What is known at the moment: what was kept, and what `GStreamer` knows.
pub(super) fn options() -> LoadOptions {
    let kept = SEARCH
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    LoadOptions {
        gstreamer_root: kept.gstreamer_root.or_else(gstreamer_root),
        ..kept
    }
}

/// The folder of the libraries that belong to the decoder element that `GStreamer` knows, if it is
/// initialised, be it by the application.
fn gstreamer_root() -> Option<PathBuf> {
    // SAFETY: the call has no preconditions.
    if unsafe { gst::ffi::gst_is_initialized() } == gst::glib::ffi::GFALSE {
        return None;
    }
    let plugin = gst::ElementFactory::find(DECODER_ELEMENT)?.plugin()?;
    // An installation of DeepStream links its folder of plugins from that of GStreamer.
    let file = plugin.filename()?.canonicalize().ok()?;
    let folders = file.ancestors().skip(1).take(2);
    let has_libraries = |folder: &&Path| {
        ["libnvbufsurface.so", "libnvbufsurface.so.1.0.0"]
            .iter()
            .any(|name| folder.join(name).exists())
    };
    folders
        .into_iter()
        .find(has_libraries)
        .map(Path::to_path_buf)
}
