//! Dependencies that the wheel's libraries cannot find themselves.
//!
//! Their run-time search path is one folder off: it leads to `nvidia/nvidia/cu13/lib`, while the
//! CUDA wheels install to `nvidia/cu13/lib`. So these are loaded first. Libraries of any other
//! root were linked against what the system has, and the dynamic linker finds it.

use std::path::{Path, PathBuf};

use super::place::site_packages_of;
use super::process::open;

/// Folder of the CUDA wheels in a `site-packages` folder.
const CUDA_FOLDER: &str = "nvidia/cu13/lib";

/// The CUDA runtime and the image-processing libraries, dependencies first.
const CUDA_LIBRARIES: [&str; 4] = [
    "libcudart.so.13",
    "libnppc.so.13",
    "libnppig.so.13",
    "libnppidei.so.13",
];

/// Loads the CUDA libraries for a root that has the wheel's layout: from the `site-packages`
/// folder of the root, else from the other ones, else by their bare names. Returns why a library
/// could not be loaded; that matters only if the root's libraries then fail to load.
pub(super) fn preload_dependencies(root: &Path, site_packages: &[PathBuf]) -> Vec<String> {
    let Some(own) = site_packages_of(root) else {
        return Vec::new();
    };
    let folders: Vec<PathBuf> = std::iter::once(own)
        .chain(site_packages.iter().map(PathBuf::as_path))
        .map(|folder| folder.join(CUDA_FOLDER))
        .collect();
    CUDA_LIBRARIES
        .iter()
        .filter_map(|name| {
            let target = folders
                .iter()
                .map(|folder| folder.join(name))
                .find(|file| file.is_file())
                .unwrap_or_else(|| name.into());
            open(&target).err()
        })
        .collect()
}
