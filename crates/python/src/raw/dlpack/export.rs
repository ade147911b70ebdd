//! Zero-copy export of a plane as a `DLPack` capsule.

use std::ffi::c_void;
use std::ptr;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use surfaces::{MAX_DIMENSIONS, PlaneDescription, SurfaceView};

use super::{DataType, Device, DlTensor, Managed, Unversioned, Versioned};
use crate::gil;

/// A managed tensor with what it points to. The consumer sees only the first field.
#[repr(C)]
struct Export<T> {
    managed: T,
    shape: [i64; MAX_DIMENSIONS],
    strides: [i64; MAX_DIMENSIONS],
    /// Keeps the pixels alive.
    view: SurfaceView,
}

impl<T> Drop for Export<T> {
    fn drop(&mut self) {
        gil::synchronize_at_end(&self.view);
    }
}

/// A capsule of a plane of `view`, which lives until the consumer is done. `device` is one that
/// reaches the plane. Only the versioned struct can say that nobody may write, so read-only memory
/// is refused without it (`BufferError`).
pub(crate) fn export<'py>(
    py: Python<'py>,
    view: SurfaceView,
    plane: &PlaneDescription,
    device: Device,
    versioned: bool,
) -> PyResult<Bound<'py, PyAny>> {
    if versioned {
        capsule::<Versioned>(py, view, plane, device)
    } else if view.is_read_only() {
        Err(PyBufferError::new_err(
            "the memory is read-only, which takes max_version=(1, 0) to say",
        ))
    } else {
        capsule::<Unversioned>(py, view, plane, device)
    }
}

fn capsule<'py, T: Managed>(
    py: Python<'py>,
    view: SurfaceView,
    plane: &PlaneDescription,
    (device_type, device_id): Device,
) -> PyResult<Bound<'py, PyAny>> {
    let tensor = DlTensor {
        data: plane.address as *mut c_void,
        device_type,
        device_id,
        dimensions: plane.shape().len() as i32,
        data_type: DataType::U8,
        shape: ptr::null(),
        strides: ptr::null(),
        byte_offset: 0,
    };
    let mut export = Box::new(Export {
        managed: T::new(tensor, view.is_read_only(), Some(delete::<T>)),
        shape: numbers(plane.shape()),
        strides: numbers(plane.strides()),
        view,
    });
    // The box does not move any more, so pointers into it stay valid.
    let (shape, strides) = (export.shape.as_ptr(), export.strides.as_ptr());
    let tensor = export.managed.tensor_mut();
    (tensor.shape, tensor.strides) = (shape, strides);
    let export = Box::into_raw(export);
    // SAFETY: the GIL is held; the name is static; the destructor frees the export unless a
    // consumer has taken it over.
    unsafe {
        let capsule =
            ffi::PyCapsule_New(export.cast(), T::NAME.as_ptr(), Some(destroy_capsule::<T>));
        if capsule.is_null() {
            drop(Box::from_raw(export));
        }
        Bound::from_owned_ptr_or_err(py, capsule)
    }
}

/// Numbers as C's; what is missing is not looked at.
fn numbers(values: &[usize]) -> [i64; MAX_DIMENSIONS] {
    let mut numbers = [0; MAX_DIMENSIONS];
    for (number, value) in numbers.iter_mut().zip(values) {
        *number = *value as i64;
    }
    numbers
}

/// Called by the consumer when it is done, on any thread, with or without the GIL.
unsafe extern "C" fn delete<T: Managed>(managed: *mut T) {
    if !managed.is_null() {
        // SAFETY: `managed` is the first field of a boxed Export<T>, which is freed once.
        drop(unsafe { Box::from_raw(managed.cast::<Export<T>>()) });
    }
}

/// Frees an export that nobody consumed: a consumer renames the capsule.
unsafe extern "C" fn destroy_capsule<T: Managed>(capsule: *mut ffi::PyObject) {
    // SAFETY: Python calls this with the capsule and the GIL; an unchanged name means that the
    // pointer is still ours.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, T::NAME.as_ptr()) == 1 {
            delete::<T>(ffi::PyCapsule_GetPointer(capsule, T::NAME.as_ptr()).cast());
        }
    }
}
