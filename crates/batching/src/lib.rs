//! Batches of surfaces for inference.
//!
//! [`UniformBatchGenerator`] is a pool of buffers with many slots of one size and format, which a
//! [`SurfaceBatch`] fills by scaling pictures into them. [`NonUniformBatch`] makes one buffer of
//! slots of other buffers, whatever their sizes and formats, without copying pixels.

#![forbid(unsafe_code)]

mod error;
mod fill;
mod generator;
mod non_uniform;
mod surface_batch;

pub use error::BatchError;
pub use generator::UniformBatchGenerator;
pub use non_uniform::NonUniformBatch;
pub use surface_batch::SurfaceBatch;
