//! The forms of DeepStream 4.0 to 7.1.

use core::ffi::c_void;

use super::{
    Extended, NVBUF_MAX_PLANES, NvBufSurfTransformColorParamsHead,
    NvBufSurfTransformCompositeBlendParamsHead, NvBufSurfTransformCompositeParamsHead,
    NvBufSurfTransformConfigParamsHead, NvBufSurfTransformParamsHead, NvBufSurfTransformRectHead,
    NvBufSurfaceCreateParamsHead, NvBufSurfaceHead, NvBufSurfaceMapParamsHead,
    NvBufSurfaceMapPlaneParams, NvBufSurfaceMappedAddrHead, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParamsExHead, Reserved, STRUCTURE_PADDING,
};
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceDisplayScanFormat, NvBufSurfaceTag};

/// `NvBufSurface`.
pub type NvBufSurface = Extended<NvBufSurfaceHead>;
/// `NvBufSurfaceMappedAddr`.
pub type NvBufSurfaceMappedAddr = Extended<NvBufSurfaceMappedAddrHead>;
/// `NvBufSurfaceCreateParams`.
pub type NvBufSurfaceCreateParams = NvBufSurfaceCreateParamsHead;
/// `NvBufSurfTransformRect`.
pub type NvBufSurfTransformRect = NvBufSurfTransformRectHead;
/// `NvBufSurfTransformConfigParams`.
pub type NvBufSurfTransformConfigParams = NvBufSurfTransformConfigParamsHead;
/// `NvBufSurfTransformParams`.
pub type NvBufSurfTransformParams = NvBufSurfTransformParamsHead;
/// `NvBufSurfTransformCompositeParams`.
pub type NvBufSurfTransformCompositeParams = NvBufSurfTransformCompositeParamsHead;
/// `NvBufSurfTransform_ColorParams`.
pub type NvBufSurfTransformColorParams = NvBufSurfTransformColorParamsHead;
/// `NvBufSurfTransformCompositeBlendParams`.
pub type NvBufSurfTransformCompositeBlendParams = NvBufSurfTransformCompositeBlendParamsHead;
/// `NvBufSurfTransformCompositeBlendParamsEx`.
pub type NvBufSurfTransformCompositeBlendParamsEx =
    super::NvBufSurfTransformCompositeBlendParamsEx<NvBufSurfTransformCompositeBlendParams>;

/// `NvBufSurfaceParams`, one slot.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceParams {
    /// The fields of every version.
    pub head: NvBufSurfaceParamsHead,
    /// `mappedAddr._reserved`.
    pub mapped_addr_reserved: Reserved,
    /// `paramex` since 6.1; reserved space before.
    pub paramex: *mut NvBufSurfaceParamsEx,
    /// `_reserved`.
    pub reserved: [*mut c_void; STRUCTURE_PADDING - 1],
}

/// `NvBufSurfaceChromaSubsamplingParams`, since 6.1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceChromaSubsamplingParams {
    /// `chromaLocHoriz`.
    pub chroma_loc_horiz: u8,
    /// `chromaLocVert`.
    pub chroma_loc_vert: u8,
}

/// `NvBufSurfacePlaneParamsEx`, since 6.1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfacePlaneParamsEx {
    /// The fields.
    pub head: NvBufSurfacePlaneParamsExHead,
    /// `_reserved`.
    pub reserved: [*mut c_void; (STRUCTURE_PADDING - 1) * NVBUF_MAX_PLANES],
}

/// `NvBufSurfaceParamsEx`, since 6.1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceParamsEx {
    /// `startofvaliddata`: bytes from the start of the memory.
    pub start_of_valid_data: i32,
    /// `sizeofvaliddatainbytes`.
    pub size_of_valid_data: i32,
    /// `chromaSubsampling`.
    pub chroma_subsampling: NvBufSurfaceChromaSubsamplingParams,
    /// `is_protected`: not 0 for protected memory.
    pub is_protected: u8,
    /// `planeParamsex`.
    pub plane_params_ex: NvBufSurfacePlaneParamsEx,
    /// `_reserved`.
    pub reserved: Reserved,
}

/// `NvBufSurfaceAllocateParams`, since 6.1; not a prefix of the new form.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceAllocateParams {
    /// `params`.
    pub params: NvBufSurfaceCreateParams,
    /// `displayscanformat`.
    pub display_scan_format: NvBufSurfaceDisplayScanFormat,
    /// `chromaSubsampling`.
    pub chroma_subsampling: NvBufSurfaceChromaSubsamplingParams,
    /// `memtag`.
    pub mem_tag: NvBufSurfaceTag,
    /// `disablePitchPadding` since about 6.3: not 0 keeps rows unpadded.
    pub disable_pitch_padding: u8,
    /// `_reservedParam`.
    pub reserved_param: u32,
    /// `_reserved`.
    pub reserved: [*mut c_void; STRUCTURE_PADDING - 1],
}

/// `NvBufSurfaceMapParams`, since about 6.3; not a prefix of the new form.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NvBufSurfaceMapParams {
    /// The leading fields.
    pub head: NvBufSurfaceMapParamsHead,
    /// `colorFormat`.
    pub color_format: NvBufSurfaceColorFormat,
    /// `chromaSubsampling`.
    pub chroma_subsampling: NvBufSurfaceChromaSubsamplingParams,
    /// `planes`.
    pub planes: [NvBufSurfaceMapPlaneParams; NVBUF_MAX_PLANES],
    /// `_reserved`.
    pub reserved: [u8; 64],
}
