//! Inputs of the transform calls.

use core::ffi::c_void;

use crate::constants::{
    NvBufSurfTransformCompute, NvBufSurfTransformFlip, NvBufSurfTransformInter,
};

/// The fields of `NvBufSurfTransformRect`, in pixels. The vertical position comes first.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfTransformRectHead {
    /// `top`.
    pub top: u32,
    /// `left`.
    pub left: u32,
    /// `width`.
    pub width: u32,
    /// `height`.
    pub height: u32,
}

/// The fields of `NvBufSurfTransformConfigParams`: the session of the calling thread.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfTransformConfigParamsHead {
    /// `compute_mode`.
    pub compute_mode: NvBufSurfTransformCompute,
    /// `gpu_id`: CUDA ordinal; -1 for the current device.
    pub gpu_id: i32,
    /// `cuda_stream`: must outlive its use by the library.
    pub cuda_stream: *mut c_void,
}

/// The fields of `NvBufSurfTransformParams`.
///
/// A field counts only if its bit is set in `transform_flag`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfTransformParamsHead {
    /// `transform_flag`: bits `NVBUFSURF_TRANSFORM_*`.
    pub transform_flag: u32,
    /// `transform_flip`.
    pub transform_flip: NvBufSurfTransformFlip,
    /// `transform_filter`.
    pub transform_filter: NvBufSurfTransformInter,
    /// `src_rect`: one rectangle per filled slot: see [`RectList`](crate::RectList).
    pub src_rect: *mut NvBufSurfTransformRectHead,
    /// `dst_rect`: as `src_rect`.
    pub dst_rect: *mut NvBufSurfTransformRectHead,
}

/// What a `NvBufSurfTransformSyncObj_t` points at; only the library knows its contents.
#[repr(C)]
#[derive(Debug)]
pub struct NvBufSurfTransformSyncObj {
    opaque: [u8; 0],
}
