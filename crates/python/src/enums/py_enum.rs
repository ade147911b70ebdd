//! The macro that makes a Python class of an enum.

/// Declares a frozen Python class over a field-less Rust enum, with conversions both ways.
///
/// Integers come from the Rust enum's discriminants; member names are given as Python spells them.
/// The class gets `int()`, `==` with its own members and with ints, a hash that agrees with both,
/// and a `repr` of the form `Class.MEMBER`. `equal_to_str(path)` names a function from the Rust
/// member to a text that the Python member equals too. A last block adds methods.
macro_rules! py_enum {
    (
        $(#[$docs:meta])*
        $name:literal $class:ident for $core:ty {
            $($member_name:literal = $member:ident,)+
        }
        $(equal_to_str($text:path))?
        $({ $($methods:tt)* })?
    ) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[::pyo3::pyclass(frozen, from_py_object, name = $name, module = "savant_rs.deepstream")]
        pub(crate) enum $class {
            $(#[pyo3(name = $member_name)] $member = <$core>::$member as isize,)+
        }

        impl From<$class> for $core {
            fn from(member: $class) -> Self {
                match member {
                    $($class::$member => Self::$member,)+
                }
            }
        }

        impl From<$core> for $class {
            fn from(member: $core) -> Self {
                match member {
                    $(<$core>::$member => Self::$member,)+
                }
            }
        }

        #[allow(clippy::trivially_copy_pass_by_ref, reason = "methods of Python classes take references")]
        #[::pyo3::pymethods]
        impl $class {
            fn __eq__(&self, other: &::pyo3::Bound<'_, ::pyo3::PyAny>) -> bool {
                use ::pyo3::prelude::*;
                if let Ok(other) = other.cast::<Self>() {
                    return self == other.get();
                }
                $(if let Ok(other) = other.extract::<&str>() {
                    return $text(<$core>::from(*self)) == other;
                })?
                other.cast::<::pyo3::types::PyInt>().is_ok()
                    && other.extract::<isize>().is_ok_and(|number| number == *self as isize)
            }

            fn __hash__(&self) -> isize {
                *self as isize
            }

            $($($methods)*)?
        }
    };
}

/// [`py_enum`] with a `from_name` over the Rust enum's own.
macro_rules! named_py_enum {
    (
        $(#[$docs:meta])*
        $name:literal $class:ident for $core:ty {
            $($member_name:literal = $member:ident,)+
        }
        spelled $spelling:literal
        $({ $($methods:tt)* })?
    ) => {
        $crate::enums::py_enum! {
            $(#[$docs])*
            $name $class for $core {
                $($member_name = $member,)+
            }
            {
                #[doc = concat!("The member with this name, ", $spelling, ".")]
                ///
                /// Raises ``ValueError`` with the accepted spellings.
                #[staticmethod]
                fn from_name(name: &str) -> ::pyo3::PyResult<Self> {
                    <$core>::from_name(name)
                        .map(Self::from)
                        .map_err(|error| ::pyo3::exceptions::PyValueError::new_err(error.to_string()))
                }

                $($($methods)*)?
            }
        }
    };
}

pub(crate) use {named_py_enum, py_enum};
