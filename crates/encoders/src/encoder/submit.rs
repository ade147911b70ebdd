//! Taking pictures in.

use std::sync::Arc;
use std::time::Instant;

use surfaces::wait::Wait;
use surfaces::{Error, SavantIdKind, SharedBuffer};

use super::core::Core;
use super::{Rejected, Submission};
use crate::error::EncoderError;

/// What was given beside a picture.
pub(super) struct Item<T> {
    pub frame: Option<T>,
    pub id: Option<u128>,
    pub pts_ns: Option<u64>,
    pub duration_ns: Option<u64>,
}

/// The id of the frame in a buffer.
fn frame_id(buffer: &SharedBuffer) -> Option<u128> {
    let ids = buffer.savant_ids();
    ids.iter()
        .find_map(|(kind, id)| (*kind == SavantIdKind::Frame).then_some(*id))
}

impl<T: Send + Sync + 'static> Core<T> {
    /// Whether the buffer can be encoded here.
    fn check(&self, buffer: &SharedBuffer) -> Result<(), EncoderError> {
        if self.is_closed() {
            return Err(EncoderError::ShutDown);
        }
        let strong_count = buffer.strong_count();
        if strong_count != 1 {
            return Err(Error::Outstanding { strong_count }.into());
        }
        let filled = buffer.num_filled()?;
        let slot = buffer.first_slot()?;
        let (width, height) = (slot.width, slot.height);
        if filled != 1 || (width, height) != (self.config.width, self.config.height) {
            return Err(EncoderError::Buffer {
                pictures: filled,
                width,
                height,
                wanted: (self.config.width, self.config.height),
            });
        }
        if slot.format().is_none() {
            return Err(Error::UnsupportedConversion {
                color_format: slot.color_format,
                reason: "only the formats of VideoFormat can be encoded",
            }
            .into());
        }
        Ok(())
    }

    /// Takes a picture, in turn with other callers.
    pub(super) fn submit(
        self: &Arc<Self>,
        submission: Submission<T>,
        wait: Wait<'_>,
    ) -> Result<(), Box<Rejected>> {
        let Submission {
            buffer,
            frame,
            id,
            pts_ns,
            duration_ns,
        } = submission;
        if let Err(error) = self.check(&buffer) {
            return Err(Box::new(Rejected { buffer, error }));
        }
        let item = Item {
            frame,
            id: id.or_else(|| frame_id(&buffer)),
            pts_ns: buffer.pts_ns().or(pts_ns),
            duration_ns: buffer.duration_ns().or(duration_ns),
        };
        let mut given = Some((item, buffer));
        let result = self.take(&mut given, wait);
        if let (Err(error), Some((_, buffer))) = (result, given) {
            return Err(Box::new(Rejected { buffer, error }));
        }
        self.pump();
        Ok(())
    }

    /// Takes what is given as soon as there is room for it.
    fn take(
        self: &Arc<Self>,
        given: &mut Option<(Item<T>, SharedBuffer)>,
        wait: Wait<'_>,
    ) -> Result<(), EncoderError> {
        let is_reentrant = self.state.lock().delivery.is_this_thread();
        let _turn = if is_reentrant {
            None
        } else {
            Some(self.turns.take(wait)?.ok_or(EncoderError::ShutDown)?)
        };
        self.sleep(&self.room, wait, |state| {
            if state.machine.is_closed() {
                return Some(Err(EncoderError::ShutDown));
            }
            if !state.machine.has_room(is_reentrant) {
                let queued = state.machine.depths().0;
                return is_reentrant.then_some(Err(EncoderError::CallbackOverrun { queued }));
            }
            let (item, buffer) = given.take()?;
            state.machine.submit(item, buffer, Instant::now());
            Some(Ok(()))
        })?
    }
}
