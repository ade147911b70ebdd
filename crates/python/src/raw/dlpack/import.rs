//! Taking over the tensor in a `DLPack` capsule.

use std::any::Any;
use std::ptr::NonNull;
use std::slice;

use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::{DataType, Device, DlTensor, Managed, Unversioned, VERSION, Versioned};

/// What a tensor says about itself.
#[derive(Debug)]
pub(crate) struct Tensor {
    /// Address of the first element; 0 if there is none.
    pub(crate) address: usize,
    pub(crate) device: Device,
    pub(crate) data_type: DataType,
    pub(crate) shape: Vec<i64>,
    /// In elements; `None` for C order without gaps.
    pub(crate) strides: Option<Vec<i64>>,
    pub(crate) read_only: bool,
}

/// A tensor whose capsule was consumed.
struct Consumed<T: Managed>(NonNull<T>);

// SAFETY: the struct is not looked at any more, and its deleter may be called on any thread.
unsafe impl<T: Managed> Send for Consumed<T> {}
// SAFETY: as above; a shared reference gives nothing.
unsafe impl<T: Managed> Sync for Consumed<T> {}

impl<T: Managed> Drop for Consumed<T> {
    fn drop(&mut self) {
        // SAFETY: the struct lives until its deleter is called, which is here, once.
        unsafe {
            if let Some(deleter) = self.0.as_ref().deleter() {
                deleter(self.0.as_ptr());
            }
        }
    }
}

/// Consumes a capsule if `check` accepts its tensor. Returns what `check` did, and what keeps the
/// tensor's memory.
///
/// Raises `TypeError` for what is no capsule, `ValueError` for a capsule that was consumed or is not
/// `DLPack`'s, `BufferError` for an unknown version. After an error the capsule is as it was.
pub(crate) fn take<R>(
    capsule: &Bound<'_, PyAny>,
    check: impl FnOnce(&Tensor) -> PyResult<R>,
) -> PyResult<(R, Box<dyn Any + Send + Sync>)> {
    let capsule = capsule
        .cast::<PyCapsule>()
        .map_err(|_| PyTypeError::new_err("__dlpack__ returned something that is no capsule"))?;
    if capsule.is_valid_checked(Some(Versioned::NAME)) {
        consume::<Versioned, R>(capsule, check)
    } else if capsule.is_valid_checked(Some(Unversioned::NAME)) {
        consume::<Unversioned, R>(capsule, check)
    } else {
        Err(PyValueError::new_err(format!(
            "{} holds no DLPack tensor, or one that was consumed",
            capsule.repr()?
        )))
    }
}

fn consume<T: Managed, R>(
    capsule: &Bound<'_, PyCapsule>,
    check: impl FnOnce(&Tensor) -> PyResult<R>,
) -> PyResult<(R, Box<dyn Any + Send + Sync>)> {
    let managed = capsule.pointer_checked(Some(T::NAME))?.cast::<T>();
    // SAFETY: a capsule of this name holds such a struct, alive until somebody consumes it; nobody
    // does while this function has the GIL.
    let checked = check(&unsafe { describe(managed.as_ref()) }?)?;
    // SAFETY: the capsule is alive; the name is static. Its destructor leaves the struct alone under
    // the new name.
    if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), T::USED_NAME.as_ptr()) } != 0 {
        return Err(PyErr::fetch(capsule.py()));
    }
    Ok((checked, Box::new(Consumed(managed))))
}

/// # Safety
/// The struct is as its version says.
unsafe fn describe<T: Managed>(managed: &T) -> PyResult<Tensor> {
    if let Some(major) = managed.major().filter(|major| *major != VERSION.0) {
        return Err(PyBufferError::new_err(format!(
            "the tensor is of DLPack version {major}, not {}",
            VERSION.0
        )));
    }
    let tensor = managed.tensor();
    // SAFETY: same contract.
    let numbers = |start| unsafe { numbers(tensor, start) };
    let shape = numbers(tensor.shape)
        .ok_or_else(|| PyValueError::new_err("unsupported shape: the tensor has none"))?;
    let offset = usize::try_from(tensor.byte_offset).unwrap_or(usize::MAX);
    let address = match tensor.data as usize {
        0 => 0,
        data => data.checked_add(offset).ok_or_else(|| {
            PyValueError::new_err(format!("unsupported byte offset {}", tensor.byte_offset))
        })?,
    };
    Ok(Tensor {
        address,
        device: (tensor.device_type, tensor.device_id),
        data_type: tensor.data_type,
        shape,
        strides: numbers(tensor.strides),
        read_only: managed.read_only(),
    })
}

/// One number for each dimension, if there are any.
///
/// # Safety
/// `start` is null, or that of as many numbers as the tensor has dimensions.
unsafe fn numbers(tensor: &DlTensor, start: *const i64) -> Option<Vec<i64>> {
    let length = usize::try_from(tensor.dimensions).ok()?;
    // SAFETY: same contract.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, length) }.to_vec())
}
