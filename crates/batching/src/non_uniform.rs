//! Batches of slots of other buffers.

use parking_lot::Mutex;
use surfaces::savant_id::SavantId;
use surfaces::{Error, MemType, SharedBuffer, SurfaceView, assemble, backend};

use crate::error::BatchError;

/// Collects views of any size and format, and makes one buffer of their slots without copying
/// pixels. May be used from any thread.
#[derive(Debug)]
pub struct NonUniformBatch {
    gpu_id: u32,
    /// `None` once the batch is finalized.
    views: Mutex<Option<Vec<SurfaceView>>>,
}

impl NonUniformBatch {
    /// An empty batch for a device. The devices of the views are not compared with it.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`]; also if there is no backend.
    pub fn new(gpu_id: u32) -> Result<Self, Error> {
        backend()?.resolve_mem_type(gpu_id, MemType::Default)?;
        Ok(Self {
            gpu_id,
            views: Mutex::new(Some(Vec::new())),
        })
    }

    /// The device given at construction.
    pub fn gpu_id(&self) -> u32 {
        self.gpu_id
    }

    /// Views added so far.
    ///
    /// # Errors
    /// [`BatchError::Finalized`].
    pub fn num_filled(&self) -> Result<usize, BatchError> {
        let views = self.views.lock();
        views.as_ref().map(Vec::len).ok_or(BatchError::Finalized)
    }

    /// Adds the slot of a view, and holds its buffer.
    ///
    /// # Errors
    /// [`BatchError::Finalized`].
    pub fn add(&self, view: SurfaceView) -> Result<(), BatchError> {
        let mut views = self.views.lock();
        views.as_mut().ok_or(BatchError::Finalized)?.push(view);
        Ok(())
    }

    /// A buffer whose slots are those of the views, in the order in which they were added, all filled,
    /// with `ids`, whose number is not checked. It holds the views' buffers until it is released. The
    /// batch is used up, after an error too. Waits for the work on the views' streams.
    ///
    /// # Errors
    /// [`BatchError::Finalized`], [`BatchError::Empty`], those of [`assemble`].
    pub fn finalize(&self, ids: Vec<SavantId>) -> Result<SharedBuffer, BatchError> {
        let views = self.views.lock().take().ok_or(BatchError::Finalized)?;
        if views.is_empty() {
            return Err(BatchError::Empty);
        }
        let buffer = assemble(self.gpu_id, &views)?;
        buffer.set_savant_ids(ids)?;
        Ok(buffer)
    }
}
