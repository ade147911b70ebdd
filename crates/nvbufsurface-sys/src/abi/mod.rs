//! The structs of the NvBufSurface and `NvBufSurfTransform` libraries.
//!
//! [`old`] has the forms of DeepStream 4.0 to 7.1, [`new`] those of 8.0 and later. What both share
//! is a *head*: its fields have the same offsets in every version, so a reader casts a pointer of
//! unknown generation to a head and never to a full struct (a full struct may be larger than the
//! memory behind the pointer). A library of either generation accepts an *input* struct of the
//! new form, because the tail is only reserved space; the exceptions are
//! `NvBufSurfaceAllocateParams`, `NvBufSurfaceMapParams` and
//! `NvBufSurfTransformCompositeBlendParamsEx`.
//!
//! Field names are the C names in snake case. A C `bool` is a `u8` here and a C enum is an
//! integer, so that no value a library writes can be an invalid Rust value. Sizes and pitches are
//! in bytes, widths and heights in pixels unless a field says otherwise.

mod composite;
mod device;
mod extended;
mod map;
pub mod new;
pub mod old;
mod slot;
mod surface;
mod transform;

pub use composite::{
    NvBufSurfTransformColorParamsHead, NvBufSurfTransformCompositeBlendParamsEx,
    NvBufSurfTransformCompositeBlendParamsHead, NvBufSurfTransformCompositeParamsHead,
};
pub use device::{
    NvBufSurfaceCudaBuffer, NvBufSurfaceDeviceInfo, NvBufSurfaceGpuL2SyncParams,
    NvBufSurfaceNvmmBuffer,
};
pub use extended::{Extended, Reserved};
pub use map::{
    NvBufSurfaceExtendedMapParams, NvBufSurfaceMapParamsHead, NvBufSurfaceMapPlaneParams,
};
pub use slot::{
    NvBufSurfaceMappedAddrHead, NvBufSurfaceParamsHead, NvBufSurfacePlaneParams,
    NvBufSurfacePlaneParamsExHead,
};
pub use surface::{NvBufSurfaceCreateParamsHead, NvBufSurfaceHead};
pub use transform::{
    NvBufSurfTransformConfigParamsHead, NvBufSurfTransformParamsHead, NvBufSurfTransformRectHead,
    NvBufSurfTransformSyncObj,
};

/// Most planes that a surface can have.
pub const NVBUF_MAX_PLANES: usize = 4;

/// Pointers in the reserved space at the end of a struct.
pub const STRUCTURE_PADDING: usize = 4;
