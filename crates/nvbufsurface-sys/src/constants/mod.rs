//! Values of the C enums, by their C names (except those of the device enums).
//!
//! Values never changed between versions; enums only grew at their end. Each enum has a table of
//! its names and values for printing and for checks.
#![allow(non_upper_case_globals)] // the names are those of the C headers

/// Declares a C enum: an integer type, one constant per member and a table of all members.
macro_rules! c_enum {
    (
        $(#[$doc:meta])*
        $type:ident: $repr:ty, $table:ident {
            $($name:ident = $value:expr),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        pub type $type = $repr;

        $(
            #[doc = concat!("`", stringify!($name), "` = ", stringify!($value), ".")]
            pub const $name: $type = $value;
        )+

        #[doc = concat!("Names and values of [`", stringify!($type), "`].")]
        pub const $table: &[(&str, $type)] = &[$((stringify!($name), $name)),+];
    };
}

mod color_format;
mod device;
mod memory;
mod transform;

pub use color_format::*;
pub use device::*;
pub use memory::*;
pub use transform::*;
