//! What NVML knows.

use std::ffi::{CStr, c_char, c_uint};

use nvbufsurface_sys::nvml::{self, NvmlApi, NvmlMemory, NvmlReturn};

use crate::backend::Cuda;
use crate::error::Error;

/// Memory of a GPU in bytes; a failure is the text that NVML has for it.
pub(super) fn memory(cuda: &Cuda, gpu_id: u32) -> Result<NvmlMemory, Error> {
    let address = cuda.pci_bus_id(gpu_id)?;
    let api = initialised()?;
    let mut device = std::ptr::null_mut();
    let mut memory = NvmlMemory::default();
    // SAFETY: NVML is initialised; the address is a C string; both results are writable.
    unsafe {
        let result = (api.device_get_handle_by_pci_bus_id)(address.as_ptr(), &raw mut device);
        check(api, "nvmlDeviceGetHandleByPciBusId_v2", result)?;
        let result = (api.device_get_memory_info)(device, &raw mut memory);
        check(api, "nvmlDeviceGetMemoryInfo", result)?;
    }
    Ok(memory)
}

/// The version of the driver, such as `580.95.05`.
pub(super) fn driver_version() -> Result<String, Error> {
    const CALL: &str = "nvmlSystemGetDriverVersion";
    let api = initialised()?;
    let function = api.system_get_driver_version.ok_or_else(|| Error::Driver {
        reason: format!("{} has no {CALL}", nvml::LIBRARY),
    })?;
    let mut text = [0 as c_char; 128];
    // SAFETY: NVML is initialised; the text has the length given.
    check(api, CALL, unsafe {
        function(text.as_mut_ptr(), text.len() as c_uint)
    })?;
    // SAFETY: NVML ended the text with a null byte.
    let text = unsafe { CStr::from_ptr(text.as_ptr()) };
    Ok(text.to_string_lossy().into_owned())
}

fn initialised() -> Result<&'static NvmlApi, Error> {
    let api = nvml::load().map_err(|error| Error::Driver {
        reason: error.to_string(),
    })?;
    // SAFETY: NVML may be initialised any number of times; it stays so.
    check(api, "nvmlInit_v2", unsafe { (api.init)() })?;
    Ok(api)
}

fn check(api: &NvmlApi, call: &'static str, code: NvmlReturn) -> Result<(), Error> {
    match code {
        0 => Ok(()),
        code => Err(Error::Device {
            call,
            reason: api.describe(code),
        }),
    }
}
