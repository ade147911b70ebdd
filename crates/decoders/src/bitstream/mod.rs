//! What a decoder must know of a packet before it is decoded. Pure functions over bytes.

pub mod h26x;
pub mod image;
pub mod nal;
pub mod presentation;
pub mod vpx;
