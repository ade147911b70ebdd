//! The management library, `libnvidia-ml.so.1`.
//!
//! It numbers devices in PCI order and ignores `CUDA_VISIBLE_DEVICES`, so a CUDA device is looked
//! up by its PCI address.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};

use crate::api::function_table;

/// The library's soname.
pub const LIBRARY: &str = "libnvidia-ml.so.1";

/// `nvmlReturn_t`: 0 is success.
pub type NvmlReturn = c_int;
/// `nvmlDevice_t`.
pub type NvmlDevice = *mut c_void;

/// `nvmlMemory_t`, in bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvmlMemory {
    /// `total`.
    pub total: u64,
    /// `free`.
    pub free: u64,
    /// `used`, with what the driver keeps for itself.
    pub used: u64,
}

function_table! {
    /// Functions of `libnvidia-ml.so.1`.
    NvmlApi {
        required {
            /// `()`. Counted; every call is answered by one of shutdown.
            init: unsafe extern "C" fn() -> NvmlReturn = "nvmlInit_v2";
            /// `()`.
            shutdown: unsafe extern "C" fn() -> NvmlReturn = "nvmlShutdown";
            /// `(index, out)`.
            device_get_handle_by_index: unsafe extern "C" fn(c_uint, *mut NvmlDevice) -> NvmlReturn
                = "nvmlDeviceGetHandleByIndex_v2";
            /// `(address, out)`.
            device_get_handle_by_pci_bus_id: unsafe extern "C" fn(
                *const c_char, *mut NvmlDevice,
            ) -> NvmlReturn = "nvmlDeviceGetHandleByPciBusId_v2";
            /// `(device, out)`.
            device_get_memory_info: unsafe extern "C" fn(NvmlDevice, *mut NvmlMemory) -> NvmlReturn
                = "nvmlDeviceGetMemoryInfo";
            /// `(code)`: a static text.
            error_string: unsafe extern "C" fn(NvmlReturn) -> *const c_char = "nvmlErrorString";
        }
        optional {
            /// `(out, bytes)`.
            system_get_driver_version: unsafe extern "C" fn(*mut c_char, c_uint) -> NvmlReturn
                = "nvmlSystemGetDriverVersion";
            /// `(device, out)`.
            device_get_architecture: unsafe extern "C" fn(NvmlDevice, *mut c_uint) -> NvmlReturn
                = "nvmlDeviceGetArchitecture";
        }
    }
}

super::opened_once! {
    /// The functions of the library, opened on the first call. Nothing is initialised.
    ///
    /// # Errors
    /// The same on every call.
    load: NvmlApi
}

impl NvmlApi {
    /// A result as text: number and the library's explanation.
    pub fn describe(&self, code: NvmlReturn) -> String {
        // SAFETY: every code may be asked about.
        let text = unsafe { (self.error_string)(code) };
        if text.is_null() {
            return format!("NVML error {code}");
        }
        // SAFETY: the library's texts are static C strings.
        let text = unsafe { CStr::from_ptr(text) };
        format!("NVML error {code}: {}", text.to_string_lossy())
    }
}
