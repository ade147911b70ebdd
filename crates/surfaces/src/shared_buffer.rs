//! A counted handle of a surface buffer.

use std::fmt;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::Error;
use crate::memory::{self, Part};
use crate::meta::savant_id::{self, SavantId};
use crate::reader::{self, SlotInfo, Surface, Trust};

/// A handle of a `GstBuffer` that holds a surface. Clones are further handles of the same buffer;
/// the buffer is released with the last handle, view or pipeline reference.
///
/// Reading and writing of pixels through this crate is synchronised by one lock per buffer, so
/// handles may be used from any thread. Writing needs the only reference to the `GstBuffer`, as
/// everywhere in GStreamer. Pixels reached by address (NumPy) are outside that lock.
#[derive(Clone)]
pub struct SharedBuffer {
    inner: Arc<Inner>,
}

struct Inner {
    /// Written under the write lock: timestamps, metas and pixels.
    buffer: RwLock<gst::Buffer>,
    trust: Trust,
}

impl SharedBuffer {
    /// Takes a buffer over. Whether it holds a surface, in memory of an allocator of surfaces, is
    /// checked when the surface is used.
    pub fn from_buffer(buffer: gst::Buffer) -> Self {
        Self::new(buffer, Trust::Allocator)
    }

    /// Takes over a buffer whose `NvBufSurface` may lie in any kind of memory.
    ///
    /// # Safety
    /// If the buffer's bytes pass for an `NvBufSurface` struct, its pointers must be valid as long
    /// as the buffer lives.
    pub unsafe fn from_trusted_buffer(buffer: gst::Buffer) -> Self {
        Self::new(buffer, Trust::Caller)
    }

    fn new(buffer: gst::Buffer, trust: Trust) -> Self {
        Self {
            inner: Arc::new(Inner {
                buffer: RwLock::new(buffer),
                trust,
            }),
        }
    }

    /// Handles and views of this buffer that exist.
    pub fn strong_count(&self) -> usize {
        Arc::strong_count(&self.inner)
    }

    /// Gives the `GstBuffer` away.
    ///
    /// # Errors
    /// The handle itself and [`Error::Outstanding`] while other handles or views exist.
    pub fn into_buffer(self) -> Result<gst::Buffer, (Self, Error)> {
        Arc::try_unwrap(self.inner)
            .map(|inner| inner.buffer.into_inner())
            .map_err(|inner| {
                let strong_count = Arc::strong_count(&inner);
                (Self { inner }, Error::Outstanding { strong_count })
            })
    }

    /// Calls `look` with the `GstBuffer`. `look` must not modify this buffer through a handle.
    pub fn with_buffer<R>(&self, look: impl FnOnce(&gst::BufferRef) -> R) -> R {
        look(&self.read())
    }

    /// Presentation timestamp in nanoseconds.
    pub fn pts_ns(&self) -> Option<u64> {
        self.read().pts().map(gst::ClockTime::nseconds)
    }

    /// Sets the presentation timestamp.
    ///
    /// # Errors
    /// [`Error::InvalidTime`], [`Error::NotWritable`].
    pub fn set_pts_ns(&self, pts_ns: u64) -> Result<(), Error> {
        let time = clock_time(pts_ns)?;
        self.modify(|buffer| buffer.set_pts(time))
    }

    /// Duration in nanoseconds.
    pub fn duration_ns(&self) -> Option<u64> {
        self.read().duration().map(gst::ClockTime::nseconds)
    }

    /// Sets the duration.
    ///
    /// # Errors
    /// [`Error::InvalidTime`], [`Error::NotWritable`].
    pub fn set_duration_ns(&self, duration_ns: u64) -> Result<(), Error> {
        let time = clock_time(duration_ns)?;
        self.modify(|buffer| buffer.set_duration(time))
    }

    /// The Savant ids, in stored order.
    pub fn savant_ids(&self) -> Vec<SavantId> {
        savant_id::read(&self.read())
    }

    /// Replaces the Savant ids; an empty list removes them.
    ///
    /// # Errors
    /// [`Error::NotWritable`].
    pub fn set_savant_ids(&self, ids: Vec<SavantId>) -> Result<(), Error> {
        self.modify(|buffer| savant_id::replace(buffer, ids))
    }

    /// Sets the surface's `numFilled`, also above its number of slots.
    ///
    /// # Errors
    /// [`Error::NotWritable`], [`Error::NotNvBufSurface`].
    pub fn set_num_filled(&self, count: u32) -> Result<(), Error> {
        self.modify(|buffer| reader::write_num_filled(buffer, count, self.inner.trust))?
    }

    /// Number of slots that hold a frame.
    ///
    /// # Errors
    /// [`Error::NotNvBufSurface`].
    pub fn num_filled(&self) -> Result<u32, Error> {
        Ok(Surface::read(&self.read(), self.inner.trust)?.filled())
    }

    /// A filled slot.
    ///
    /// # Errors
    /// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`].
    pub fn slot(&self, slot: u32) -> Result<SlotInfo, Error> {
        Surface::read(&self.read(), self.inner.trust)?.filled_slot(slot)
    }

    /// Slot 0, filled or not.
    ///
    /// # Errors
    /// [`Error::NotNvBufSurface`].
    pub fn first_slot(&self) -> Result<SlotInfo, Error> {
        self.any_slot(0)
    }

    /// A slot, filled or not.
    ///
    /// # Errors
    /// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`].
    pub fn any_slot(&self, slot: u32) -> Result<SlotInfo, Error> {
        Surface::read(&self.read(), self.inner.trust)?.any_slot(slot)
    }

    /// Address of the `GstBuffer`, valid while a handle exists.
    pub fn as_ptr(&self) -> *mut gst::ffi::GstBuffer {
        self.read().as_ptr().cast_mut()
    }

    /// Whether the memory belongs to somebody who allows no writing.
    pub fn is_read_only(&self) -> bool {
        is_read_only(&self.read())
    }

    /// Excludes writers of the pixels.
    pub(crate) fn lock_pixels(&self) -> impl Sized + '_ {
        self.read()
    }

    /// Excludes readers and writers of the pixels, also those that hold the same `GstBuffer`
    /// through another handle or an element.
    ///
    /// # Errors
    /// [`Error::NotWritable`], [`Error::ReadOnly`].
    pub(crate) fn lock_pixels_mut(&self) -> Result<impl Sized + '_, Error> {
        let mut guard = self.write();
        let exclusive = self.inner.trust == Trust::Caller || guard.get_mut().is_some();
        if !exclusive || guard.iter_memories().any(memory::is_shared) {
            return Err(Error::NotWritable);
        }
        if is_read_only(&guard) {
            return Err(Error::ReadOnly);
        }
        Ok(guard)
    }

    /// Whether both are handles of one buffer.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The place of this buffer among those that one caller locks.
    pub(crate) fn lock_order(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }

    /// A slot, with a reference of its own to the `GstBuffer`.
    pub(crate) fn part(&self, slot: u32) -> Part {
        Part {
            buffer: self.read().clone(),
            trust: self.inner.trust,
            slot,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, gst::Buffer> {
        // Recursive: `with_buffer` may ask other questions while a writer waits.
        self.inner.buffer.read_recursive()
    }

    fn write(&self) -> RwLockWriteGuard<'_, gst::Buffer> {
        self.inner.buffer.write()
    }

    fn modify<R>(&self, change: impl FnOnce(&mut gst::BufferRef) -> R) -> Result<R, Error> {
        self.write().get_mut().map(change).ok_or(Error::NotWritable)
    }
}

impl fmt::Debug for SharedBuffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedBuffer")
            .field("strong_count", &self.strong_count())
            .finish()
    }
}

fn is_read_only(buffer: &gst::BufferRef) -> bool {
    buffer
        .iter_memories()
        .any(|memory| memory.flags().contains(gst::MemoryFlags::READONLY))
}

fn clock_time(nanoseconds: u64) -> Result<gst::ClockTime, Error> {
    if nanoseconds == u64::MAX {
        return Err(Error::InvalidTime);
    }
    Ok(gst::ClockTime::from_nseconds(nanoseconds))
}
