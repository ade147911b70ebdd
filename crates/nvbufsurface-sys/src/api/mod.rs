//! Function tables of the libraries.
//!
//! A table is filled once, when its library is opened. The functions that every version has are
//! plain function pointers; a library without one of them is refused with [`MissingSymbol`]. The
//! functions that came later are `Option`s.
//!
//! Calling any of them is `unsafe`: the pointers must be what the function expects, and a surface
//! pointer must come from the same library.

mod pool;
mod surface;
mod transform;

use std::error::Error as _;

use libloading::os::unix::Library;

pub use pool::NvDsBufferPoolApi;
pub use surface::NvBufSurfaceApi;
pub use transform::NvBufSurfTransformApi;

/// A library lacks a function that every version has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function {name} is missing: {reason}")]
pub struct MissingSymbol {
    /// C name of the function.
    pub name: &'static str,
    /// What the dynamic linker said.
    pub reason: String,
}

/// Declares a table of function pointers and how it is filled.
macro_rules! function_table {
    (
        $(#[$doc:meta])*
        $table:ident {
            required { $( $(#[$rdoc:meta])* $rfield:ident: $rtype:ty = $rname:literal; )+ }
            optional { $( $(#[$odoc:meta])* $ofield:ident: $otype:ty = $oname:literal; )* }
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $table {
            $(
                #[doc = concat!("`", $rname, "`.")]
                $(#[$rdoc])*
                pub $rfield: $rtype,
            )+
            $(
                #[doc = concat!("`", $oname, "`.")]
                $(#[$odoc])*
                pub $ofield: Option<$otype>,
            )*
        }

        impl $table {
            /// C names of the functions that a library must have.
            pub const REQUIRED: &[&str] = &[$($rname),+];

            /// Looks the functions up in `library`.
            ///
            /// # Safety
            /// The symbols of these names in `library` are the functions that NVIDIA's library
            /// of this kind exports, and `library` is never closed.
            pub unsafe fn resolve(
                library: &libloading::os::unix::Library,
            ) -> Result<Self, $crate::api::MissingSymbol> {
                Ok(Self {
                    $(
                        // SAFETY: the caller vouches for the symbol; the type is that of the
                        // C declaration.
                        $rfield: unsafe { $crate::api::required(library, $rname)? },
                    )+
                    $(
                        // SAFETY: as above.
                        $ofield: unsafe { $crate::api::lookup(library, $oname) }.ok(),
                    )*
                })
            }
        }
    };
}
pub(crate) use function_table;

/// The address of symbol `name` as a function pointer of type `F`.
///
/// # Safety
/// `F` is the function pointer type of the symbol, and `library` is never closed.
pub(crate) unsafe fn lookup<F: Copy>(
    library: &Library,
    name: &str,
) -> Result<F, libloading::Error> {
    // SAFETY: the caller vouches for the type.
    unsafe { library.get::<F>(name) }.map(|symbol| *symbol)
}

/// [`lookup`] of a function that must be there.
///
/// # Safety
/// As for [`lookup`].
pub(crate) unsafe fn required<F: Copy>(
    library: &Library,
    name: &'static str,
) -> Result<F, MissingSymbol> {
    // SAFETY: same contract.
    unsafe { lookup(library, name) }.map_err(|error| MissingSymbol {
        name,
        reason: linker_text(&error),
    })
}

/// What the dynamic linker said; libloading keeps its words in the source of its own error.
pub(crate) fn linker_text(error: &libloading::Error) -> String {
    match error.source() {
        Some(words) => words.to_string(),
        None => error.to_string(),
    }
}
