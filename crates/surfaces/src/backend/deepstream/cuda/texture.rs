//! Textures of OpenGL that CUDA copies from and to.

use std::ptr;
use std::sync::Arc;

use nvbufsurface_sys::cuda::{CU_GRAPHICS_REGISTER_FLAGS_NONE, CuArray, GL_TEXTURE_2D};

use super::{Cuda, Handle, Work};
use crate::backend::{ByteRows, locate_plane};
use crate::error::Error;
use crate::reader::SlotInfo;

/// A texture that is registered with a device.
pub(crate) struct Texture {
    cuda: Arc<Cuda>,
    gpu_id: u32,
    resource: Handle,
    shape: ByteRows,
}

impl Texture {
    /// Registers the texture `name`, of rows of `shape`.
    ///
    /// # Safety
    /// It is a two-dimensional texture of that shape of the OpenGL context that is current in the calling
    /// thread. It outlives the result, and that context is current whenever the result is used or dropped.
    ///
    /// # Errors
    /// [`Error::Device`], among others if the context belongs to another device.
    pub(crate) unsafe fn register(
        cuda: Arc<Cuda>,
        gpu_id: u32,
        name: u32,
        shape: ByteRows,
    ) -> Result<Self, Error> {
        let current = cuda.enter(gpu_id)?;
        let mut resource = ptr::null_mut();
        // SAFETY: both contexts are current, the caller vouches for the texture; `resource` is writable.
        let result = unsafe {
            (cuda.api.graphics_gl_register_image)(
                &raw mut resource,
                name,
                GL_TEXTURE_2D,
                CU_GRAPHICS_REGISTER_FLAGS_NONE,
            )
        };
        cuda.check("cuGraphicsGLRegisterImage", result)?;
        drop(current);
        Ok(Self {
            cuda,
            gpu_id,
            resource: Handle(resource),
            shape,
        })
    }

    /// Copies the texture to the top-left corner of plane 0 of a slot in CUDA memory. Waits.
    ///
    /// # Safety
    /// The slot belongs to a live surface, and nobody else touches its pixels.
    pub(crate) unsafe fn store(&self, slot: &SlotInfo) -> Result<(), Error> {
        let plane = locate_plane(slot, 0)?;
        plane.check(self.shape)?;
        self.with_array(|work, array| {
            // SAFETY: `check` found room for the texture's rows; the caller excludes all others.
            unsafe { work.copy_from_array(array, (plane.address, plane.pitch()), self.shape) }
        })
    }

    /// Copies the top-left corner of plane 0 of a slot in CUDA memory to the texture. Waits.
    ///
    /// # Safety
    /// The slot belongs to a live surface, and nobody writes its pixels.
    pub(crate) unsafe fn load(&self, slot: &SlotInfo) -> Result<(), Error> {
        let plane = locate_plane(slot, 0)?;
        plane.check(self.shape)?;
        self.with_array(|work, array| {
            // SAFETY: `check` found the texture's rows; the caller excludes writers.
            unsafe { work.copy_to_array((plane.address, plane.pitch()), array, self.shape) }
        })
    }

    /// Lends the texture's texels to CUDA while `copy` runs, and waits for what it queues.
    fn with_array(
        &self,
        copy: impl FnOnce(&mut Work<'_>, CuArray) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let api = self.cuda.api;
        let mut work = self.cuda.work(self.gpu_id)?;
        let (mut resource, stream) = (self.resource.0, work.stream());
        // SAFETY: the resource is registered and not mapped: this is the only place that maps it, in
        // the one thread where its OpenGL context is current.
        let result = unsafe { (api.graphics_map_resources)(1, &raw mut resource, stream) };
        self.cuda.check("cuGraphicsMapResources", result)?;
        let mut array = ptr::null_mut();
        // SAFETY: the resource is mapped and has one array of one level; `array` is writable.
        let result =
            unsafe { (api.graphics_sub_resource_get_mapped_array)(&raw mut array, resource, 0, 0) };
        let copied = self
            .cuda
            .check("cuGraphicsSubResourceGetMappedArray", result)
            .and_then(|()| copy(&mut work, array));
        // SAFETY: the resource is mapped; the driver orders this behind the copy.
        let result = unsafe { (api.graphics_unmap_resources)(1, &raw mut resource, stream) };
        copied.and(self.cuda.check("cuGraphicsUnmapResources", result))?;
        work.finish()
    }
}

impl Drop for Texture {
    fn drop(&mut self) {
        let unregistered = self.cuda.enter(self.gpu_id).and_then(|_current| {
            // SAFETY: the resource is registered, not mapped, and its OpenGL context is current.
            let result = unsafe { (self.cuda.api.graphics_unregister_resource)(self.resource.0) };
            self.cuda.check("cuGraphicsUnregisterResource", result)
        });
        if let Err(error) = unregistered {
            tracing::debug!("at the end of a texture: {error}");
        }
    }
}
