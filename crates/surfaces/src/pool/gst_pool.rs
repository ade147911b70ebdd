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

/// What a pool makes, and the surfaces that are not out.
struct Stock {
    spec: SurfaceSpec,
    state: Arc<PoolState>,
    surfaces: Mutex<Surfaces>,
}

#[derive(Default)]
struct Surfaces {
    /// In the order in which they came back.
    free: VecDeque<gst::Memory>,
    /// On their way into a buffer.
    taken: Vec<gst::Memory>,
    /// How many may still be made; `None` for no limit.
    to_make: Option<usize>,
    /// What comes back is freed.
    is_retired: bool,
}

impl Stock {
    fn allocate(&self) -> Result<gst::Memory, Error> {
        let memory = backend()?.allocate(&self.spec)?;
        self.state.allocated();
        Ok(memory)
    }

    /// A surface, `None` if all are out.
    ///
    /// In system memory the one that came back last: it is the likeliest to be in the caches, and those that are never
    /// needed at the same time as the others never take memory. Elsewhere the one that came back first: work that its
    /// last user left on a CUDA stream has had the longest time to end.
    fn take(&self) -> Result<Option<gst::Memory>, Error> {
        {
            let mut surfaces = self.surfaces.lock();
            let free = if self.spec.mem_type == MemType::System {
                surfaces.free.pop_back()
            } else {
                surfaces.free.pop_front()
            };
            if free.is_some() || surfaces.to_make == Some(0) {
                return Ok(free);
            }
            surfaces.count_to_make(-1);
        }
        let made = self.allocate();
        made.map(Some)
            .inspect_err(|_| self.surfaces.lock().count_to_make(1))
    }

    /// Keeps the surface of a buffer that nobody uses any more, if it still has the one that it was given, for itself.
    fn recover(&self, buffer: &mut gst::BufferRef) {
        let has_changed = buffer.flags().contains(gst::BufferFlags::TAG_MEMORY);
        let kept = if !has_changed && buffer.is_all_memory_writable() {
            buffer.memory(0)
        } else {
            None
        };
        // Freed behind the lock where it is not kept after all.
        buffer.remove_all_memory();
        let mut surfaces = self.surfaces.lock();
        match kept {
            Some(memory) if !surfaces.is_retired => surfaces.free.push_back(memory),
            freed => {
                surfaces.count_to_make(1);
                drop(surfaces);
                self.state.freed();
                drop(freed);
            }
        }
    }
}

impl Surfaces {
    fn count_to_make(&mut self, change: isize) {
        if let Some(count) = &mut self.to_make {
            *count = count.saturating_add_signed(change);
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
            let stock = self.stock.get().ok_or(gst::FlowError::NotNegotiated)?;
            let taken = stock.surfaces.lock().taken.pop();
            let mut buffer = gst::Buffer::new();
            // Who acquires without having taken a surface gets what GStreamer says for "none free".
            buffer
                .make_mut()
                .append_memory(taken.ok_or(gst::FlowError::Eos)?);
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
        // Checked here also where nothing is allocated yet.
        spec.slot_layout()?;
        let stock = Stock {
            spec,
            state: state.clone(),
            surfaces: Mutex::default(),
        };
        let free = (0..size)
            .map(|_| stock.allocate())
            .collect::<Result<_, _>>()?;
        *stock.surfaces.lock() = Surfaces {
            free,
            to_make: (size > 0).then_some(0),
            ..Surfaces::default()
        };
        let pool: Self = glib::Object::new();
        // The pool was made a line above, so nothing has been set.
        let _ = pool.imp().stock.set(stock);
        let mut config = pool.config();
        let descriptor_size = nvbufsurface_sys::Generation::NEWEST.surface_size() as u32;
        // Without limits: a buffer is asked for only where there is a surface for it.
        config.set_params(Some(caps), descriptor_size, 0, 0);
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
        let free = self.imp().stock.get().map(|stock| {
            let mut surfaces = stock.surfaces.lock();
            surfaces.is_retired = true;
            std::mem::take(&mut surfaces.free)
        });
        for surface in free.into_iter().flatten() {
            drop(surface);
            state.freed();
        }
        if let Err(error) = self.set_active(false) {
            tracing::warn!("cannot stop a buffer pool: {error}");
        }
    }

    /// A free buffer, `None` if all are out.
    pub(super) fn try_acquire(&self) -> Result<Option<gst::Buffer>, Error> {
        let stock = self.imp().stock.get().ok_or(Error::GeneratorClosed)?;
        let Some(surface) = stock.take()? else {
            return Ok(None);
        };
        stock.surfaces.lock().taken.push(surface);
        let params =
            gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
        self.acquire_buffer(Some(&params))
            .map(Some)
            .map_err(|error| {
                let mut surfaces = stock.surfaces.lock();
                let surface = surfaces.taken.pop();
                surfaces.free.extend(surface);
                match error {
                    gst::FlowError::Flushing => Error::GeneratorClosed,
                    error => Error::InvalidGenerator {
                        reason: error.to_string(),
                    },
                }
            })
    }
}
