//! Textures of OpenGL whose pixels go from and to surfaces without the CPU.

use std::sync::Arc;

use crate::backend::{ByteRows, Cuda, Texture};
use crate::error::Error;
use crate::shared_buffer::SharedBuffer;
use crate::view::SurfaceView;

/// A device that copies between its surfaces and textures of OpenGL.
pub struct TextureDevice {
    cuda: Arc<Cuda>,
    gpu_id: u32,
}

impl TextureDevice {
    pub(crate) fn new(cuda: Arc<Cuda>, gpu_id: u32) -> Self {
        Self { cuda, gpu_id }
    }

    /// The number that CUDA gives the device.
    pub fn cuda_device(&self) -> u32 {
        self.gpu_id
    }

    /// Makes a texture of `size` RGBA pixels of 4 bytes known to the device.
    ///
    /// # Safety
    /// `texture` is a two-dimensional `RGBA8` texture of that size of the OpenGL context that is current in
    /// the calling thread. It outlives the result, and that context is current whenever the result is used or
    /// dropped.
    ///
    /// # Errors
    /// [`Error::Device`], for example if the OpenGL context belongs to another device.
    pub unsafe fn share(
        &self,
        texture: u32,
        (width, height): (u32, u32),
    ) -> Result<SharedTexture, Error> {
        let shape = ByteRows::packed(width as usize * 4, height as usize);
        // SAFETY: same contract.
        unsafe { Texture::register(self.cuda.clone(), self.gpu_id, texture, shape) }
            .map(SharedTexture)
    }
}

/// A texture that a device copies from and to. Row 0 of the texture, the lowest one in OpenGL's words, is
/// the top row of the surface.
pub struct SharedTexture(Texture);

impl SharedTexture {
    /// Copies the texture to the top-left corner of slot 0, which is RGBA in CUDA memory. Comes after what
    /// OpenGL was given before; blocks until the pixels are complete.
    ///
    /// # Errors
    /// [`Error::DataSize`] if the slot is smaller than the texture; [`Error::NotWritable`],
    /// [`Error::ReadOnly`], [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`]; a failure of the device.
    pub fn store(&self, dst: &SharedBuffer) -> Result<(), Error> {
        let view = SurfaceView::from_buffer(dst, 0, 0)?;
        let _guard = dst.lock_pixels_mut()?;
        view.synchronize()?;
        // SAFETY: the buffer is alive, and the guard excludes every other access.
        unsafe { self.0.store(view.slot()) }
    }

    /// Copies the top-left corner of slot 0, which is RGBA in CUDA memory, to the texture. What OpenGL is
    /// given later comes after it; blocks until the source may change.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn load(&self, src: &SharedBuffer) -> Result<(), Error> {
        let view = SurfaceView::from_buffer(src, 0, 0)?;
        let _guard = src.lock_pixels();
        view.synchronize()?;
        // SAFETY: the buffer is alive, and the guard excludes writers.
        unsafe { self.0.load(view.slot()) }
    }
}
