//! Surfaces in system memory, as `GstMemory`.
//!
//! Mapping such a memory gives the `NvBufSurface` struct itself, never the pixels. The memory is
//! marked no-share, so that every copy of a buffer is a surface of its own with its own pixels.

mod allocator;
mod block;
mod surface;

pub use allocator::MEMORY_TYPE;
pub(crate) use allocator::allocate;
pub use surface::live_surfaces;
