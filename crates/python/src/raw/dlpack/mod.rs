//! `DLPack`: tensors in place, from us to others and from others to us.

mod export;
mod import;

use std::ffi::{CStr, c_void};

use surfaces::{MemType, SurfaceView};

pub(crate) use export::export;
pub(crate) use import::{Tensor, take};

/// `(device type, device id)`.
pub(crate) type Device = (i32, i32);

/// The device of memory that is the CPU's alone.
pub(crate) const CPU_DEVICE: Device = (CPU, 0);

/// `DLDeviceType` of ordinary memory.
pub(crate) const CPU: i32 = 1;
/// `DLDeviceType` of device memory.
pub(crate) const CUDA: i32 = 2;
/// `DLDeviceType` of pinned memory, which has device number 0.
pub(crate) const CUDA_HOST: i32 = 3;
/// `DLDeviceType` of unified memory.
pub(crate) const CUDA_MANAGED: i32 = 13;

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

/// `DLDataType`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataType {
    pub(crate) code: u8,
    pub(crate) bits: u8,
    pub(crate) lanes: u16,
}

impl DataType {
    /// 8-bit unsigned integers.
    pub(crate) const U8: Self = Self {
        code: 1,
        bits: 8,
        lanes: 1,
    };
}

/// `DLTensor`. Strides count elements; without any the tensor is in C order without gaps.
#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    dimensions: i32,
    data_type: DataType,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

/// `DLManagedTensor`.
#[repr(C)]
struct Unversioned {
    tensor: DlTensor,
    context: *mut c_void,
    deleter: Deleter<Self>,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *mut c_void,
    deleter: Deleter<Self>,
    flags: u64,
    tensor: DlTensor,
}

/// Frees the struct and lets go of the memory. Whoever consumes a capsule calls it once, on any
/// thread, with or without the GIL.
type Deleter<T> = Option<unsafe extern "C" fn(*mut T)>;

/// The version of the structs with a version. Minor versions are compatible.
const VERSION: (u32, u32) = (1, 0);

/// `DLPACK_FLAG_BITMASK_READ_ONLY`.
const READ_ONLY: u64 = 1;

/// The two kinds of struct that a capsule may hold.
trait Managed: Sized + 'static {
    /// The name of a capsule.
    const NAME: &'static CStr;
    /// The name of a capsule that was consumed.
    const USED_NAME: &'static CStr;

    fn new(tensor: DlTensor, read_only: bool, deleter: Deleter<Self>) -> Self;

    /// The major version, if the struct has one. Nothing but the deleter is where it should be if
    /// it is another than ours.
    fn major(&self) -> Option<u32>;

    fn deleter(&self) -> Deleter<Self>;

    fn tensor(&self) -> &DlTensor;

    fn tensor_mut(&mut self) -> &mut DlTensor;

    fn read_only(&self) -> bool;
}

impl Managed for Unversioned {
    const NAME: &'static CStr = c"dltensor";
    const USED_NAME: &'static CStr = c"used_dltensor";

    fn new(tensor: DlTensor, _read_only: bool, deleter: Deleter<Self>) -> Self {
        Self {
            tensor,
            context: std::ptr::null_mut(),
            deleter,
        }
    }

    fn major(&self) -> Option<u32> {
        None
    }

    fn deleter(&self) -> Deleter<Self> {
        self.deleter
    }

    fn tensor(&self) -> &DlTensor {
        &self.tensor
    }

    fn tensor_mut(&mut self) -> &mut DlTensor {
        &mut self.tensor
    }

    fn read_only(&self) -> bool {
        false
    }
}

impl Managed for Versioned {
    const NAME: &'static CStr = c"dltensor_versioned";
    const USED_NAME: &'static CStr = c"used_dltensor_versioned";

    fn new(tensor: DlTensor, read_only: bool, deleter: Deleter<Self>) -> Self {
        Self {
            major: VERSION.0,
            minor: VERSION.1,
            context: std::ptr::null_mut(),
            deleter,
            flags: if read_only { READ_ONLY } else { 0 },
            tensor,
        }
    }

    fn major(&self) -> Option<u32> {
        Some(self.major)
    }

    fn deleter(&self) -> Deleter<Self> {
        self.deleter
    }

    fn tensor(&self) -> &DlTensor {
        &self.tensor
    }

    fn tensor_mut(&mut self) -> &mut DlTensor {
        &mut self.tensor
    }

    fn read_only(&self) -> bool {
        self.flags & READ_ONLY != 0
    }
}
