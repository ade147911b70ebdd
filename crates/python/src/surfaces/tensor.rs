//! Asking other libraries for tensors through `DLPack`.

use std::any::Any;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use surfaces::{ForeignArray, ForeignMemory};

use super::foreign::Bytes;
use crate::raw::{self, DataType, Tensor};

/// Takes over the picture that an object exports, or that a bare capsule holds, with what keeps its
/// memory. The exporter makes `cuda_stream` wait for its own work.
///
/// Raises `TypeError` without the protocol, `ValueError` for what is not supported, and what the
/// exporter raises.
pub(super) fn take(
    object: &Bound<'_, PyAny>,
    cuda_stream: usize,
) -> PyResult<(ForeignArray, Box<dyn Any + Send + Sync>)> {
    let capsule = if object.is_instance_of::<PyCapsule>() {
        object.clone()
    } else {
        export(object, cuda_stream)?
    };
    raw::take(&capsule, picture)
}

/// Calls `__dlpack__` as its specification says.
fn export<'py>(object: &Bound<'py, PyAny>, cuda_stream: usize) -> PyResult<Bound<'py, PyAny>> {
    const MAX_VERSION: &str = "max_version";
    let method = |name| -> PyResult<Bound<'py, PyAny>> {
        object
            .getattr_opt(name)?
            .ok_or_else(|| PyTypeError::new_err(format!("the object has no {name}")))
    };
    let export = method("__dlpack__")?;
    let (device_type, _): (i32, i32) = method("__dlpack_device__")?.call0()?.extract()?;

    let arguments = PyDict::new(object.py());
    if [raw::CUDA, raw::CUDA_MANAGED].contains(&device_type) {
        // DLPack numbers streams like the driver, but has 1 alone for the default stream.
        arguments.set_item("stream", cuda_stream.max(1))?;
    }
    arguments.set_item(MAX_VERSION, (1, 0))?;
    match export.call((), Some(&arguments)) {
        // Exporters from before version 1.0 do not know the argument.
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => {
            arguments.del_item(MAX_VERSION)?;
            export.call((), Some(&arguments))
        }
        result => result,
    }
}

fn picture(tensor: &Tensor) -> PyResult<ForeignArray> {
    let DataType { code, bits, lanes } = tensor.data_type;
    if tensor.data_type != DataType::U8 {
        return Err(PyValueError::new_err(format!(
            "unsupported dtype (code {code}, {bits} bits, {lanes} lanes): 8-bit unsigned is required"
        )));
    }
    Bytes {
        address: tensor.address,
        shape: &tensor.shape,
        strides: tensor.strides.as_deref(),
        memory: memory(tensor)?,
        read_only: tensor.read_only,
    }
    .picture()
}

fn memory(tensor: &Tensor) -> PyResult<ForeignMemory> {
    let (device_type, device_id) = tensor.device;
    match (device_type, u32::try_from(device_id)) {
        (raw::CPU, _) => Ok(ForeignMemory::Cpu),
        (raw::CUDA_HOST, _) => Ok(ForeignMemory::Cuda(0)),
        (raw::CUDA | raw::CUDA_MANAGED, Ok(gpu_id)) => Ok(ForeignMemory::Cuda(gpu_id)),
        _ => Err(PyValueError::new_err(format!(
            "unsupported DLPack device {:?}: the CPU or CUDA is required",
            tensor.device
        ))),
    }
}
