//! Inputs of the composite and blend calls.

use super::{NvBufSurfTransformRectHead, Reserved};
use crate::constants::NvBufSurfTransformInter;

/// The fields of `NvBufSurfTransformCompositeParams`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfTransformCompositeParamsHead {
    /// `composite_flag`: bits `NVBUFSURF_TRANSFORM_COMPOSITE*`.
    pub composite_flag: u32,
    /// `input_buf_count`: number of inputs.
    pub input_buf_count: u32,
    /// `src_comp_rect`: one rectangle per input, [`rect_stride`] bytes apart.
    ///
    /// [`rect_stride`]: crate::Generation::rect_stride
    pub src_comp_rect: *mut NvBufSurfTransformRectHead,
    /// `dst_comp_rect`: as `src_comp_rect`.
    pub dst_comp_rect: *mut NvBufSurfTransformRectHead,
    /// `composite_filter`; absent in 5.0.
    pub composite_filter: NvBufSurfTransformInter,
}

/// The fields of `NvBufSurfTransform_ColorParams`, each from 0 to 1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NvBufSurfTransformColorParamsHead {
    /// `red`.
    pub red: f64,
    /// `green`.
    pub green: f64,
    /// `blue`.
    pub blue: f64,
    /// `alpha`.
    pub alpha: f64,
}

/// The fields of `NvBufSurfTransformCompositeBlendParams`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfTransformCompositeBlendParamsHead {
    /// `composite_blend_flag`: bits `NVBUFSURF_TRANSFORM_COMPOSITE*`.
    pub composite_blend_flag: u32,
    /// `input_buf_count`: number of inputs.
    pub input_buf_count: u32,
    /// `composite_blend_filter`.
    pub composite_blend_filter: NvBufSurfTransformInter,
    /// `color_bg`: background colour.
    pub color_bg: *mut NvBufSurfTransformColorParamsHead,
    /// `perform_blending`: one flag per input.
    pub perform_blending: *mut u32,
}

/// `NvBufSurfTransformCompositeBlendParamsEx`, where `P` is the `CompositeBlendParams` of the
/// generation: what follows it moves with its size.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NvBufSurfTransformCompositeBlendParamsEx<P> {
    /// `params`.
    pub params: P,
    /// `src_comp_rect`: one rectangle per input.
    pub src_comp_rect: *mut NvBufSurfTransformRectHead,
    /// `dst_comp_rect`: one rectangle per input.
    pub dst_comp_rect: *mut NvBufSurfTransformRectHead,
    /// `composite_blend_filter`: one filter per input.
    pub composite_blend_filter: *mut NvBufSurfTransformInter,
    /// `alpha`: one weight per input, from 0 to 1.
    pub alpha: *mut f32,
    /// `reserved`.
    pub reserved: Reserved,
}
