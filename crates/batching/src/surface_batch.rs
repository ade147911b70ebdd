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
        let filled = self.fill.lock().finalize()?;
        // This may wait for a transform on another thread; the fill must answer meanwhile.
        let written = self.buffer.set_num_filled(filled);
        if written.is_err() {
            self.fill.lock().reopen();
        }
        Ok(written?)
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use proptest::prelude::*;
    use surfaces::wait::Wait;
    use surfaces::{BufferGenerator, Colour, GeneratorConfig, Padding, VideoFormat, draw};

    use super::*;
    use crate::UniformBatchGenerator;

    const SLOTS: u32 = 4;
    const SIDE: u32 = 8;

    #[derive(Debug, Clone)]
    enum Step {
        Transform(Vec<(u32, u8)>),
        Memset(u32, u8),
        SetNumFilled(u32),
        Finalize,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let slot = 0..SLOTS + 2;
        let step = prop_oneof![
            4 => prop::collection::vec((slot.clone(), any::<u8>()), 0..4).prop_map(Step::Transform),
            3 => (slot.clone(), any::<u8>()).prop_map(|(slot, value)| Step::Memset(slot, value)),
            1 => slot.prop_map(Step::SetNumFilled),
            1 => Just(Step::Finalize),
        ];
        prop::collection::vec(step, 0..16)
    }

    fn source(value: u8) -> SharedBuffer {
        let config = GeneratorConfig {
            pool_size: 1,
            ..GeneratorConfig::new(VideoFormat::Gray8, SIDE, SIDE)
        };
        let pool = BufferGenerator::new(config).unwrap();
        let buffer = pool.acquire(Wait::forever()).unwrap();
        let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
        view.memset(value).unwrap();
        buffer
    }

    fn pixels(batch: &SurfaceBatch, slot: u32) -> Vec<u8> {
        let view = batch.view(slot).unwrap();
        let mut pixels = vec![0; view.packed_size()];
        view.download(&mut pixels).unwrap();
        pixels
    }

    /// What is in the slots, how many are filled, and how many the surface says are filled.
    #[derive(Debug, Clone, PartialEq)]
    struct Model {
        values: [u8; SLOTS as usize],
        filled: u32,
        surface: u32,
        finalized: bool,
    }

    impl Model {
        /// Whether the batch lets this step happen.
        fn step(&mut self, step: &Step) -> bool {
            match step {
                Step::Transform(pictures) => {
                    let mut slots: Vec<_> = pictures.iter().map(|(slot, _)| *slot).collect();
                    slots.sort_unstable();
                    slots.dedup();
                    let possible = slots.len() == pictures.len()
                        && slots.iter().all(|slot| *slot < SLOTS)
                        && !self.finalized;
                    if possible {
                        for &(slot, value) in pictures {
                            self.values[slot as usize] = value;
                            self.filled = self.filled.max(slot + 1);
                        }
                    }
                    possible
                }
                &Step::Memset(slot, value) => {
                    let possible = slot < self.surface.min(SLOTS);
                    if possible {
                        self.values[slot as usize] = value;
                    }
                    possible
                }
                Step::SetNumFilled(count) => {
                    self.surface = *count;
                    true
                }
                Step::Finalize if self.finalized => false,
                Step::Finalize => {
                    (self.finalized, self.surface) = (true, self.filled);
                    true
                }
            }
        }
    }

    fn apply(batch: &SurfaceBatch, step: &Step) -> Result<(), BatchError> {
        match step {
            Step::Transform(pictures) => {
                let sources: Vec<_> = pictures.iter().map(|(_, value)| source(*value)).collect();
                let jobs: Vec<_> = pictures
                    .iter()
                    .zip(&sources)
                    .map(|((slot, _), src)| SlotSource {
                        slot: *slot,
                        src,
                        src_rect: None,
                    })
                    .collect();
                batch.transform_slots(&jobs)
            }
            Step::Memset(slot, value) => Ok(batch.view(*slot)?.memset(*value)?),
            Step::SetNumFilled(count) => Ok(batch.shared_buffer().set_num_filled(*count)?),
            Step::Finalize => batch.finalize(),
        }
    }

    fn generator() -> UniformBatchGenerator {
        let config = GeneratorConfig {
            pool_size: 1,
            batch_size: SLOTS,
            ..GeneratorConfig::new(VideoFormat::Gray8, SIDE, SIDE)
        };
        UniformBatchGenerator::new(config).unwrap()
    }

    #[test]
    fn the_fill_answers_while_finalize_waits_for_the_pixels() {
        let transform = TransformConfig::default();
        let batch = generator().acquire_batch(transform, vec![], Wait::forever());
        let batch = Arc::new(batch.unwrap());
        batch.buffer.set_num_filled(1).unwrap();
        let (send, answers) = mpsc::channel();
        let (finalizing, answer) = draw(&batch.buffer, Colour::default(), |_| {
            let (finalized, watched) = (batch.clone(), batch.clone());
            let finalizing = thread::spawn(move || finalized.finalize());
            thread::spawn(move || {
                while !watched.is_finalized() {
                    thread::yield_now();
                }
                send.send(watched.num_filled())
            });
            (finalizing, answers.recv_timeout(Duration::from_secs(10)))
        })
        .unwrap();
        assert_eq!(answer, Ok(0));
        finalizing.join().unwrap().unwrap();
        assert_eq!(batch.buffer.num_filled().unwrap(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_batch_is_what_was_done_to_it(steps in steps()) {
            let pool = generator();
            let transform = TransformConfig { padding: Padding::None, ..TransformConfig::default() };
            let batch = pool.acquire_batch(transform, vec![], Wait::forever()).unwrap();
            let mut model = Model { values: [0; 4], filled: 0, surface: 0, finalized: false };
            for step in &steps {
                prop_assert_eq!(apply(&batch, step).is_ok(), model.step(step), "{:?}", step);
                prop_assert_eq!(
                    (batch.num_filled(), batch.is_finalized()),
                    (model.filled, model.finalized)
                );
                prop_assert!(batch.view(SLOTS).is_err());
            }
            batch.shared_buffer().set_num_filled(SLOTS).unwrap();
            for slot in 0..SLOTS {
                let value = model.values[slot as usize];
                prop_assert_eq!(pixels(&batch, slot), vec![value; (SIDE * SIDE) as usize]);
            }
            let (first, array) = batch.array("the test").unwrap();
            prop_assert_eq!(array.shape(), &[4, 8, 8]);
            prop_assert_eq!(array.address, first.data_ptr());
            drop((batch, first));
            prop_assert_eq!(pool.stats().in_use, 0);
        }
    }
}
