//! Reading `__cuda_array_interface__`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use surfaces::{ForeignArray, ForeignMemory};

use super::foreign::Bytes;

/// The picture of the interface, as memory of a GPU, and the stream that may still write it, if there
/// is one.
///
/// Raises `TypeError` without the interface, `ValueError` for what is not supported.
pub(super) fn read(
    object: &Bound<'_, PyAny>,
    gpu_id: u32,
) -> PyResult<(ForeignArray, Option<usize>)> {
    let interface = object
        .getattr_opt("__cuda_array_interface__")?
        .ok_or_else(|| PyTypeError::new_err("the object has no __cuda_array_interface__"))?;
    let optional = |key| interface.get_item(key).ok().filter(|item| !item.is_none());
    let item = |key| {
        interface
            .get_item(key)
            .map_err(|_| PyValueError::new_err(format!("__cuda_array_interface__ has no {key}")))
    };

    let typestr: String = item("typestr")?.extract()?;
    if !["|u1", "<u1"].contains(&typestr.as_str()) {
        return Err(PyValueError::new_err(format!(
            "unsupported dtype {typestr}: 8-bit unsigned is required"
        )));
    }
    let shape: Vec<i64> = item("shape")?.extract()?;
    let (address, read_only) = item("data")?.extract()?;
    let strides: Option<Vec<i64>> = optional("strides")
        .map(|strides| strides.extract())
        .transpose()?;
    let picture = Bytes {
        address,
        shape: &shape,
        strides: strides.as_deref(),
        memory: ForeignMemory::Cuda(gpu_id),
        read_only,
    }
    .picture()?;
    // Stream handles are those of the driver, which knows 1 and 2 as the default streams too.
    let stream = optional("stream")
        .map(|stream| stream.extract())
        .transpose()?;
    Ok((picture, stream))
}
