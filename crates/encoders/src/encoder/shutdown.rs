//! Bringing out what is inside, and the end.

use std::sync::Arc;

use surfaces::reaper;
use surfaces::wait::Wait;

use super::core::Core;
use crate::error::EncoderError;

impl<T: Send + Sync + 'static> Core<T> {
    pub(super) fn refuse_in_callback(&self, call: &'static str) -> Result<(), EncoderError> {
        if self.state.lock().delivery.is_this_thread() {
            Err(EncoderError::InsideCallback { call })
        } else {
            Ok(())
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) -> Result<(), EncoderError> {
        let mut state = self.state.lock();
        if !state.machine.close() {
            return Err(EncoderError::ShutDown);
        }
        self.wake(&state);
        Ok(())
    }

    /// Waits until everything has been handed over.
    pub(super) fn drain(self: &Arc<Self>, wait: Wait<'_>) -> Result<(), EncoderError> {
        self.state.lock().machine.flush();
        self.pump();
        let drained = self.sleep(&self.progress, wait, |state| {
            state.machine.is_flushed().then_some(())
        });
        let mut state = self.state.lock();
        // What a shutdown has begun to bring out comes out even when nobody waits for it any more.
        if !state.machine.is_closed() {
            state.machine.resume();
        }
        self.wake(&state);
        drained.map_err(EncoderError::from)
    }

    /// Gives up what is inside.
    pub(super) fn abandon(self: &Arc<Self>) {
        let (remains, session) = {
            let mut state = self.state.lock();
            (state.machine.abandon(), state.session.take())
        };
        drop(remains);
        self.retire(session);
        self.pump();
    }

    /// Waits for the teardowns and for a callback that runs, both within limits.
    pub(super) fn await_end(self: &Arc<Self>) {
        let teardowns = std::mem::take(&mut self.state.lock().teardowns);
        if !teardowns
            .iter()
            .all(|teardown| teardown.wait(Wait::at_most(reaper::TEARDOWN_LIMIT)))
        {
            tracing::error!(
                "{} could not be stopped within {:?} and is left to itself",
                self.info.encoder,
                reaper::TEARDOWN_LIMIT
            );
        }
        let limit = Wait::at_most(reaper::TEARDOWN_LIMIT);
        let ended = self.sleep(&self.progress, limit, |state| {
            (!state.delivery.is_running() || !state.machine.is_delivering()).then_some(())
        });
        if ended.is_err() {
            tracing::warn!("a callback still runs after its encoder was shut down");
        }
    }
}
