//! Questions to the driver. None of them needs a context, but for those about addresses.

use std::ffi::{CStr, CString, c_char, c_int};

use nvbufsurface_sys::cuda::{
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, CuDevice, CuResult,
};

use super::Cuda;
use crate::error::Error;

impl Cuda {
    fn attribute(&self, gpu_id: u32, attribute: c_int) -> Result<u32, Error> {
        let device = self.device(gpu_id)?;
        let mut value = 0;
        // SAFETY: the device exists; `value` is writable.
        let result =
            unsafe { (self.api.device_get_attribute)(&raw mut value, attribute, device.handle) };
        self.check("cuDeviceGetAttribute", result)?;
        Ok(u32::try_from(value).unwrap_or_default())
    }

    /// Number of devices, at least 1.
    pub(crate) fn devices(&self) -> u32 {
        self.devices.len() as u32
    }

    /// The version of CUDA that the driver has, as (major, minor).
    pub(crate) fn version(&self) -> Result<(i32, i32), Error> {
        let mut version = 0;
        // SAFETY: `version` is writable.
        let result = unsafe { (self.api.driver_get_version)(&raw mut version) };
        self.check("cuDriverGetVersion", result)?;
        Ok((version / 1000, version % 1000 / 10))
    }

    /// Compute capability as (major, minor).
    pub(crate) fn capability(&self, gpu_id: u32) -> Result<(u32, u32), Error> {
        Ok((
            self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ))
    }

    /// Number of streaming multiprocessors.
    pub(crate) fn multiprocessors(&self, gpu_id: u32) -> Result<u32, Error> {
        self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
    }

    /// The device's PCI address, as NVML wants it.
    pub(crate) fn pci_bus_id(&self, gpu_id: u32) -> Result<CString, Error> {
        self.text(
            "cuDeviceGetPCIBusId",
            self.api.device_get_pci_bus_id,
            gpu_id,
        )
    }

    /// The device's name.
    pub(crate) fn name(&self, gpu_id: u32) -> Result<String, Error> {
        let name = self.text("cuDeviceGetName", self.api.device_get_name, gpu_id)?;
        Ok(name.to_string_lossy().into_owned())
    }

    fn text(
        &self,
        call: &'static str,
        function: unsafe extern "C" fn(*mut c_char, c_int, CuDevice) -> CuResult,
        gpu_id: u32,
    ) -> Result<CString, Error> {
        let device = self.device(gpu_id)?;
        let mut text = [0 as c_char; 256];
        // SAFETY: both functions of this type write a text of the length given for a device that
        // exists.
        let result = unsafe { function(text.as_mut_ptr(), text.len() as c_int, device.handle) };
        self.check(call, result)?;
        // SAFETY: the driver ended the text with a null byte.
        Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_owned())
    }

    /// An attribute of an address, a `u32`.
    pub(crate) fn pointer_attribute(&self, address: usize, attribute: c_int) -> Result<u32, Error> {
        let mut value = 0u32;
        // SAFETY: the attributes asked for are written as 4 bytes; any address may be asked about.
        let result = unsafe {
            (self.api.pointer_get_attribute)((&raw mut value).cast(), attribute, address as u64)
        };
        self.check("cuPointerGetAttribute", result)?;
        Ok(value)
    }
}
