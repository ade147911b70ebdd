//! Zero-copy export of a surface as a `DLPack` capsule.

use std::ffi::{CStr, c_void};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use surfaces::{MemType, SurfaceView};

use crate::gil;

/// `(device type, device id)`.
pub(crate) type Device = (i32, i32);

/// The device of memory that is the CPU's alone.
pub(crate) const CPU_DEVICE: Device = (1, 0);

/// `DLDeviceType` of the kinds of CUDA memory. Pinned memory has device number 0.
const CUDA: i32 = 2;
const CUDA_HOST: i32 = 3;
const CUDA_MANAGED: i32 = 13;

/// The device of a view's pixels; `None` for memory that has no address.
pub(crate) fn device(view: &SurfaceView) -> Option<Device> {
    let gpu_id = i32::try_from(view.gpu_id()).ok()?;
    match view.mem_type()? {
        MemType::System => Some(CPU_DEVICE),
        MemType::CudaDevice => Some((CUDA, gpu_id)),
        MemType::CudaPinned => Some((CUDA_HOST, 0)),
        MemType::CudaUnified => Some((CUDA_MANAGED, gpu_id)),
        MemType::Default | MemType::SurfaceArray | MemType::Handle => None,
    }
}

/// Data type code of unsigned integers.
const UNSIGNED: u8 = 1;

/// The version of the structs with a version.
const VERSION: (u32, u32) = (1, 0);

const UNVERSIONED_NAME: &CStr = c"dltensor";
const VERSIONED_NAME: &CStr = c"dltensor_versioned";

#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    dimensions: i32,
    type_code: u8,
    type_bits: u8,
    type_lanes: u16,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

/// `DLManagedTensor`.
#[repr(C)]
struct Unversioned {
    tensor: DlTensor,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
    flags: u64,
    tensor: DlTensor,
}

/// A managed tensor with what it points to. The consumer sees only the first field.
#[repr(C)]
struct Export<T> {
    managed: T,
    shape: [i64; 3],
    strides: [i64; 3],
    /// Keeps the pixels alive.
    view: SurfaceView,
}

impl<T> Drop for Export<T> {
    fn drop(&mut self) {
        gil::synchronize_at_end(&self.view);
    }
}

trait Managed: Sized {
    const CAPSULE_NAME: &'static CStr;
    fn new(tensor: DlTensor) -> Self;
    fn tensor(&mut self) -> &mut DlTensor;
}

impl Managed for Unversioned {
    const CAPSULE_NAME: &'static CStr = UNVERSIONED_NAME;

    fn new(tensor: DlTensor) -> Self {
        Self {
            tensor,
            context: std::ptr::null_mut(),
            deleter: Some(delete::<Self>),
        }
    }

    fn tensor(&mut self) -> &mut DlTensor {
        &mut self.tensor
    }
}

impl Managed for Versioned {
    const CAPSULE_NAME: &'static CStr = VERSIONED_NAME;

    fn new(tensor: DlTensor) -> Self {
        Self {
            major: VERSION.0,
            minor: VERSION.1,
            context: std::ptr::null_mut(),
            deleter: Some(delete::<Self>),
            flags: 0,
            tensor,
        }
    }

    fn tensor(&mut self) -> &mut DlTensor {
        &mut self.tensor
    }
}

/// A capsule of the view's pixels, `(height, width, channels)` or, for one channel, `(height,
/// width)`. `device` is one that reaches them; the view lives until the consumer is done.
pub(crate) fn export(
    py: Python<'_>,
    view: SurfaceView,
    device: Device,
    versioned: bool,
) -> PyResult<Bound<'_, PyAny>> {
    if versioned {
        capsule::<Versioned>(py, view, device)
    } else {
        capsule::<Unversioned>(py, view, device)
    }
}

fn capsule<T: Managed>(
    py: Python<'_>,
    view: SurfaceView,
    device: Device,
) -> PyResult<Bound<'_, PyAny>> {
    let channels = view.channels();
    if channels == 0 {
        return Err(PyBufferError::new_err(
            "a surface with several planes is not one tensor",
        ));
    }
    let managed = T::new(DlTensor {
        data: view.data_ptr() as *mut c_void,
        device_type: device.0,
        device_id: device.1,
        dimensions: if channels == 1 { 2 } else { 3 },
        type_code: UNSIGNED,
        type_bits: 8,
        type_lanes: 1,
        shape: std::ptr::null(),
        strides: std::ptr::null(),
        byte_offset: 0,
    });
    let shape = [
        i64::from(view.height()),
        i64::from(view.width()),
        i64::from(channels),
    ];
    let strides = [i64::from(view.pitch()), i64::from(channels), 1];
    let mut export = Box::new(Export {
        managed,
        shape,
        strides,
        view,
    });
    // The box does not move any more, so pointers into it stay valid.
    let (shape, strides) = (export.shape.as_ptr(), export.strides.as_ptr());
    let tensor = export.managed.tensor();
    (tensor.shape, tensor.strides) = (shape, strides);
    let export = Box::into_raw(export);
    // SAFETY: the GIL is held; the name is static; the destructor frees the export unless a
    // consumer has taken it over.
    unsafe {
        let capsule = ffi::PyCapsule_New(
            export.cast(),
            T::CAPSULE_NAME.as_ptr(),
            Some(destroy_capsule::<T>),
        );
        if capsule.is_null() {
            drop(Box::from_raw(export));
        }
        Bound::from_owned_ptr_or_err(py, capsule)
    }
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
        if ffi::PyCapsule_IsValid(capsule, T::CAPSULE_NAME.as_ptr()) == 1 {
            delete::<T>(ffi::PyCapsule_GetPointer(capsule, T::CAPSULE_NAME.as_ptr()).cast());
        }
    }
}
