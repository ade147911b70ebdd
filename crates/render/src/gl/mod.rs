//! The only module with unsafe code: EGL and OpenGL.
//!
//! EGL is opened at run time, so that the library loads on machines without it: `khronos-egl` does that and
//! checks the version, `glow` looks the functions of OpenGL up through it. Both are what `wgpu` draws with.
#![allow(unsafe_code)]

mod canvas;
mod context;
mod display;
mod offscreen;
mod pixel_store;

pub(crate) use offscreen::OffScreen;
