//! Video surfaces in `GStreamer` buffers.
//!
//! A surface is a `GstBuffer` whose memory maps to NVIDIA's `NvBufSurface` struct, on every
//! backend. This crate allocates and pools such buffers, reads them, views and converts their
//! pixels, and attaches metadata. Other crates never name a backend.

mod assemble;
pub mod backend;
pub mod colour;
pub mod convert;
pub mod enums;
pub mod error;
pub mod format;
pub mod geometry;
pub mod layout;
mod letterbox_map;
mod locks;
pub mod memory;
pub mod meta;
mod pictures;
pub mod pipeline;
mod plane;
pub mod platform;
pub mod png;
pub mod pool;
pub mod reader;
pub mod reaper;
mod shared_buffer;
pub mod sync;
mod texture;
mod transform;
pub mod turns;
mod view;
pub mod wait;
pub mod workers;

pub use assemble::assemble;
pub use backend::{Backend, BackendKind, ForeignArray, ForeignMemory, backend};
pub use colour::{Colour, Matrix, Range};
pub use convert::{Canvas, Picture, PictureLayout, draw, look_at, render_picture};
pub use enums::{
    ComputeMode, Hardware, Interpolation, MemType, MetaClearPolicy, Padding, SavantIdKind,
};
pub use error::Error;
pub use format::VideoFormat;
pub use geometry::{DstPadding, Rect, TransformConfig};
pub use letterbox_map::LetterboxMap;
pub use memory::live_surfaces;
pub use meta::{flight_key, savant_id};
pub use plane::{MAX_DIMENSIONS, PlaneDescription};
pub use pool::{BufferGenerator, GeneratorConfig, PoolStats, Waker, send_eos};
pub use reader::SlotInfo;
pub use shared_buffer::SharedBuffer;
pub use texture::{SharedTexture, TextureDevice};
pub use transform::{SlotSource, transform, transform_keeping_colour, transform_slots};
pub use view::SurfaceView;
