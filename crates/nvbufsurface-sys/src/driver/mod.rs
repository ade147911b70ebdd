//! The libraries of NVIDIA's driver, opened at run time by their sonames and never closed.
//!
//! Only the functions that are used have an entry. All of them have been in the driver for so long
//! that a library without one is refused.

/// Defines the function that opens the module's `LIBRARY` on the first call.
macro_rules! opened_once {
    ($(#[$doc:meta])* $load:ident: $table:ident) => {
        $(#[$doc])*
        pub fn $load() -> Result<&'static $table, $crate::driver::DriverError> {
            static API: std::sync::OnceLock<Result<$table, $crate::driver::DriverError>> =
                std::sync::OnceLock::new();
            API.get_or_init(|| {
                // SAFETY: the library has the driver's name and is never closed.
                $crate::driver::open(LIBRARY, |library| unsafe { $table::resolve(library) })
            })
            .as_ref()
            .map_err(Clone::clone)
        }
    };
}
use opened_once;

pub mod cuda;
pub mod cuvid;
pub mod nvenc;
pub mod nvml;

use core::ffi::c_void;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};

use crate::api::{MissingSymbol, linker_text};
use crate::loader;

/// Why a library of the driver cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The dynamic linker does not find it, or cannot load it.
    #[error("{library} cannot be opened: {reason}")]
    Open {
        /// The soname.
        library: &'static str,
        /// The dynamic linker's words.
        reason: String,
    },
    /// It lacks a function.
    #[error("{library} is not usable: {missing}")]
    MissingSymbol {
        /// The soname.
        library: &'static str,
        /// The function.
        missing: MissingSymbol,
    },
}

/// Opens a library and resolves its functions.
fn open<T>(
    library: &'static str,
    resolve: impl FnOnce(&Library) -> Result<T, MissingSymbol>,
) -> Result<T, DriverError> {
    // SAFETY: the constructors of the driver's libraries have no preconditions.
    let opened = unsafe { Library::open(Some(Path::new(library)), RTLD_LAZY | RTLD_LOCAL) }
        .map(ManuallyDrop::new)
        .map_err(|error| DriverError::Open {
            library,
            reason: linker_text(&error),
        })?;
    resolve(&opened).map_err(|missing| DriverError::MissingSymbol { library, missing })
}

/// The driver's libraries: the soname, and the file that it leads to or why it cannot be used.
/// Opens those that are not open yet; initialises nothing.
pub fn files() -> [(&'static str, Result<PathBuf, String>); 4] {
    fn file<E: ToString>(opened: Result<*const c_void, E>) -> Result<PathBuf, String> {
        let address = opened.map_err(|error| error.to_string())?;
        let file = loader::file_of(address).ok_or("the dynamic linker does not know its file")?;
        Ok(loader::canonical(&file))
    }
    [
        (
            cuda::LIBRARY,
            file(cuda::load().map(|api| api.init as *const c_void)),
        ),
        (
            nvml::LIBRARY,
            file(nvml::load().map(|api| api.init as *const c_void)),
        ),
        (
            cuvid::LIBRARY,
            file(cuvid::load().map(|api| api.get_decoder_caps as *const c_void)),
        ),
        (
            nvenc::LIBRARY,
            file(nvenc::load().map(|api| api.create_instance as *const c_void)),
        ),
    ]
}
