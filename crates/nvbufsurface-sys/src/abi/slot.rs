//! One slot of a surface and its planes.

use core::ffi::c_void;

use super::{NVBUF_MAX_PLANES, STRUCTURE_PADDING};
use crate::constants::{NvBufSurfaceColorFormat, NvBufSurfaceLayout};

/// The planes of a slot (`NvBufSurfacePlaneParams`), the same in every version.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfacePlaneParams {
    /// `num_planes`.
    pub num_planes: u32,
    /// `width` of each plane, in samples (a chroma pair counts once).
    pub width: [u32; NVBUF_MAX_PLANES],
    /// `height` of each plane, in rows.
    pub height: [u32; NVBUF_MAX_PLANES],
    /// `pitch`: bytes from one row to the next.
    pub pitch: [u32; NVBUF_MAX_PLANES],
    /// `offset`: bytes from `dataPtr` to the plane.
    pub offset: [u32; NVBUF_MAX_PLANES],
    /// `psize`: bytes of the plane.
    pub psize: [u32; NVBUF_MAX_PLANES],
    /// `bytesPerPix`: bytes of one sample (of the pair, for interleaved chroma).
    pub bytes_per_pix: [u32; NVBUF_MAX_PLANES],
    /// `_reserved`.
    pub reserved: [*mut c_void; STRUCTURE_PADDING * NVBUF_MAX_PLANES],
}

/// What every version of `NvBufSurfaceMappedAddr` begins with.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceMappedAddrHead {
    /// `addr`: CPU address of each plane after `NvBufSurfaceMap`.
    pub addr: [*mut c_void; NVBUF_MAX_PLANES],
    /// `eglImage`: the image after `NvBufSurfaceMapEglImage`.
    pub egl_image: *mut c_void,
}

/// What every version of `NvBufSurfaceParams` (one slot) begins with, up to and including
/// `mappedAddr.eglImage`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfaceParamsHead {
    /// `width` of the visible picture, in pixels.
    pub width: u32,
    /// `height` of the visible picture, in pixels.
    pub height: u32,
    /// `pitch`: bytes from one row of the first plane to the next.
    pub pitch: u32,
    /// `colorFormat`.
    pub color_format: NvBufSurfaceColorFormat,
    /// `layout`.
    pub layout: NvBufSurfaceLayout,
    /// `bufferDesc`: a DMABUF file descriptor for surface arrays and handles, otherwise a number
    /// that only the library understands.
    pub buffer_desc: u64,
    /// `dataSize`: bytes of the slot's memory.
    pub data_size: u32,
    /// `dataPtr`: the memory; not meaningful for surface arrays and handles.
    pub data_ptr: *mut c_void,
    /// `planeParams`.
    pub plane_params: NvBufSurfacePlaneParams,
    /// `mappedAddr`.
    pub mapped_addr: NvBufSurfaceMappedAddrHead,
}

/// The fields of `NvBufSurfacePlaneParamsEx`, as 7.1 and later have them.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NvBufSurfacePlaneParamsExHead {
    /// `scanformat` of each plane.
    pub scan_format: [u32; NVBUF_MAX_PLANES],
    /// `secondfieldoffset`: bytes to the second field of an interlaced plane.
    pub second_field_offset: [u32; NVBUF_MAX_PLANES],
    /// `blockheightlog2`: block height of block-linear memory, as a power of two.
    pub block_height_log2: [u32; NVBUF_MAX_PLANES],
    /// `physicaladdress`.
    pub physical_address: [u32; NVBUF_MAX_PLANES],
    /// `flags`.
    pub flags: [u64; NVBUF_MAX_PLANES],
    /// `drmModifier`; reserved space before 7.1.
    pub drm_modifier: [u64; NVBUF_MAX_PLANES],
}
