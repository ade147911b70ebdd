//! The raw binary interface of NVIDIA's NvBufSurface and `NvBufSurfTransform` libraries, opened at
//! run time.
//!
//! The crate builds and loads without any NVIDIA software. It has
//! - [`abi`]: the structs of both generations of the interface, and [`Generation`];
//! - [`constants`]: the values of the C enums;
//! - [`api`]: tables of function pointers, resolved once;
//! - [`loader`]: the search for the libraries;
//! - [`driver`]: the few functions of the driver's own libraries that are used: [`cuda`], [`cuvid`],
//!   [`nvenc`] and [`nvml`];
//! - [`probe`]: the measurement of the slot stride of a loaded library;
//! - [`slot`]: access to one slot of a batch;
//! - [`assembled`]: batches of slots of other surfaces.
//!
//! It decides nothing except where the libraries come from. The most used names are at the root;
//! a struct at the root is a head or the form of the newest generation.

pub mod abi;
pub mod api;
pub mod assembled;
pub mod constants;
pub mod driver;
mod generation;
pub mod loader;
pub mod probe;
pub mod slot;

pub use abi::new::*;
pub use abi::{
    Extended, NVBUF_MAX_PLANES, NvBufSurfTransformConfigParamsHead, NvBufSurfTransformParamsHead,
    NvBufSurfTransformRectHead, NvBufSurfTransformSyncObj, NvBufSurfaceCreateParamsHead,
    NvBufSurfaceDeviceInfo, NvBufSurfaceHead, NvBufSurfaceMappedAddrHead, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParams, STRUCTURE_PADDING,
};
pub use api::{NvBufSurfTransformApi, NvBufSurfaceApi, NvDsBufferPoolApi};
pub use assembled::{AssembledSurface, RectList};
pub use constants::*;
pub use driver::{DriverError, cuda, cuvid, nvenc, nvml};
pub use generation::Generation;
pub use loader::{Libraries, LoadError, LoadOptions, load};
pub use probe::{ProbeError, probe_params_stride};
pub use slot::{SlotError, slot_pointer};
