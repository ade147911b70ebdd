//! Parameters that accept more than one kind of object.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};
use surfaces::{MemType, SavantIdKind, SharedBuffer, VideoFormat};

use super::shared_buffer::PySharedBuffer;
use crate::enums::{PyMemType, PySavantIdMetaKind, PyVideoFormat};
use crate::errors::from_surfaces;
use crate::raw;

/// `format=`: a `VideoFormat`, its name, or an object whose `name()` gives the name.
pub(crate) struct FormatArgument(pub(crate) VideoFormat);

impl<'py> FromPyObject<'_, 'py> for FormatArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(format) = object.extract::<PyVideoFormat>() {
            return Ok(Self(format.into()));
        }
        let name = if object.is_instance_of::<PyString>() {
            object.extract::<String>()?
        } else {
            name_of(object, "a VideoFormat, a str or an object with name()")?
        };
        VideoFormat::from_name(&name)
            .map(Self)
            .map_err(from_surfaces)
    }
}

/// `mem_type=` unless it is `None`: a `MemType`, an int (unknown ones are DEFAULT), or an object
/// whose `name()` gives the name.
#[derive(Default)]
pub(crate) struct MemTypeArgument(pub(crate) MemType);

impl<'py> FromPyObject<'_, 'py> for MemTypeArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        const EXPECTED: &str = "None, a MemType, an int of 0 or more or an object with name()";
        if let Ok(mem_type) = object.extract::<PyMemType>() {
            return Ok(Self(mem_type.into()));
        }
        if object.is_instance_of::<PyInt>() {
            if object.lt(0)? {
                return Err(wrong_type(object, EXPECTED));
            }
            let known = object.extract::<u64>().ok().and_then(MemType::from_int);
            return Ok(Self(known.unwrap_or_default()));
        }
        MemType::from_name(&name_of(object, EXPECTED)?)
            .map(Self)
            .map_err(from_surfaces)
    }
}

/// A buffer argument: a `SharedBuffer`, or the address of a `GstBuffer`.
pub(crate) enum BufferArgument {
    Shared(SharedBuffer),
    Address(usize),
}

impl BufferArgument {
    /// A handle; the reference behind an address stays with the caller.
    pub(crate) fn borrow(self) -> PyResult<SharedBuffer> {
        match self {
            Self::Shared(buffer) => Ok(buffer),
            Self::Address(address) => raw::borrow_buffer(address),
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for BufferArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(buffer) = object.cast::<PySharedBuffer>() {
            return buffer.get().handle().map(Self::Shared);
        }
        if object.is_instance_of::<PyInt>() {
            return object.extract().map(Self::Address);
        }
        Err(wrong_type(
            object,
            "a SharedBuffer or the address of a GstBuffer as an int",
        ))
    }
}

/// Ids as Python gives and gets them.
pub(crate) type PyIds = Vec<(PySavantIdMetaKind, u128)>;

pub(crate) fn ids_to_python(ids: Vec<(SavantIdKind, u128)>) -> PyIds {
    ids.into_iter()
        .map(|(kind, id)| (kind.into(), id))
        .collect()
}

pub(crate) fn ids_from_python(ids: PyIds) -> Vec<(SavantIdKind, u128)> {
    ids.into_iter()
        .map(|(kind, id)| (kind.into(), id))
        .collect()
}

fn name_of(object: Borrowed<'_, '_, PyAny>, expected: &str) -> PyResult<String> {
    let name = object
        .getattr_opt("name")?
        .filter(PyAnyMethods::is_callable);
    let name = name.ok_or_else(|| wrong_type(object, expected))?.call0()?;
    name.extract().map_err(|_| wrong_type(object, expected))
}

fn wrong_type(object: Borrowed<'_, '_, PyAny>, expected: &str) -> PyErr {
    let actual = object
        .get_type()
        .name()
        .map_or_else(|_| "another type".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("expected {expected}, not {actual}"))
}
