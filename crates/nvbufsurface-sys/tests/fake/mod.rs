//! Stand-ins for the libraries.

use std::path::{Path, PathBuf};

use crate::toolchain::compile;

/// Compiles a stand-in for `libnvbufsurface.so` to `folder`.
pub fn surface_library(folder: &Path, arguments: &[&str]) -> PathBuf {
    let file = folder.join("libnvbufsurface.so");
    let mut all = vec!["-shared", "-fPIC", "-Wl,-soname,libnvbufsurface.so"];
    all.extend(arguments);
    compile("fake/nvbufsurface.c", &file, &all);
    file
}
