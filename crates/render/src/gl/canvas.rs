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
