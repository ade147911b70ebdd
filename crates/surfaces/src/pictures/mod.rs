//! Where decoders draw: memory that is recycled, and shared where `GStreamer` would copy it.
//!
//! A decoder of libav keeps pictures that later ones refer to mapped for writing, and `GStreamer` copies a buffer
//! whose memory is so mapped before it passes the picture on. What it makes here instead is another view of the
//! same pixels.

mod allocator;
mod pool;
mod stock;

pub(crate) use pool::offer;
