//! Drawing with OpenGL, without a screen, into surfaces.
//!
//! [`SkiaContext`] is a canvas that Skia, or any other code that draws with OpenGL, draws on; its pixels go
//! to surfaces and come from them. On a GPU they never leave it.
#![deny(unsafe_code)]

mod context;
mod error;
mod gl;

pub use context::SkiaContext;
pub use error::RenderError;
