//! Metadata on `GstBuffer`s: real `GstMeta`s that follow a buffer through copies and elements.
//!
//! The metas have no tags, so elements keep them whatever they do to the pixels, and they are not
//! pooled, so a buffer that returns to its pool loses them.

mod carrier;
pub mod flight_key;
pub mod savant_id;
