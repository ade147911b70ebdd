//! Decoders belong to the process that made the first of them.
//!
//! A forked child has their memory and none of their threads: a call there would wait for ever.

use std::process;
use std::sync::OnceLock;

static HOME: OnceLock<u32> = OnceLock::new();

/// Makes this process the one that decoders work in, if there is none yet.
pub(crate) fn claim() {
    HOME.get_or_init(process::id);
}

/// Whether this is a fork of the process that decoders work in.
pub(crate) fn is_fork() -> bool {
    HOME.get().is_some_and(|&home| home != process::id())
}
