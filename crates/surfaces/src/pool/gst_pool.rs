//! The `GstBufferPool` of surfaces.

use std::sync::{Arc, OnceLock};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::state::PoolState;
use crate::backend::backend;
use crate::error::Error;
use crate::layout::SurfaceSpec;

mod imp {
    use super::{
        Arc, BufferPoolImpl, BufferPoolImplExt, GstObjectImpl, ObjectImpl, ObjectSubclass,
        OnceLock, PoolState, SurfaceSpec, backend, glib,
    };

    #[derive(Default)]
    pub struct SurfacePool {
        pub(super) settings: OnceLock<(SurfaceSpec, Arc<PoolState>)>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for SurfacePool {
        const NAME: &'static str = "SavantSurfacePool";
        type Type = super::SurfacePool;
        type ParentType = gst::BufferPool;
    }

    impl ObjectImpl for SurfacePool {}
    impl GstObjectImpl for SurfacePool {}

    impl BufferPoolImpl for SurfacePool {
        fn alloc_buffer(
            &self,
            _params: Option<&gst::BufferPoolAcquireParams>,
        ) -> Result<gst::Buffer, gst::FlowError> {
            let Some((spec, state)) = self.settings.get() else {
                return Err(gst::FlowError::NotNegotiated);
            };
            let memory = backend()
                .and_then(|backend| backend.allocate(spec))
                .map_err(|error| {
                    state.set_allocation_error(error);
                    gst::FlowError::Error
                })?;
            let mut buffer = gst::Buffer::new();
            buffer.make_mut().append_memory(memory);
            state.allocated();
            Ok(buffer)
        }

        fn free_buffer(&self, buffer: gst::Buffer) {
            self.parent_free_buffer(buffer);
            if let Some((_, state)) = self.settings.get() {
                state.freed();
            }
        }

        fn release_buffer(&self, mut buffer: gst::Buffer) {
            let state = self.settings.get().map(|(_, state)| state);
            if let Some(state) = state {
                state.returning(&buffer);
            }
            if state.is_some_and(|state| state.is_retired())
                && let Some(buffer) = buffer.get_mut()
            {
                // GStreamer frees a buffer whose memory was changed instead of keeping it.
                buffer.set_flags(gst::BufferFlags::TAG_MEMORY);
            }
            self.parent_release_buffer(buffer);
            if let Some(state) = state {
                state.released();
            }
        }
    }
}

glib::wrapper! {
    /// A pool whose buffers hold surfaces.
    pub struct SurfacePool(ObjectSubclass<imp::SurfacePool>) @extends gst::BufferPool, gst::Object;
}

impl SurfacePool {
    /// An active pool. With `size` 0 buffers are allocated on demand, otherwise all at once.
    pub(super) fn new(
        spec: SurfaceSpec,
        caps: &gst::Caps,
        size: u32,
        state: &Arc<PoolState>,
    ) -> Result<Self, Error> {
        // Checked here for a precise error: the pool knows only "failed".
        spec.slot_layout()?;
        let pool: Self = glib::Object::new();
        // The pool was made a line above, so nothing has been set.
        let _ = pool.imp().settings.set((spec, state.clone()));
        let mut config = pool.config();
        let descriptor_size = nvbufsurface_sys::Generation::NEWEST.surface_size() as u32;
        config.set_params(Some(caps), descriptor_size, size, size);
        pool.set_config(config)
            .and_then(|()| pool.set_active(true))
            .map_err(|error| {
                state
                    .take_allocation_error()
                    .unwrap_or_else(|| failed(&error))
            })?;
        Ok(pool)
    }

    /// Frees the free buffers now, and the others when they come back. A stopped `GstBufferPool`
    /// alone would keep all of them until the last one is back.
    pub(super) fn retire(&self, state: &PoolState) {
        for _ in 0..state.retire() {
            // Dropped at once, which frees it.
            let _ = self.try_acquire(state);
        }
        if let Err(error) = self.set_active(false) {
            tracing::warn!("cannot stop a buffer pool: {error}");
        }
    }

    /// A free buffer, `None` if all are out.
    pub(super) fn try_acquire(&self, state: &PoolState) -> Result<Option<gst::Buffer>, Error> {
        let params =
            gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
        match self.acquire_buffer(Some(&params)) {
            Ok(buffer) => Ok(Some(buffer)),
            // What GStreamer answers for "none free" when told not to wait.
            Err(gst::FlowError::Eos) => Ok(None),
            Err(gst::FlowError::Flushing) => Err(Error::GeneratorClosed),
            Err(error) => {
                Err(state
                    .take_allocation_error()
                    .unwrap_or_else(|| Error::InvalidGenerator {
                        reason: error.to_string(),
                    }))
            }
        }
    }
}

fn failed(error: &glib::BoolError) -> Error {
    Error::InvalidGenerator {
        reason: error.message.to_string(),
    }
}
