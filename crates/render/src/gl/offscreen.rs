//! A context with its canvas, and the way from there to surfaces and back.

use glow::HasContext;
use parking_lot::Mutex;
use surfaces::{
    Colour, MemType, PictureLayout, SharedBuffer, SharedTexture, TextureDevice, backend, draw,
    look_at,
};

use super::canvas::Canvas;
use super::context::Context;
use crate::error::RenderError;

/// A canvas in an OpenGL context of its own.
///
/// Made in one thread, where the context stays current until another one is made current; all calls come
/// from that thread, and [`make_current`](Self::make_current) comes before them.
pub(crate) struct OffScreen {
    /// First, as it must go before its texture does.
    shared: Option<SharedTexture>,
    canvas: Canvas,
    gl: glow::Context,
    context: Context,
}

/// Those that could not end because their contexts were current in other threads.
static UNENDED: Mutex<Vec<OffScreen>> = Mutex::new(Vec::new());

impl OffScreen {
    /// A transparent canvas on a device; the context is current afterwards.
    ///
    /// # Errors
    /// [`RenderError`], but for a wrong thread.
    pub(crate) fn new(gpu_id: u32, size: (u32, u32)) -> Result<Self, RenderError> {
        end_all();
        let device = backend()?.texture_device(gpu_id)?;
        let context = Context::new(device.as_ref().map(TextureDevice::cuda_device))?;
        let gl = context.functions();
        let canvas = Canvas::new(&gl, size)?;
        let shared = device
            // SAFETY: the texture has this size and is of the context, which is current. `end` makes it
            // current again, lets go of this first, and then of the texture.
            .map(|device| unsafe { device.share(canvas.texture(), size) })
            .transpose()?;
        Ok(Self {
            shared,
            canvas,
            gl,
            context,
        })
    }

    /// The name of the framebuffer in the context.
    pub(crate) fn framebuffer(&self) -> u32 {
        self.canvas.framebuffer()
    }

    /// Makes the context current in the calling thread.
    ///
    /// # Errors
    /// [`RenderError::Egl`], among others if it is current in another thread.
    pub(crate) fn make_current(&self) -> Result<(), RenderError> {
        self.context.make_current()
    }

    /// Copies the canvas to slot 0 of an RGBA buffer of its size. Blocks until the pixels are complete.
    ///
    /// # Errors
    /// [`RenderError::Surface`], [`RenderError::Gl`].
    pub(crate) fn store(&self, dst: &SharedBuffer) -> Result<(), RenderError> {
        if let Some(shared) = self.shared_with(dst)? {
            // SAFETY: the context is current.
            unsafe { self.gl.finish() };
            return Ok(shared.store(dst)?);
        }
        draw(dst, Colour::default(), |surface| {
            let (pixels, pitch) = surface.plane(0);
            self.canvas.read(&self.gl, pixels, pitch)
        })?
    }

    /// Replaces the canvas by slot 0 of an RGBA buffer of its size. Blocks until the buffer may change.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub(crate) fn load(&self, src: &SharedBuffer) -> Result<(), RenderError> {
        if let Some(shared) = self.shared_with(src)? {
            return Ok(shared.load(src)?);
        }
        look_at(src, |picture| {
            debug_assert_eq!(picture.layout, PictureLayout::Rgba);
            self.canvas
                .write(&self.gl, picture.planes[0], picture.strides[0])
        })?
    }

    /// The texture as the device knows it, if the device reaches the buffer too.
    fn shared_with(&self, buffer: &SharedBuffer) -> Result<Option<&SharedTexture>, RenderError> {
        let mem_type = MemType::from_int(u64::from(buffer.first_slot()?.mem_type));
        let reached = matches!(
            mem_type,
            Some(MemType::CudaDevice | MemType::CudaPinned | MemType::CudaUnified)
        );
        Ok(self.shared.as_ref().filter(|_| reached))
    }

    /// Lets go of everything, now or, while the context is current in another thread, when the next canvas
    /// is made.
    pub(crate) fn end(self) {
        if let Err(unended) = self.try_end() {
            UNENDED.lock().push(*unended);
        }
    }

    fn try_end(mut self) -> Result<(), Box<Self>> {
        let before = self.context.before();
        if self.context.make_current().is_err() {
            return Err(Box::new(self));
        }
        self.shared = None;
        self.canvas.delete(&self.gl);
        self.context.restore(&before);
        Ok(())
    }
}

/// Ends those that could not end before.
fn end_all() {
    let unended = std::mem::take(&mut *UNENDED.lock());
    unended.into_iter().for_each(OffScreen::end);
}
