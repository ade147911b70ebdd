//! The libraries of NVIDIA's driver, opened at run time by their sonames and never closed.
//!
//! Only the functions that are used have an entry. All of them have been in the driver for so long
//! that a library without one is refused.

pub mod cuda;
pub mod nvenc;
pub mod nvml;

use std::mem::ManuallyDrop;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};

use crate::api::{MissingSymbol, linker_text};

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
