//! Who holds the buffers of a pool: a debug mode of the process.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use crate::backend::backend;
use crate::error::Error;
use crate::reader::{Surface, Trust};
use crate::wait::Wait;

/// The environment variable whose value 1 turns the debug mode on. It is read once.
pub const DEBUG_VARIABLE: &str = "SAVANT_POOL_DEBUG";

/// What fills the planes of free buffers in the debug mode, so that use after release shows.
pub const POISON: u8 = 0xa5;

/// Whether pools remember who holds their buffers, and poison free ones.
pub fn is_debug() -> bool {
    static DEBUG: OnceLock<bool> = OnceLock::new();
    *DEBUG.get_or_init(|| std::env::var_os(DEBUG_VARIABLE).is_some_and(|value| value == "1"))
}

/// A buffer that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Where it was acquired: what [`Wait::called_from`] says, else the thread's name.
    pub place: String,
    /// When that was.
    pub since: Instant,
}

/// The buffers that are out, by their address.
#[derive(Default)]
pub(super) struct Ledger(HashMap<usize, Holder>);

impl Ledger {
    pub(super) fn acquired(&mut self, buffer: usize, wait: &Wait<'_>) {
        let place = wait.caller().map_or_else(this_thread, str::to_owned);
        let since = Instant::now();
        self.0.insert(buffer, Holder { place, since });
    }

    pub(super) fn returning(&mut self, buffer: usize) {
        self.0.remove(&buffer);
    }

    /// The longest holders first.
    pub(super) fn holders(&self) -> Vec<Holder> {
        let mut holders: Vec<_> = self.0.values().cloned().collect();
        holders.sort_by_key(|holder| holder.since);
        holders
    }
}

fn this_thread() -> String {
    let thread = thread::current();
    thread
        .name()
        .map_or_else(|| format!("{:?}", thread.id()), str::to_owned)
}

/// Overwrites the pixels of all slots of a buffer that nobody has any more.
pub(super) fn poison(buffer: &gst::BufferRef) {
    let fill = || -> Result<(), Error> {
        let (backend, surface) = (backend()?, Surface::read(buffer, Trust::Allocator)?);
        for slot in 0..surface.batch_size() {
            // SAFETY: the pool has the only reference to the buffer.
            unsafe { backend.memset(&surface.any_slot(slot)?, POISON)? };
        }
        Ok(())
    };
    if let Err(error) = fill() {
        tracing::warn!("a free buffer is not poisoned: {error}");
    }
}
