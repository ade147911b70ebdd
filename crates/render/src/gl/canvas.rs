//! What is drawn on: a texture behind a framebuffer.

use std::num::NonZeroU32;

use glow::{
    HasContext, NativeFramebuffer, NativeRenderbuffer, NativeTexture, PixelPackData,
    PixelUnpackData,
};

use super::pixel_store::{PACK, PIXEL_BYTES, PixelStore, UNPACK};
use crate::error::RenderError;

/// An RGBA8 texture and a stencil behind a framebuffer. Row 0 of the texture is the top row.
///
/// The OpenGL context of `gl` is current in every call.
pub(super) struct Canvas {
    texture: NativeTexture,
    stencil: NativeRenderbuffer,
    framebuffer: NativeFramebuffer,
    width: i32,
    height: i32,
}

impl Canvas {
    /// A transparent canvas.
    ///
    /// # Errors
    /// [`RenderError::Size`], [`RenderError::Gl`].
    pub(super) fn new(
        gl: &glow::Context,
        (width, height): (u32, u32),
    ) -> Result<Self, RenderError> {
        // SAFETY: the context is current.
        let limit = unsafe { gl.get_parameter_i32(glow::MAX_TEXTURE_SIZE) } as u32;
        if [width, height]
            .iter()
            .any(|side| !(1..=limit).contains(side))
        {
            return Err(RenderError::Size {
                width,
                height,
                limit,
            });
        }
        let failed = |reason| RenderError::Gl {
            what: "make a canvas",
            reason,
        };
        // SAFETY: the context is current. What fails is left to the end of the context, which is soon.
        unsafe {
            let canvas = Self {
                texture: gl.create_texture().map_err(failed)?,
                stencil: gl.create_renderbuffer().map_err(failed)?,
                framebuffer: gl.create_framebuffer().map_err(failed)?,
                width: width as i32,
                height: height as i32,
            };
            canvas.define(gl);
            let status = gl.check_framebuffer_status(glow::FRAMEBUFFER);
            if status != glow::FRAMEBUFFER_COMPLETE {
                return Err(failed(format!("the framebuffer has status {status:#06x}")));
            }
            gl.clear_color(0.0, 0.0, 0.0, 0.0);
            gl.clear(glow::COLOR_BUFFER_BIT | glow::STENCIL_BUFFER_BIT);
            check(gl, "make a canvas")?;
            Ok(canvas)
        }
    }

    /// # Safety
    /// The context is current, and the names are its own.
    unsafe fn define(&self, gl: &glow::Context) {
        let (width, height) = (self.width, self.height);
        // SAFETY: same contract; no pixels are given.
        unsafe {
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            let nothing = PixelUnpackData::Slice(None);
            gl.tex_image_2d(
                glow::TEXTURE_2D,
                0,
                glow::RGBA8 as i32,
                width,
                height,
                0,
                glow::RGBA,
                glow::UNSIGNED_BYTE,
                nothing,
            );
            // Without mipmaps a texture is complete, as CUDA wants it, only with these.
            for (name, value) in [
                (glow::TEXTURE_MIN_FILTER, glow::NEAREST as i32),
                (glow::TEXTURE_MAG_FILTER, glow::NEAREST as i32),
                (glow::TEXTURE_MAX_LEVEL, 0),
            ] {
                gl.tex_parameter_i32(glow::TEXTURE_2D, name, value);
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
            gl.bind_renderbuffer(glow::RENDERBUFFER, Some(self.stencil));
            gl.renderbuffer_storage(glow::RENDERBUFFER, glow::DEPTH24_STENCIL8, width, height);
            gl.bind_renderbuffer(glow::RENDERBUFFER, None);
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(self.framebuffer));
            gl.framebuffer_texture_2d(
                glow::FRAMEBUFFER,
                glow::COLOR_ATTACHMENT0,
                glow::TEXTURE_2D,
                Some(self.texture),
                0,
            );
            gl.framebuffer_renderbuffer(
                glow::FRAMEBUFFER,
                glow::DEPTH_STENCIL_ATTACHMENT,
                glow::RENDERBUFFER,
                Some(self.stencil),
            );
        }
    }

    /// The framebuffer's name.
    pub(super) fn framebuffer(&self) -> u32 {
        self.framebuffer.0.get()
    }

    /// The texture's name.
    pub(super) fn texture(&self) -> u32 {
        self.texture.0.get()
    }

    /// Copies all pixels to rows `pitch` bytes apart. Waits for what was drawn.
    ///
    /// # Errors
    /// [`RenderError::Gl`], also if the rows are not all there.
    pub(super) fn read(
        &self,
        gl: &glow::Context,
        pixels: &mut [u8],
        pitch: usize,
    ) -> Result<(), RenderError> {
        const WHAT: &str = "read the canvas";
        let (row_pixels, rows) = self.blocks(pixels.len(), pitch, WHAT)?;
        let _store = PixelStore::new(gl, &PACK, row_pixels);
        // SAFETY: the context is current; `blocks` checked that every block lies within `pixels`, and the
        // store says how its rows lie.
        unsafe {
            let before = gl.get_parameter_i32(glow::READ_FRAMEBUFFER_BINDING);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(self.framebuffer));
            for row in (0..self.height).step_by(rows as usize) {
                let block = PixelPackData::Slice(Some(&mut pixels[row as usize * pitch..]));
                gl.read_pixels(
                    0,
                    row,
                    self.width,
                    rows,
                    glow::RGBA,
                    glow::UNSIGNED_BYTE,
                    block,
                );
            }
            let before = NonZeroU32::new(before as u32).map(NativeFramebuffer);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, before);
        }
        check(gl, WHAT)
    }

    /// Replaces all pixels by those of rows `pitch` bytes apart.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn write(
        &self,
        gl: &glow::Context,
        pixels: &[u8],
        pitch: usize,
    ) -> Result<(), RenderError> {
        const WHAT: &str = "fill the canvas";
        let (row_pixels, rows) = self.blocks(pixels.len(), pitch, WHAT)?;
        let _store = PixelStore::new(gl, &UNPACK, row_pixels);
        // SAFETY: as in `read`.
        unsafe {
            let before = gl.get_parameter_i32(glow::TEXTURE_BINDING_2D);
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            for row in (0..self.height).step_by(rows as usize) {
                let block = PixelUnpackData::Slice(Some(&pixels[row as usize * pitch..]));
                gl.tex_sub_image_2d(
                    glow::TEXTURE_2D,
                    0,
                    0,
                    row,
                    self.width,
                    rows,
                    glow::RGBA,
                    glow::UNSIGNED_BYTE,
                    block,
                );
            }
            let before = NonZeroU32::new(before as u32).map(NativeTexture);
            gl.bind_texture(glow::TEXTURE_2D, before);
        }
        check(gl, WHAT)
    }

    /// How OpenGL gets at rows `pitch` bytes apart: pixels from one to the next, and rows at a time. It
    /// counts in pixels, so other distances go row by row.
    fn blocks(
        &self,
        bytes: usize,
        pitch: usize,
        what: &'static str,
    ) -> Result<(i32, i32), RenderError> {
        let row_bytes = self.width as usize * PIXEL_BYTES;
        let needed = (self.height as usize - 1) * pitch + row_bytes;
        if pitch < row_bytes || bytes < needed {
            return Err(RenderError::Gl {
                what,
                reason: format!("{bytes} bytes with a pitch of {pitch} do not hold it"),
            });
        }
        Ok(match pitch % PIXEL_BYTES {
            0 => ((pitch / PIXEL_BYTES) as i32, self.height),
            _ => (self.width, 1),
        })
    }

    /// Lets go of everything.
    pub(super) fn delete(&self, gl: &glow::Context) {
        // SAFETY: the context is current, and the names are its own.
        unsafe {
            gl.delete_framebuffer(self.framebuffer);
            gl.delete_renderbuffer(self.stencil);
            gl.delete_texture(self.texture);
        }
    }
}

/// The first error that OpenGL has stored.
fn check(gl: &glow::Context, what: &'static str) -> Result<(), RenderError> {
    // SAFETY: the context is current.
    match unsafe { gl.get_error() } {
        glow::NO_ERROR => Ok(()),
        code => Err(RenderError::Gl {
            what,
            reason: format!("error {code:#06x}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::context::Context;
    use super::*;

    fn context() -> (Context, glow::Context) {
        let context = Context::new(None).unwrap();
        let gl = context.functions();
        (context, gl)
    }

    /// Bytes of rows that no shifted or flipped copy resembles.
    fn noise(bytes: usize) -> Vec<u8> {
        let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        std::iter::successors(Some(1u32), next)
            .map(|state| (state >> 24) as u8)
            .take(bytes)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn rows_of_any_pitch_come_back(
            width in 1..70u32, height in 1..40u32, from_gap in 0..9usize, to_gap in 0..9usize,
        ) {
            let (_context, gl) = context();
            let canvas = Canvas::new(&gl, (width, height)).unwrap();
            let (row, rows) = (width as usize * PIXEL_BYTES, height as usize);
            let (from_pitch, to_pitch) = (row + from_gap, row + to_gap);
            let from = noise((rows - 1) * from_pitch + row);
            canvas.write(&gl, &from, from_pitch).unwrap();
            // The last row has no padding.
            let mut to = vec![7; (rows - 1) * to_pitch + row];
            canvas.read(&gl, &mut to, to_pitch).unwrap();
            for (to, from) in to.chunks(to_pitch).zip(from.chunks(from_pitch)) {
                prop_assert_eq!(&to[..row], &from[..row]);
                prop_assert!(to[row..].iter().all(|byte| *byte == 7));
            }
        }
    }

    #[test]
    fn rows_that_are_not_all_there_are_refused() {
        let (_context, gl) = context();
        let canvas = Canvas::new(&gl, (8, 4)).unwrap();
        for (bytes, pitch) in [(127, 32), (4 * 31, 31), (3 * 40 + 31, 40), (0, 32)] {
            let mut pixels = vec![0; bytes];
            assert!(matches!(
                canvas.read(&gl, &mut pixels, pitch),
                Err(RenderError::Gl { .. })
            ));
            assert!(matches!(
                canvas.write(&gl, &pixels, pitch),
                Err(RenderError::Gl { .. })
            ));
        }
    }

    #[test]
    fn copies_leave_the_state_as_it_was() {
        let state = |gl: &glow::Context| {
            [
                glow::PACK_ROW_LENGTH,
                glow::PACK_ALIGNMENT,
                glow::PACK_SKIP_ROWS,
                glow::PIXEL_PACK_BUFFER_BINDING,
                glow::UNPACK_ROW_LENGTH,
                glow::UNPACK_ALIGNMENT,
                glow::UNPACK_SKIP_PIXELS,
                glow::PIXEL_UNPACK_BUFFER_BINDING,
                glow::READ_FRAMEBUFFER_BINDING,
                glow::TEXTURE_BINDING_2D,
            ]
            // SAFETY: the context is current; the names are those of integers.
            .map(|name| unsafe { gl.get_parameter_i32(name) })
        };
        let (_context, gl) = context();
        let canvas = Canvas::new(&gl, (5, 3)).unwrap();
        let other = Canvas::new(&gl, (2, 2)).unwrap();
        // SAFETY: the context is current.
        unsafe {
            let buffer = Some(gl.create_buffer().unwrap());
            gl.bind_buffer(glow::PIXEL_PACK_BUFFER, buffer);
            gl.bind_buffer(glow::PIXEL_UNPACK_BUFFER, buffer);
            gl.pixel_store_i32(glow::PACK_ROW_LENGTH, 9);
            gl.pixel_store_i32(glow::PACK_ALIGNMENT, 8);
            gl.pixel_store_i32(glow::PACK_SKIP_ROWS, 1);
            gl.pixel_store_i32(glow::UNPACK_ALIGNMENT, 1);
            gl.pixel_store_i32(glow::UNPACK_SKIP_PIXELS, 2);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(other.framebuffer));
            gl.bind_texture(glow::TEXTURE_2D, Some(other.texture));
        }
        let before = state(&gl);
        let pixels = noise(60);
        canvas.write(&gl, &pixels, 20).unwrap();
        let mut read = vec![0; 60];
        canvas.read(&gl, &mut read, 20).unwrap();
        assert_eq!(read, pixels);
        assert_eq!(state(&gl), before);
    }
}
