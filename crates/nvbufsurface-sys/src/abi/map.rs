//! What one process tells another so that it can import a surface.

use core::ffi::c_void;

use crate::constants::{NvBufSurfaceDisplayScanFormat, NvBufSurfaceLayout, NvBufSurfaceMemType};

/// `NvBufSurfaceMapPlaneParams`, since about 6.3.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceMapPlaneParams {
    /// `width` in samples.
    pub width: u32,
    /// `height` in rows.
    pub height: u32,
    /// `pitch` in bytes.
    pub pitch: u32,
    /// `offset` in bytes.
    pub offset: u32,
    /// `psize` in bytes.
    pub psize: u32,
    /// `secondfieldoffset` in bytes.
    pub second_field_offset: u32,
    /// `blockheightlog2`.
    pub block_height_log2: u32,
    /// `flags`.
    pub flags: u64,
    /// `reserved`: 64 bytes.
    pub reserved: [u64; 8],
}

/// What every version of `NvBufSurfaceMapParams` begins with.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceMapParamsHead {
    /// `num_planes`.
    pub num_planes: u32,
    /// `gpuId`: CUDA ordinal.
    pub gpu_id: u32,
    /// `fd`: the DMABUF file descriptor.
    pub fd: u64,
    /// `totalSize` in bytes.
    pub total_size: u32,
    /// `memType`.
    pub mem_type: NvBufSurfaceMemType,
    /// `layout`.
    pub layout: NvBufSurfaceLayout,
    /// `scanformat`.
    pub scan_format: NvBufSurfaceDisplayScanFormat,
}

/// `NvBufSurfaceExtendedMapParams`, since 8.0.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NvBufSurfaceExtendedMapParams {
    /// The CUDA inter-process handle: 64 bytes.
    pub ipc_handle: [u8; 64],
    /// `_reserved`.
    pub reserved: [*mut c_void; 64],
}
