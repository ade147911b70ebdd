//! The search itself.

use core::ffi::c_void;
use std::path::{Path, PathBuf};

use super::error::{Attempt, LoadError};
use super::place::{Place, Source, demanded, search_order};
use super::preload::preload_dependencies;
use super::process::{OpenLibrary, canonical, file_of, loaded_files, open, open_loaded, same_file};
use super::{BUFFER_POOL, Libraries, LibraryName, LoadOptions, SURFACE, TRANSFORM};
use crate::api::{MissingSymbol, NvBufSurfTransformApi, NvBufSurfaceApi, NvDsBufferPoolApi};
use crate::probe::probe_params_stride;

impl LibraryName {
    /// The library's file in `folder`; the preferred name if there is none.
    fn file_in(&self, folder: &Path) -> PathBuf {
        let files = self.names.map(|name| folder.join(name));
        let [preferred, _] = &files;
        files
            .iter()
            .find(|file| file.exists())
            .unwrap_or(preferred)
            .clone()
    }
}

/// Opens the libraries of the first place that has them.
pub(super) fn search(options: &LoadOptions) -> Result<Libraries, LoadError> {
    let mut attempts = Vec::new();
    for (place, source) in search_order(options, demanded()) {
        match open_from(&source, options) {
            Ok(opened) => return libraries(place, opened, options),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Tried(tried)) => {
                attempts.extend(tried.into_iter().map(|(target, reason)| Attempt {
                    place,
                    target,
                    reason,
                }));
            }
        }
    }
    let [library, _] = SURFACE.names;
    Err(LoadError::NotFound { library, attempts })
}

/// An opened `libnvbufsurface.so` and what was opened.
struct Opened {
    library: OpenLibrary,
    target: PathBuf,
}

enum Failure {
    /// The place has no working library: what was opened, and the reason.
    Tried(Vec<(Option<PathBuf>, String)>),
    /// The search must end.
    Fatal(LoadError),
}

fn open_from(source: &Source, options: &LoadOptions) -> Result<Opened, Failure> {
    let tried = |target: PathBuf, reason| Failure::Tried(vec![(Some(target), reason)]);
    match source {
        Source::Nothing(reason) => Err(Failure::Tried(vec![(None, (*reason).to_owned())])),
        Source::Process => match loaded_files(&SURFACE.names).as_slice() {
            [] => Err(Failure::Tried(vec![(None, "no copy is loaded".to_owned())])),
            [file] => match open_loaded(file) {
                Ok(library) => Ok(Opened {
                    library,
                    target: file.clone(),
                }),
                Err(reason) => Err(tried(file.clone(), reason)),
            },
            [first, second, ..] => Err(Failure::Fatal(LoadError::second_root(first, second))),
        },
        Source::Folder(folder) => {
            let target = SURFACE.file_in(folder);
            let mut missing = Vec::new();
            if target.exists() {
                if let Some(loaded) = other_copy(&target) {
                    return Err(Failure::Fatal(LoadError::second_root(&loaded, &target)));
                }
                missing = preload_dependencies(folder, &options.site_packages);
            }
            match open(&target) {
                Ok(library) => Ok(Opened { library, target }),
                Err(reason) => Err(tried(target, with_missing(reason, &missing))),
            }
        }
        Source::BareName => {
            let mut failures = Vec::new();
            for name in SURFACE.names {
                match open(Path::new(name)) {
                    Ok(library) => {
                        return Ok(Opened {
                            library,
                            target: name.into(),
                        });
                    }
                    Err(reason) => failures.push((Some(name.into()), reason)),
                }
            }
            Err(Failure::Tried(failures))
        }
    }
}

/// A copy of `libnvbufsurface.so` in the process that is not `file`.
fn other_copy(file: &Path) -> Option<PathBuf> {
    loaded_files(&SURFACE.names)
        .into_iter()
        .find(|loaded| !same_file(loaded, file))
}

/// A reason, with what is missing among the dependencies.
fn with_missing(reason: String, missing: &[String]) -> String {
    if missing.is_empty() {
        reason
    } else {
        format!("{reason} (dependencies: {})", missing.join("; "))
    }
}

/// Resolves, verifies and measures what was opened.
fn libraries(place: Place, opened: Opened, options: &LoadOptions) -> Result<Libraries, LoadError> {
    let Opened { library, target } = opened;
    // SAFETY: the library has NVIDIA's name and is never closed.
    let surface = unsafe { NvBufSurfaceApi::resolve(&library) }
        .map_err(|missing| missing_symbol(&target, missing))?;
    let file = file_of(surface.create as *const c_void).unwrap_or_else(|| target.clone());
    // The function may come from a copy that the linker preferred to the file asked for. A bare
    // name has no file to compare with.
    if target.is_absolute() && !same_file(&target, &file) {
        return Err(LoadError::second_root(&file, &target));
    }
    refuse_second_copy(&file)?;
    let root = file.parent().map(Path::to_owned).unwrap_or_default();
    let (transform, transform_failure) = match open_transform(place, &root, options)? {
        Ok(transform) => (Some(transform), None),
        Err(attempt) => (None, Some(attempt)),
    };
    refuse_second_copy(&file)?;
    // SAFETY: the functions are those of an NvBufSurface library.
    let params_stride =
        unsafe { probe_params_stride(&surface) }.map_err(|source| LoadError::Probe {
            file: file.clone(),
            source,
        })?;
    Ok(Libraries {
        root,
        file,
        place,
        surface,
        transform,
        transform_failure,
        params_stride,
    })
}

fn missing_symbol(file: &Path, missing: MissingSymbol) -> LoadError {
    LoadError::MissingSymbol {
        file: file.to_owned(),
        missing,
    }
}

/// Opens the transform library of the root; without a working one, says what was tried.
fn open_transform(
    place: Place,
    root: &Path,
    options: &LoadOptions,
) -> Result<Result<NvBufSurfTransformApi, Attempt>, LoadError> {
    let target = TRANSFORM.file_in(root);
    let foreign = loaded_files(&TRANSFORM.names)
        .into_iter()
        .find(|loaded| !same_file(loaded, &target));
    if let Some(loaded) = foreign {
        return Err(LoadError::second_root(&target, &loaded));
    }
    // A copy that was in the process already may have come without these.
    let missing = preload_dependencies(root, &options.site_packages);
    let library = match open(&target) {
        Ok(library) => library,
        Err(reason) => {
            let reason = with_missing(reason, &missing);
            return Ok(Err(Attempt {
                place,
                target: Some(target),
                reason,
            }));
        }
    };
    // SAFETY: the library has NVIDIA's name and is never closed.
    unsafe { NvBufSurfTransformApi::resolve(&library) }
        .map(Ok)
        .map_err(|missing| missing_symbol(&target, missing))
}

/// Opens the buffer pool of the first folder that has it.
pub(super) fn open_buffer_pool(folders: &[(Place, &Path)]) -> Result<NvDsBufferPoolApi, LoadError> {
    let mut attempts = Vec::new();
    for &(place, folder) in folders {
        let target = BUFFER_POOL.file_in(folder);
        let library = match open(&target) {
            Ok(library) => library,
            Err(reason) => {
                attempts.push(Attempt {
                    place,
                    target: Some(target),
                    reason,
                });
                continue;
            }
        };
        // SAFETY: the library has NVIDIA's name and is never closed.
        return unsafe { NvDsBufferPoolApi::resolve(&library) }
            .map_err(|missing| missing_symbol(&target, missing));
    }
    let [library, _] = BUFFER_POOL.names;
    Err(LoadError::NotFound { library, attempts })
}

/// Fails if a copy other than `file` is in the process.
pub(super) fn refuse_second_copy(file: &Path) -> Result<(), LoadError> {
    match other_copy(file) {
        Some(other) => Err(LoadError::second_root(file, &other)),
        None => Ok(()),
    }
}

/// Fails if the process, the environment or GStreamer has a copy other than `file`.
pub(super) fn refuse_second_root(file: &Path, options: &LoadOptions) -> Result<(), LoadError> {
    refuse_second_copy(file)?;
    let demanded = demanded().map(|(_, folder)| folder);
    for folder in demanded.iter().chain(&options.gstreamer_root) {
        let other = SURFACE.file_in(folder);
        if other.exists() && canonical(&other) != canonical(file) {
            return Err(LoadError::second_root(file, &other));
        }
    }
    Ok(())
}
