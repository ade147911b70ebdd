//! What a decoder must know of a packet before it is decoded. Pure functions over bytes.

mod active_set;
pub mod av1;
mod bits;
pub mod dependence;
pub mod h26x;
mod hevc_references;
mod hevc_sequence;
pub mod hevc_unit;
pub mod hevc_video_set;
mod hevc_vui;
pub mod image;
pub mod nal;
pub mod presentation;
mod recovery;
pub mod samples;
#[cfg(test)]
mod unit;
mod vp8;
pub mod vp9_header;
pub mod vp9_padding;
pub mod vpx;
mod vui;
