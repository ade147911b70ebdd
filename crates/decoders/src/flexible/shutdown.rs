//! How a decoder ends, and its sessions.

use std::sync::Arc;

use surfaces::reaper;
use surfaces::wait::Wait;

use super::change::Until;
use super::core::{Core, now};
use super::error::DecoderError;
use crate::machine::LaneId;
use crate::process;

pub(crate) fn refuse_in_fork() -> Result<(), DecoderError> {
    if process::is_fork() {
        Err(DecoderError::Forked)
    } else {
        Ok(())
    }
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().machine.is_closed()
    }

    pub(super) fn refuse_in_callback(&self, call: &'static str) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        if self.owner.is_inside_callback() {
            Err(DecoderError::InsideCallback { call })
        } else {
            Ok(())
        }
    }

    /// Tears the decoder of a lane down.
    pub(super) fn retire(&self, lane: LaneId) {
        let link = {
            let mut state = self.change();
            let Some(link) = state.links.remove(&lane) else {
                return;
            };
            state.retiring += 1;
            link
        };
        let teardown = reaper::retire(move || link.stop());
        let mut state = self.change();
        state.retiring -= 1;
        state.teardowns.retain(|earlier| !earlier.has_ended());
        state.teardowns.push(teardown);
    }

    /// Ends the session: what is inside comes out, and the next frame starts as the first one did. Does not wait.
    pub(super) fn rest(self: &Arc<Self>) {
        let effects = self.change().machine.rest(now());
        if let Some(effects) = effects {
            self.carry_out(effects);
        }
    }

    /// Takes nothing more; what is inside comes out. Does not wait.
    pub(super) fn close(self: &Arc<Self>) -> Result<(), DecoderError> {
        let effects = self.change().machine.close(now());
        self.carry_out(effects.ok_or(DecoderError::ShutDown)?);
        Ok(())
    }

    /// Waits until everything has been handed over, and for the teardown.
    pub(super) fn wait_drained(self: &Arc<Self>, wait: Wait<'_>) -> Result<(), DecoderError> {
        self.sleep(Until::Progress, wait, |state| {
            let is_over =
                state.machine.is_drained() && state.links.is_empty() && state.retiring == 0;
            is_over.then_some(())
        })?;
        self.wait_ended(Wait::at_most(reaper::TEARDOWN_LIMIT));
        Ok(())
    }

    /// Drops everything that is inside, and takes nothing more. Does not wait.
    pub(super) fn abandon(&self, if_open: bool) -> Result<(), DecoderError> {
        let (remains, links): (_, Vec<_>) = {
            let mut state = self.change();
            if if_open && state.machine.is_closed() {
                return Err(DecoderError::ShutDown);
            }
            (
                state.machine.abandon(),
                state.links.drain().map(|(_, link)| link).collect(),
            )
        };
        drop(remains);
        self.sink.close();
        for link in links {
            link.cancel();
            let teardown = reaper::retire(move || link.stop());
            self.state.lock().teardowns.push(teardown);
        }
        Ok(())
    }

    /// Waits for the teardowns and the running callback, once nothing is inside any more. What takes longer
    /// is left to itself.
    pub(super) fn wait_ended(self: &Arc<Self>, wait: Wait<'_>) {
        let teardowns = std::mem::take(&mut self.state.lock().teardowns);
        if !teardowns.iter().all(|teardown| teardown.wait(wait)) {
            tracing::error!(
                "a decoder of source {:?} could not be stopped within {:?} and is left to itself",
                self.source_id,
                reaper::TEARDOWN_LIMIT
            );
        }
        let ended = self.sleep(Until::Progress, wait, |state| {
            (!state.delivery.is_running()).then_some(())
        });
        if ended.is_err() {
            tracing::warn!(
                "a callback of source {:?} still runs after its decoder was shut down",
                self.source_id
            );
        }
    }
}
