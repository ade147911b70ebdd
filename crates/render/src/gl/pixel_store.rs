//! How rows of pixels lie in ordinary memory, as OpenGL's state.

use std::num::NonZeroU32;

use glow::{HasContext, NativeBuffer};

/// Bytes of an RGBA pixel.
pub(super) const PIXEL_BYTES: usize = 4;

/// The names of one direction's state.
pub(super) struct Direction {
    row_length: u32,
    alignment: u32,
    skip_rows: u32,
    skip_pixels: u32,
    buffer: u32,
    buffer_binding: u32,
}

/// From OpenGL to memory.
pub(super) const PACK: Direction = Direction {
    row_length: glow::PACK_ROW_LENGTH,
    alignment: glow::PACK_ALIGNMENT,
    skip_rows: glow::PACK_SKIP_ROWS,
    skip_pixels: glow::PACK_SKIP_PIXELS,
    buffer: glow::PIXEL_PACK_BUFFER,
    buffer_binding: glow::PIXEL_PACK_BUFFER_BINDING,
};

/// From memory to OpenGL.
pub(super) const UNPACK: Direction = Direction {
    row_length: glow::UNPACK_ROW_LENGTH,
    alignment: glow::UNPACK_ALIGNMENT,
    skip_rows: glow::UNPACK_SKIP_ROWS,
    skip_pixels: glow::UNPACK_SKIP_PIXELS,
    buffer: glow::PIXEL_UNPACK_BUFFER,
    buffer_binding: glow::PIXEL_UNPACK_BUFFER_BINDING,
};

/// Rows `row_pixels` apart while it lives; what was set before is set again afterwards, because the code
/// that draws remembers its state.
pub(super) struct PixelStore<'a> {
    gl: &'a glow::Context,
    direction: &'static Direction,
    before: [(u32, i32); 4],
    buffer: Option<NativeBuffer>,
}

impl<'a> PixelStore<'a> {
    /// The OpenGL context of `gl` is current.
    pub(super) fn new(
        gl: &'a glow::Context,
        direction: &'static Direction,
        row_pixels: i32,
    ) -> Self {
        let wanted = [
            (direction.row_length, row_pixels),
            (direction.alignment, PIXEL_BYTES as i32),
            (direction.skip_rows, 0),
            (direction.skip_pixels, 0),
        ];
        // SAFETY: the context is current; the names are those of integers.
        unsafe {
            let before = wanted.map(|(name, _)| (name, gl.get_parameter_i32(name)));
            let buffer = gl.get_parameter_i32(direction.buffer_binding);
            for (name, value) in wanted {
                gl.pixel_store_i32(name, value);
            }
            gl.bind_buffer(direction.buffer, None);
            Self {
                gl,
                direction,
                before,
                buffer: NonZeroU32::new(buffer as u32).map(NativeBuffer),
            }
        }
    }
}

impl Drop for PixelStore<'_> {
    fn drop(&mut self) {
        // SAFETY: the context is still current; the values were its own.
        unsafe {
            for (name, value) in self.before {
                self.gl.pixel_store_i32(name, value);
            }
            self.gl.bind_buffer(self.direction.buffer, self.buffer);
        }
    }
}
