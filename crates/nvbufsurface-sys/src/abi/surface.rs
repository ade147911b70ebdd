//! The surface descriptor and the request that creates one.

use super::NvBufSurfaceParamsHead;
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceLayout, NvBufSurfaceMemType};

/// What every version of `NvBufSurface` begins with: a batch of surfaces ("slots").
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct NvBufSurfaceHead {
    /// `gpuId`: CUDA ordinal of the device that holds the memory.
    pub gpu_id: u32,
    /// `batchSize`: number of slots in `surfaceList`.
    pub batch_size: u32,
    /// `numFilled`: number of slots that hold a frame. A reader takes the smaller of this and
    /// `batch_size`.
    pub num_filled: u32,
    /// `isContiguous`: not 0 when the slots are one allocation.
    pub is_contiguous: u8,
    /// `memType`.
    pub mem_type: NvBufSurfaceMemType,
    /// `surfaceList`: the first slot. The distance to the next one is that of the loaded library,
    /// not the size of this head: see [`slot`](crate::slot).
    pub surface_list: *mut NvBufSurfaceParamsHead,
}

/// The fields of `NvBufSurfaceCreateParams`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceCreateParamsHead {
    /// `gpuId`: CUDA ordinal of the device to allocate on.
    pub gpu_id: u32,
    /// `width` in pixels.
    pub width: u32,
    /// `height` in pixels.
    pub height: u32,
    /// `size`: bytes to allocate instead of what width, height and format need; 0 for those.
    pub size: u32,
    /// `isContiguous`: not 0 asks for one allocation for the whole batch.
    pub is_contiguous: u8,
    /// `colorFormat`.
    pub color_format: NvBufSurfaceColorFormat,
    /// `layout`.
    pub layout: NvBufSurfaceLayout,
    /// `memType`.
    pub mem_type: NvBufSurfaceMemType,
}
