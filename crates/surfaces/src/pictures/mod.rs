//! Where decoders draw: memory that is recycled, and shared where `GStreamer` would copy it.
//!
//! A decoder of libav keeps a picture that later ones refer to mapped for writing. `GStreamer` copies the pixels of a
//! buffer in that state before it attaches the metas of the picture. Here such a copy is another view of the same
//! pixels. That is right because nobody writes them any more: libav draws only in buffers that it has taken from the
//! pool and not yet given out as pictures, a view cannot be mapped for writing, and a block of memory is
//! used again only when no view of its pixels is left.

mod allocator;
mod pool;
mod stock;

pub(crate) use pool::offer;
