//! Surfaces as `GstMemory`.
//!
//! Mapping such a memory gives the `NvBufSurface` struct itself, never the pixels. The memory is
//! marked no-share, so that every copy of a buffer is a surface of its own with its own pixels.

mod adopted;
mod allocator;
mod assembled;
mod block;
mod surface;

pub(crate) use adopted::{AdoptedSurface, Duplicate};
pub use allocator::{MEMORY_TYPE, live_surfaces};
pub(crate) use allocator::{OwnedSurface, is_shared, wrap};
pub(crate) use assembled::{AssembledBatch, Part};
pub(crate) use block::ZeroedBlock;
pub(crate) use surface::HostSurface;
