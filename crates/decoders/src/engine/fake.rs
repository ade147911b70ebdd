//! Hardware for tests of machines that have none. It takes a packet and breaks down.

use std::cell::Cell;
use std::sync::Weak;

use super::{Engine, Events, Refused};
use crate::output::Packet;

thread_local! {
    static BUILT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// From now on decoders that this thread builds find hardware.
pub(crate) fn install() {
    BUILT.set(Some(0));
}

pub(super) fn is_installed() -> bool {
    BUILT.get().is_some()
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
