//! Pools of surfaces.

mod gst_pool;
pub mod ledger;
mod state;

use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use self::gst_pool::SurfacePool;
use self::state::PoolState;
pub use self::state::PoolStats;
use crate::backend::backend;
use crate::enums::{MemType, SavantIdKind};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig};
use crate::layout::SurfaceSpec;
use crate::shared_buffer::SharedBuffer;
use crate::transform::transform;
use crate::wait::Wait;

/// Most buffers that a pool may have.
pub const MAX_POOL_SIZE: u32 = 16_384;

/// The caps feature of surface buffers.
pub const NVMM_FEATURE: &str = "memory:NVMM";

/// What a [`BufferGenerator`] produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratorConfig {
    /// Pixel format.
    pub format: VideoFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Slots of each buffer, 1 to [`MAX_BATCH_SIZE`](crate::layout::MAX_BATCH_SIZE). Slots of one
    /// buffer are one allocation, at even distances, in all memory but the system memory of NVIDIA's
    /// library.
    pub batch_size: u32,
    /// Frames per second as (numerator, denominator).
    pub fps: (i32, i32),
    /// Device that owns the memory.
    pub gpu_id: u32,
    /// Memory type.
    pub mem_type: MemType,
    /// Number of buffers, all allocated at construction; 0 for no limit and allocation on demand.
    pub pool_size: u32,
}

impl GeneratorConfig {
    /// 4 buffers of one slot at 30 frames per second on device 0, in the default memory type.
    pub const fn new(format: VideoFormat, width: u32, height: u32) -> Self {
        Self {
            format,
            width,
            height,
            batch_size: 1,
            fps: (30, 1),
            gpu_id: 0,
            mem_type: MemType::Default,
            pool_size: 4,
        }
    }

    fn caps(&self) -> Result<gst::Caps, Error> {
        let invalid = |reason: String| Error::InvalidGenerator { reason };
        let side = |name, value| {
            i32::try_from(value)
                .map_err(|_| invalid(format!("the {name} {value} does not fit caps")))
        };
        let (numerator, denominator) = self.fps;
        if numerator < 0 || denominator < 1 {
            return Err(invalid(format!(
                "the framerate {numerator}/{denominator} is not a rate"
            )));
        }
        Ok(gst::Caps::builder("video/x-raw")
            .features([NVMM_FEATURE])
            .field("format", self.format.name())
            .field("width", side("width", self.width)?)
            .field("height", side("height", self.height)?)
            .field("framerate", gst::Fraction::new(numerator, denominator))
            .build())
    }
}

/// A pool of surface buffers. A buffer returns to the pool when its last reference goes,
/// wherever that is. Clones share the pool; it is freed after the last clone and the last buffer.
#[derive(Clone)]
pub struct BufferGenerator {
    inner: Arc<Inner>,
}

struct Inner {
    config: GeneratorConfig,
    mem_type: MemType,
    caps: gst::Caps,
    pool: SurfacePool,
    state: Arc<PoolState>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.pool.retire(&self.state);
    }
}

impl BufferGenerator {
    /// Allocates the pool.
    ///
    /// # Errors
    /// [`Error::InvalidGenerator`], [`Error::InvalidSurfaceSize`], [`Error::NoSuchGpu`],
    /// [`Error::UnsupportedMemType`], [`Error::OutOfMemory`]; also if there is no backend.
    pub fn new(config: GeneratorConfig) -> Result<Self, Error> {
        let backend = backend()?;
        let mem_type = backend.resolve_mem_type(config.gpu_id, config.mem_type)?;
        if config.pool_size > MAX_POOL_SIZE {
            let reason = format!("pool_size {} is above {MAX_POOL_SIZE}", config.pool_size);
            return Err(Error::InvalidGenerator { reason });
        }
        let spec = SurfaceSpec {
            format: config.format,
            width: config.width,
            height: config.height,
            batch_size: config.batch_size,
            gpu_id: config.gpu_id,
            mem_type,
        };
        let caps = config.caps()?;
        let state = Arc::new(PoolState::new(ledger::is_debug()));
        let pool = SurfacePool::new(spec, &caps, config.pool_size, &state)?;
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                mem_type,
                caps,
                pool,
                state,
            }),
        })
    }

    /// The configuration as given.
    pub fn config(&self) -> &GeneratorConfig {
        &self.inner.config
    }

    /// The memory type of the buffers, also where [`MemType::Default`] was asked for.
    pub fn mem_type(&self) -> MemType {
        self.inner.mem_type
    }

    /// A buffer whose first slot is filled, with no timestamps and no ids; its pixels are whatever
    /// its last user left. Blocks while all buffers are out.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Interrupted`], [`Error::GeneratorClosed`],
    /// [`Error::OutOfMemory`].
    pub fn acquire(&self, wait: Wait<'_>) -> Result<SharedBuffer, Error> {
        self.acquire_filled(1, wait)
    }

    /// [`acquire`](Self::acquire) of a buffer with no filled slot.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_unfilled(&self, wait: Wait<'_>) -> Result<SharedBuffer, Error> {
        self.acquire_filled(0, wait)
    }

    fn acquire_filled(&self, filled: u32, wait: Wait<'_>) -> Result<SharedBuffer, Error> {
        let Inner { pool, state, .. } = &*self.inner;
        let buffer = SharedBuffer::from_buffer(state.acquire(wait, || pool.try_acquire())?);
        buffer.set_num_filled(filled)?;
        Ok(buffer)
    }

    /// [`acquire`](Self::acquire) with timestamps in nanoseconds and an id.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`Error::InvalidTime`].
    pub fn acquire_with_params(
        &self,
        pts_ns: Option<u64>,
        duration_ns: Option<u64>,
        frame_id: Option<u128>,
        wait: Wait<'_>,
    ) -> Result<SharedBuffer, Error> {
        let buffer = self.acquire(wait)?;
        if let Some(pts_ns) = pts_ns {
            buffer.set_pts_ns(pts_ns)?;
        }
        if let Some(duration_ns) = duration_ns {
            buffer.set_duration_ns(duration_ns)?;
        }
        if let Some(id) = frame_id {
            buffer.set_savant_ids(vec![(SavantIdKind::Frame, id)])?;
        }
        Ok(buffer)
    }

    /// Scales slot 0 of `src` into a newly acquired buffer. Timestamps and ids are not copied.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and those of
    /// [`Backend::transform`](crate::backend::Backend::transform).
    pub fn transform(
        &self,
        src: &SharedBuffer,
        config: &TransformConfig,
        src_rect: Option<Rect>,
        frame_id: Option<u128>,
        wait: Wait<'_>,
    ) -> Result<SharedBuffer, Error> {
        src.first_slot()?;
        let dst = self.acquire_with_params(None, None, frame_id, wait)?;
        // The destination was acquired a line above and is unknown to others.
        transform(src, src_rect, &dst, config)?;
        Ok(dst)
    }

    /// Caps of the buffers: `video/x-raw(memory:NVMM)` with format, size and framerate.
    pub fn nvmm_caps(&self) -> &gst::Caps {
        &self.inner.caps
    }

    /// The caps as text.
    pub fn nvmm_caps_str(&self) -> String {
        self.inner.caps.to_string()
    }

    /// Buffers that are out.
    pub fn in_use(&self) -> usize {
        self.inner.state.in_use()
    }

    /// Number of buffers of the pool, 0 for no limit.
    pub fn capacity(&self) -> u32 {
        self.inner.config.pool_size
    }

    /// What the pool is doing: a consistent snapshot.
    pub fn stats(&self) -> PoolStats {
        self.inner.state.stats(self.capacity())
    }

    /// Ends blocked and future acquires with [`Error::GeneratorClosed`]. Buffers that are out stay
    /// valid.
    pub fn close(&self) {
        self.inner.state.close();
    }

    /// A handle that closes the generator without keeping its buffers alive.
    pub fn waker(&self) -> Waker {
        Waker {
            state: self.inner.state.clone(),
        }
    }
}

/// Closes a [`BufferGenerator`] from elsewhere.
#[derive(Clone)]
pub struct Waker {
    state: Arc<PoolState>,
}

impl Waker {
    /// See [`BufferGenerator::close`].
    pub fn close(&self) {
        self.state.close();
    }
}

/// Sends the end-of-stream signal to an appsrc.
///
/// # Errors
/// [`Error::SendEos`] if the element is no appsrc or refuses.
pub fn send_eos(appsrc: &gst::Element) -> Result<(), Error> {
    let failed = |reason: &str| Error::SendEos {
        element: appsrc.name().to_string(),
        reason: reason.to_owned(),
    };
    if glib::subclass::SignalId::lookup("end-of-stream", appsrc.type_()).is_none() {
        return Err(failed("it is not an appsrc"));
    }
    match appsrc
        .emit_by_name::<gst::FlowReturn>("end-of-stream", &[])
        .into_result()
    {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(&error.to_string())),
    }
}

#[cfg(test)]
mod tests;
