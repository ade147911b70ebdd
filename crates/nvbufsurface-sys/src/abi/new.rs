//! The forms of DeepStream 8.0 and later.

use core::ffi::c_void;

use super::{
    Extended, NVBUF_MAX_PLANES, NvBufSurfTransformColorParamsHead,
    NvBufSurfTransformCompositeBlendParamsHead, NvBufSurfTransformCompositeParamsHead,
    NvBufSurfTransformConfigParamsHead, NvBufSurfTransformParamsHead, NvBufSurfTransformRectHead,
    NvBufSurfaceCreateParamsHead, NvBufSurfaceCudaBuffer, NvBufSurfaceExtendedMapParams,
    NvBufSurfaceHead, NvBufSurfaceMapParamsHead, NvBufSurfaceMapPlaneParams,
    NvBufSurfaceMappedAddrHead, NvBufSurfaceNvmmBuffer, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParamsExHead, Reserved, STRUCTURE_PADDING,
};
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceDisplayScanFormat, NvBufSurfaceTag};

/// `NvBufSurfaceCreateParams`.
pub type NvBufSurfaceCreateParams = Extended<NvBufSurfaceCreateParamsHead>;
/// `NvBufSurfTransformRect`.
pub type NvBufSurfTransformRect = Extended<NvBufSurfTransformRectHead>;
/// `NvBufSurfTransformConfigParams`.
pub type NvBufSurfTransformConfigParams = Extended<NvBufSurfTransformConfigParamsHead>;
/// `NvBufSurfTransformParams`.
pub type NvBufSurfTransformParams = Extended<NvBufSurfTransformParamsHead>;
/// `NvBufSurfTransformCompositeParams`.
pub type NvBufSurfTransformCompositeParams = Extended<NvBufSurfTransformCompositeParamsHead>;
/// `NvBufSurfTransform_ColorParams`.
pub type NvBufSurfTransformColorParams = Extended<NvBufSurfTransformColorParamsHead>;
/// `NvBufSurfTransformCompositeBlendParams`.
pub type NvBufSurfTransformCompositeBlendParams =
    Extended<NvBufSurfTransformCompositeBlendParamsHead>;
/// `NvBufSurfTransformCompositeBlendParamsEx`.
pub type NvBufSurfTransformCompositeBlendParamsEx =
    super::NvBufSurfTransformCompositeBlendParamsEx<NvBufSurfTransformCompositeBlendParams>;

/// `NvBufSurface`, a batch of surfaces.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct NvBufSurface {
    /// The fields of every version.
    pub head: NvBufSurfaceHead,
    /// `isImportedBuf`: not 0 for a surface that another process owns.
    pub is_imported_buf: u8,
    /// `_reserved`.
    pub reserved: Reserved,
}

/// `NvBufSurfaceMappedAddr`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceMappedAddr {
    /// The fields of every version.
    pub head: NvBufSurfaceMappedAddrHead,
    /// `nvmmPtr`: set by `NvBufSurfaceMapNvmmBuffer`.
    pub nvmm_ptr: *mut NvBufSurfaceNvmmBuffer,
    /// `cudaPtr`: set by `NvBufSurfaceMapCudaBuffer`.
    pub cuda_ptr: *mut NvBufSurfaceCudaBuffer,
    /// `_reserved`.
    pub reserved: Reserved,
}

/// `NvBufSurfaceParams`, one slot.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceParams {
    /// The fields of every version.
    pub head: NvBufSurfaceParamsHead,
    /// `mappedAddr.nvmmPtr`.
    pub nvmm_ptr: *mut NvBufSurfaceNvmmBuffer,
    /// `mappedAddr.cudaPtr`.
    pub cuda_ptr: *mut NvBufSurfaceCudaBuffer,
    /// `mappedAddr._reserved`.
    pub mapped_addr_reserved: Reserved,
    /// `paramex`.
    pub paramex: *mut NvBufSurfaceParamsEx,
    /// `cudaBuffer`: on Jetson with the `OpenRM` driver it has the address of the image when
    /// `dataPtr` is null.
    pub cuda_buffer: *mut NvBufSurfaceCudaBuffer,
    /// `_reserved`.
    pub reserved: Reserved,
}

/// `NvBufSurfaceChromaSubsamplingParams`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceChromaSubsamplingParams {
    /// `chromaLocHoriz`.
    pub chroma_loc_horiz: u8,
    /// `chromaLocVert`.
    pub chroma_loc_vert: u8,
    /// `_reserved`.
    pub reserved: [u8; 6],
}

/// `NvBufSurfacePlaneParamsEx`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfacePlaneParamsEx {
    /// The fields.
    pub head: NvBufSurfacePlaneParamsExHead,
    /// `_reserved`.
    pub reserved: [*mut c_void; STRUCTURE_PADDING * NVBUF_MAX_PLANES],
}

/// `NvBufSurfaceParamsEx`.
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

/// `NvBufSurfaceAllocateParams`; the old form is not a prefix of it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NvBufSurfaceAllocateParams {
    /// `params`.
    pub params: NvBufSurfaceCreateParams,
    /// `displayscanformat`.
    pub display_scan_format: NvBufSurfaceDisplayScanFormat,
    /// `chromaSubsampling`.
    pub chroma_subsampling: NvBufSurfaceChromaSubsamplingParams,
    /// `memtag`.
    pub mem_tag: NvBufSurfaceTag,
    /// `disablePitchPadding`: not 0 keeps rows unpadded.
    pub disable_pitch_padding: u8,
    /// `_reservedParam`.
    pub reserved_param: u32,
    /// `_reserved`.
    pub reserved: Reserved,
}

/// `NvBufSurfaceMapParams`; the old form is not a prefix of it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceMapParams {
    /// The leading fields.
    pub head: NvBufSurfaceMapParamsHead,
    /// `colorFormat`.
    pub color_format: NvBufSurfaceColorFormat,
    /// `chromaSubsampling`.
    pub chroma_subsampling: NvBufSurfaceChromaSubsamplingParams,
    /// `planes`.
    pub planes: [NvBufSurfaceMapPlaneParams; NVBUF_MAX_PLANES],
    /// `extendedMapParams`.
    pub extended_map_params: *mut NvBufSurfaceExtendedMapParams,
    /// `_reserved`.
    pub reserved: Reserved,
}
