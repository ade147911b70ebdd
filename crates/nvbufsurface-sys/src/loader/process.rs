//! What the dynamic linker has loaded, and opening more.

use core::ffi::{CStr, c_int, c_void};
use core::mem::{ManuallyDrop, MaybeUninit};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};

use crate::api::linker_text;

/// A library that is never closed: NVIDIA's must not be unloaded.
pub(super) type OpenLibrary = ManuallyDrop<Library>;

/// Opens a path or soname, with its symbols visible to what is loaded later; the error is the
/// dynamic linker's text.
pub(super) fn open(target: &Path) -> Result<OpenLibrary, String> {
    // SAFETY: the constructors of NVIDIA's libraries and of their dependencies have no
    // preconditions, and the library is never closed.
    unsafe { Library::open(Some(target), RTLD_LAZY | RTLD_GLOBAL) }
        .map(ManuallyDrop::new)
        .map_err(|error| linker_text(&error))
}

/// Takes a library that is in the process already; never loads one.
pub(super) fn open_loaded(file: &Path) -> Result<OpenLibrary, String> {
    // SAFETY: no code of the library runs, and it is never closed.
    unsafe { Library::open(Some(file), RTLD_LAZY | RTLD_GLOBAL | libc::RTLD_NOLOAD) }
        .map(ManuallyDrop::new)
        .map_err(|error| linker_text(&error))
}

/// The file that the code at `address` was loaded from.
pub(crate) fn file_of(address: *const c_void) -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `info` is writable; any address may be asked about.
    let found = unsafe { libc::dladdr(address, info.as_mut_ptr()) };
    // SAFETY: all-zero is a valid `Dl_info`, and the call filled it if it succeeded.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the linker's name of a loaded object is a C string that lives as long as the object.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(path_from(name))
}

/// The files of the process whose name is one of `names`, each file once, under the name that
/// it was loaded by.
pub(super) fn loaded_files(names: &[&str]) -> Vec<PathBuf> {
    let mut objects: Vec<PathBuf> = Vec::new();
    // SAFETY: the callback gets the vector, which outlives the call, and does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut objects).cast()) };
    let mut files: Vec<PathBuf> = Vec::new();
    for object in objects {
        let wanted = names
            .iter()
            .any(|name| object.file_name() == Some(OsStr::new(name)));
        if wanted && !files.iter().any(|file| same_file(file, &object)) {
            files.push(object);
        }
    }
    files
}

/// Adds the name of one loaded object to the vector at `data`.
unsafe extern "C" fn collect(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the linker passes a valid description.
    let name = unsafe { (*info).dlpi_name };
    if !name.is_null() {
        // SAFETY: the name is a C string, and `data` is the vector of `loaded_files`.
        let (name, objects) = unsafe { (CStr::from_ptr(name), &mut *data.cast::<Vec<PathBuf>>()) };
        objects.push(path_from(name));
    }
    0
}

/// Whether two paths lead to the same file.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    canonical(a) == canonical(b)
}

/// The path without links; the path itself if it cannot be resolved.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn path_from(name: &CStr) -> PathBuf {
    OsStr::from_bytes(name.to_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file_of, loaded_files, open_loaded, same_file};

    #[test]
    fn sees_the_c_library_of_this_process() {
        let files = loaded_files(&["libc.so.6"]);
        let [file] = files.as_slice() else {
            panic!("one C library: {files:?}")
        };
        let address = libc::getpid as *const core::ffi::c_void;
        assert!(same_file(
            &file_of(address).expect("getpid has a file"),
            file
        ));
        open_loaded(file).expect("it is loaded");
    }

    #[test]
    fn loads_nothing_new() {
        assert!(open_loaded(Path::new("/nowhere/libnvbufsurface.so")).is_err());
        assert_eq!(
            loaded_files(&["libnvbufsurface.so"]),
            Vec::<std::path::PathBuf>::new()
        );
    }
}
