//! What tests do with decoders: hardware where there is none, which takes a packet and breaks down, and decoders that
//! want others in their place.

use std::cell::Cell;
use std::sync::Weak;

use super::{Engine, Events, Refused};
use crate::output::Packet;

thread_local! {
    static BUILT: Cell<Option<usize>> = const { Cell::new(None) };
    static ILL_STAFFED: Cell<bool> = const { Cell::new(false) };
}

/// From now on decoders that this thread builds find hardware.
pub(crate) fn install() {
    BUILT.set(Some(0));
}

pub(super) fn is_installed() -> bool {
    BUILT.get().is_some()
}

/// From now on all decoders of packets, for this thread, have other threads than are due.
#[cfg(feature = "shuttle")]
pub(crate) fn staff_badly() {
    ILL_STAFFED.set(true);
}

pub(super) fn are_all_ill_staffed() -> bool {
    ILL_STAFFED.get()
}

/// How often such a decoder was built.
pub(crate) fn built() -> usize {
    BUILT.get().unwrap_or(0)
}

pub(super) struct FakeEngine {
    events: Weak<dyn Events>,
}

impl FakeEngine {
    pub(super) fn new(events: Weak<dyn Events>) -> Self {
        BUILT.set(Some(built() + 1));
        Self { events }
    }

    fn tell(&self, event: impl FnOnce(&dyn Events)) {
        if let Some(events) = self.events.upgrade() {
            event(&*events);
        }
    }
}

impl Engine for FakeEngine {
    fn start(&self) -> Result<(), String> {
        self.tell(|events| events.hungry());
        Ok(())
    }

    fn feed(&self, _key: u64, _packet: Packet) -> Result<(), Refused> {
        self.tell(|events| events.failed("the chip is gone"));
        Ok(())
    }

    fn end(&self) {
        self.tell(|events| events.ended());
    }

    fn stop(&self) {}
}
