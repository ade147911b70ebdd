//! The element at work: made for the first picture, and given up or retired.

use std::sync::Arc;
use std::time::Instant;

use surfaces::SharedBuffer;
use surfaces::pipeline::Events;
use surfaces::reaper;

use super::core::{Core, State};
use super::kind::Kind;
use super::reports::Reports;
use crate::video::Session;

/// The element at work.
pub(super) struct Running {
    /// What its reports carry, so that those of an earlier one do not count.
    pub number: u64,
    pub session: Arc<Session>,
    /// The pipeline knows them weakly.
    reports: Arc<dyn Events>,
}

impl<T: Send + Sync + 'static> Core<T> {
    /// The element at work; made for this picture if there is none.
    pub(super) fn session(self: &Arc<Self>, first: &SharedBuffer) -> Result<Arc<Session>, String> {
        let Kind::Element(plan, _) = &self.kind else {
            return Err("pictures of this codec are coded without an element".to_owned());
        };
        let number = {
            let mut state = self.state.lock();
            if let Some(running) = &state.session {
                return Ok(running.session.clone());
            }
            state.sessions += 1;
            state.sessions
        };
        let reports: Arc<dyn Events> = Arc::new(Reports::new(self, number));
        let events = Arc::downgrade(&reports);
        let session = Arc::new(Session::open(plan, &self.config, first, &events)?);
        {
            let mut state = self.state.lock();
            if state.machine.is_closed() && state.machine.in_flight() == 0 {
                return Err("the encoder is shut down".to_owned());
            }
            state.session = Some(Running {
                number,
                session: session.clone(),
                reports,
            });
            state.machine.opened();
        }
        if let Err(error) = session.start() {
            // If the element has said why, this is too late to change it.
            self.session_left(number, &error);
            return Err(self.state.lock().machine.last_reason().to_owned());
        }
        Ok(session)
    }

    /// Calls `change` if the session with this number is the one at work.
    pub(super) fn in_session(
        self: &Arc<Self>,
        number: u64,
        change: impl FnOnce(&mut State<T>),
    ) -> bool {
        let mut state = self.state.lock();
        let is_current = state
            .session
            .as_ref()
            .is_some_and(|running| running.number == number);
        if is_current {
            change(&mut state);
        }
        drop(state);
        if is_current {
            self.pump();
        }
        is_current
    }

    /// A session is over; pictures that are still inside fail for this reason.
    pub(super) fn session_left(self: &Arc<Self>, number: u64, reason: &str) {
        let mut left = None;
        let is_current = self.in_session(number, |state| {
            left = state.session.take();
            state.machine.left(reason, Instant::now());
        });
        if is_current {
            self.retire(left);
        }
    }

    pub(super) fn retire(&self, running: Option<Running>) {
        let Some(running) = running else { return };
        let teardown = reaper::retire(move || {
            running.session.stop();
            drop(running.reports);
        });
        let mut state = self.state.lock();
        state.teardowns.retain(|earlier| !earlier.has_ended());
        state.teardowns.push(teardown);
    }
}
