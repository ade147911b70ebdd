//! The `GstBufferPool` of surfaces.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::state::PoolState;
use crate::backend::backend;
use crate::enums::MemType;
use crate::error::Error;
use crate::layout::SurfaceSpec;
use crate::sync::Mutex;

/// What a pool makes, and the surfaces that are free.
struct Stock {
    spec: SurfaceSpec,
    state: Arc<PoolState>,
    /// In the order in which they came back. `None` once the pool has retired.
    free: Mutex<Option<VecDeque<gst::Memory>>>,
}

impl Stock {
    fn allocate(&self) -> Result<gst::Memory, Error> {
        let memory = backend()?.allocate(&self.spec)?;
        self.state.allocated();
        Ok(memory)
    }

    /// In system memory the surface that came back last: it is the likeliest to be in the caches, and those that are
    /// never needed at the same time as the others never take memory. Elsewhere the one that came back first: work
    /// that its last user left on a CUDA stream has had the longest time to end.
    fn take(&self) -> Result<gst::Memory, Error> {
        let free = self.free.lock().as_mut().and_then(|free| {
            if self.spec.mem_type == MemType::System {
                free.pop_back()
            } else {
                free.pop_front()
            }
        });
        free.map_or_else(|| self.allocate(), Ok)
    }

    /// Keeps the surface of a buffer that nobody uses any more, if it still has the one that it was given, for itself.
    fn recover(&self, buffer: &mut gst::BufferRef) {
        let has_changed = buffer.flags().contains(gst::BufferFlags::TAG_MEMORY);
        let memory = if !has_changed && buffer.is_all_memory_writable() {
            buffer.memory(0)
        } else {
            None
        };
        if let Some(free) = &mut *self.free.lock()
            && let Some(memory) = memory
        {
            buffer.remove_all_memory();
            free.push_back(memory);
        } else {
            self.state.freed();
        }
    }
}

mod imp {
    use super::{
        BufferPoolImpl, BufferPoolImplExt, GstObjectImpl, ObjectImpl, ObjectSubclass, OnceLock,
        Stock, glib,
    };

    #[derive(Default)]
    pub struct SurfacePool {
        pub(super) stock: OnceLock<Stock>,
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
            let Some(stock) = self.stock.get() else {
                return Err(gst::FlowError::NotNegotiated);
            };
            let memory = stock.take().map_err(|error| {
                stock.state.set_allocation_error(error);
                gst::FlowError::Error
            })?;
            let mut buffer = gst::Buffer::new();
            buffer.make_mut().append_memory(memory);
            Ok(buffer)
        }

        fn release_buffer(&self, mut buffer: gst::Buffer) {
            let stock = self.stock.get();
            if let Some(stock) = stock {
                stock.state.returning(&buffer);
                if let Some(buffer) = buffer.get_mut() {
                    stock.recover(buffer);
                    // GStreamer, which would hand out first what came back first, frees such a buffer.
                    buffer.set_flags(gst::BufferFlags::TAG_MEMORY);
                }
            }
            self.parent_release_buffer(buffer);
            if let Some(stock) = stock {
                stock.state.released();
            }
        }
    }
}

glib::wrapper! {
    /// A pool whose buffers hold surfaces.
    pub struct SurfacePool(ObjectSubclass<imp::SurfacePool>) @extends gst::BufferPool, gst::Object;
}

impl SurfacePool {
    /// An active pool. With `size` 0 surfaces are allocated on demand, otherwise all at once.
    pub(super) fn new(
        spec: SurfaceSpec,
        caps: &gst::Caps,
        size: u32,
        state: &Arc<PoolState>,
    ) -> Result<Self, Error> {
        let stock = Stock {
            spec,
            state: state.clone(),
            free: Mutex::default(),
        };
        let surfaces = (0..size).map(|_| stock.allocate());
        *stock.free.lock() = Some(surfaces.collect::<Result<_, _>>()?);
        let pool: Self = glib::Object::new();
        // The pool was made a line above, so nothing has been set.
        let _ = pool.imp().stock.set(stock);
        let mut config = pool.config();
        let descriptor_size = nvbufsurface_sys::Generation::NEWEST.surface_size() as u32;
        config.set_params(Some(caps), descriptor_size, 0, size);
        pool.set_config(config)
            .and_then(|()| pool.set_active(true))
            .map_err(|error| Error::InvalidGenerator {
                reason: error.message.to_string(),
            })?;
        Ok(pool)
    }

    /// Frees the free surfaces now, and the others when they come back. A stopped `GstBufferPool`
    /// alone would keep all of them until the last one is back.
    pub(super) fn retire(&self, state: &PoolState) {
        state.retire();
        let free = self
            .imp()
            .stock
            .get()
            .and_then(|stock| stock.free.lock().take());
        for surface in free.into_iter().flatten() {
            drop(surface);
            state.freed();
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
