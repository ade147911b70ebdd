//! A uniform batch while it is filled and used.

use parking_lot::Mutex;
use surfaces::{
    Error, PlaneDescription, Rect, SharedBuffer, SlotSource, SurfaceView, TransformConfig,
    transform_slots,
};

use crate::error::BatchError;
use crate::fill::Fill;

/// A buffer of a [`UniformBatchGenerator`](crate::UniformBatchGenerator) and how far it is filled.
///
/// Slots are filled by transforms until the batch is finalized; then the surface's fill count is
/// set, and views of the filled slots can be had. May be used from any thread.
#[derive(Debug)]
pub struct SurfaceBatch {
    buffer: SharedBuffer,
    config: TransformConfig,
    fill: Mutex<Fill>,
}

impl SurfaceBatch {
    pub(crate) fn new(buffer: SharedBuffer, slots: u32, config: TransformConfig) -> Self {
        Self {
            buffer,
            config,
            fill: Mutex::new(Fill::new(slots)),
        }
    }

    /// Slots of the batch.
    pub fn max_batch_size(&self) -> u32 {
        self.fill.lock().slots()
    }

    /// One past the highest slot written.
    pub fn num_filled(&self) -> u32 {
        self.fill.lock().filled()
    }

    /// Whether the batch takes no more pictures.
    pub fn is_finalized(&self) -> bool {
        self.fill.lock().is_finalized()
    }

    /// Scales `src_rect` of slot 0 of `src` into a slot, which may have been written before. Blocks
    /// until the pixels are complete.
    ///
    /// # Errors
    /// As [`transform_slots`](Self::transform_slots).
    pub fn transform_slot(
        &self,
        slot: u32,
        src: &SharedBuffer,
        src_rect: Option<Rect>,
    ) -> Result<(), BatchError> {
        self.transform_slots(&[SlotSource {
            slot,
            src,
            src_rect,
        }])
    }

    /// Scales many pictures, each into a slot of its own, in one call of the device or in parallel on
    /// the CPU. Blocks until the pixels are complete. After an error none of these slots counts as
    /// written, and their pixels are not specified.
    ///
    /// # Errors
    /// [`BatchError::Finalized`], also if the batch is finalized meanwhile;
    /// [`BatchError::SlotOutOfBounds`]; those of [`surfaces::transform_slots`].
    pub fn transform_slots(&self, sources: &[SlotSource<'_>]) -> Result<(), BatchError> {
        let slots = sources.iter().map(|source| source.slot);
        self.fill.lock().check(slots.clone())?;
        transform_slots(sources, &self.buffer, &self.config)?;
        self.fill.lock().written(slots)
    }

    /// Ends the filling and writes the surface's fill count, [`num_filled`](Self::num_filled).
    ///
    /// # Errors
    /// [`BatchError::Finalized`], [`Error::NotWritable`].
    pub fn finalize(&self) -> Result<(), BatchError> {
        let mut fill = self.fill.lock();
        fill.check([])?;
        self.buffer.set_num_filled(fill.filled())?;
        fill.finalize()
    }

    /// A view of a slot that the surface counts as filled: none before the batch is finalized.
    ///
    /// # Errors
    /// [`Error::SlotOutOfBounds`].
    pub fn view(&self, slot: u32) -> Result<SurfaceView, Error> {
        /// Every call of this library has completed its work.
        const DEFAULT_STREAM: usize = 0;
        SurfaceView::from_buffer(&self.buffer, slot, DEFAULT_STREAM)
    }

    /// The filled slots as one array, slots first, and a view that keeps the pixels.
    ///
    /// # Errors
    /// [`Error::NoArray`] if no slot is filled or the slots are not evenly spaced,
    /// [`Error::MultiPlane`] for formats with several planes.
    pub fn array(&self, operation: &'static str) -> Result<(SurfaceView, PlaneDescription), Error> {
        let views = (0..self.buffer.num_filled()?)
            .map(|slot| self.view(slot))
            .collect::<Result<Vec<_>, _>>()?;
        let planes = views
            .iter()
            .map(|view| view.interleaved_plane(operation))
            .collect::<Result<Vec<_>, _>>()?;
        let stacked = PlaneDescription::stack(&planes)?;
        views
            .into_iter()
            .next()
            .map(|first| (first, stacked))
            .ok_or(Error::NoArray {
                reason: "no slot is filled",
            })
    }

    /// A further handle of the buffer, at any time. Its fill count is 0 until the batch is finalized.
    pub fn shared_buffer(&self) -> SharedBuffer {
        self.buffer.clone()
    }
}
