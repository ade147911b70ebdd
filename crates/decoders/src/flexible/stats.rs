//! What a decoder tells about itself.

use frames::FrameInfo;

use super::core::Core;
use crate::machine::{Counters, Latency};

/// A consistent snapshot of a decoder.
///
/// `counters.submitted` = delivered + skipped + errors + lost + `in_flight`.
#[derive(Debug, Clone)]
pub struct Stats {
    /// Counts of frames.
    pub counters: Counters,
    /// Frames inside the decoder.
    pub in_flight: usize,
    /// Packets waiting for the decoder, frames inside it, outputs waiting for the user.
    pub queue_depths: (usize, usize, usize),
    /// Capacity of the current session's buffer pool and buffers out of it; `None` without a session.
    pub pool: Option<(u32, usize)>,
    /// Presentation time of the frame delivered last, in nanoseconds.
    pub last_pts_ns: Option<u64>,
    /// Time from submission to delivery.
    pub latency: Option<Latency>,
    /// What the pipeline waits for: `"pool"` (all buffers are in the user's hands) or `"callback"`.
    pub blocked_on: Option<&'static str>,
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    pub(super) fn stats(&self) -> Stats {
        let state = self.state.lock();
        let machine = &state.machine;
        let pool = state
            .links
            .iter()
            .max_by_key(|(lane, _)| **lane)
            .map(|(_, link)| link.pool_usage());
        Stats {
            counters: machine.counters().clone(),
            in_flight: machine.in_flight(),
            queue_depths: machine.queue_depths(),
            pool,
            last_pts_ns: state.last_delivered.map(|info: FrameInfo| info.pts_ns),
            latency: machine.counters().latency(),
            blocked_on: if machine.is_blocked() {
                Some("pool")
            } else if machine.is_delivering() {
                Some("callback")
            } else {
                None
            },
        }
    }
}
