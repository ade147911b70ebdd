//! The device and device-memory structs of DeepStream 8.0 and later.

use core::ffi::c_void;

use super::Reserved;
use crate::constants::{
    NvBufSurfaceDriverType, NvBufSurfaceGpuL2SyncType, NvBufSurfacePlatformType,
};

/// `NvBufSurfaceCudaBuffer`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NvBufSurfaceCudaBuffer {
    /// `basePtr`: start of the allocation.
    pub base_ptr: *mut c_void,
    /// `dataPtr`: start of the image.
    pub data_ptr: *mut c_void,
    /// `extMem`: CUDA external-memory handle.
    pub ext_mem: *mut c_void,
    /// `mipmap`: CUDA mipmapped-array handle.
    pub mipmap: *mut c_void,
    /// `_reserved`: 64 bytes.
    pub reserved: [u8; 64],
}

/// `NvBufSurfaceNvmmBuffer`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NvBufSurfaceNvmmBuffer {
    /// `dataPtr`.
    pub data_ptr: *mut c_void,
    /// `bufferDesc`.
    pub buffer_desc: u64,
    /// `_reserved`: 64 bytes.
    pub reserved: [u8; 64],
}

/// `NvBufSurfaceDeviceInfo` as 9.x fills it. 8.0 has the same size and leaves everything after
/// `is_vic_present` reserved.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NvBufSurfaceDeviceInfo {
    /// `driverType`.
    pub driver_type: NvBufSurfaceDriverType,
    /// `isVicPresent`: not 0 when the machine has a video image compositor (Jetson).
    pub is_vic_present: u8,
    /// `isIntegratedGpu`: not 0 when GPU and CPU share the memory.
    pub is_integrated_gpu: u8,
    /// Two spare flags.
    pub spare: [u8; 2],
    /// `platformType`.
    pub platform_type: NvBufSurfacePlatformType,
    /// `reserved`.
    pub reserved: [u8; 60],
}

impl Default for NvBufSurfaceDeviceInfo {
    fn default() -> Self {
        Self {
            driver_type: 0,
            is_vic_present: 0,
            is_integrated_gpu: 0,
            spare: [0; 2],
            platform_type: 0,
            reserved: [0; 60],
        }
    }
}

/// `NvBufSurfaceGPUL2SyncParams`, since 9.x.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceGpuL2SyncParams {
    /// What to do with the cache.
    pub sync_type: NvBufSurfaceGpuL2SyncType,
    /// `_reserved`.
    pub reserved: Reserved,
}
