//! What a decoder tells about itself.

use frames::FrameInfo;
use surfaces::wait::WaitError;

use super::core::Core;
use super::error::DecoderError;
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
    /// What the pipeline waits for: `"pool"` (all buffers are in the user's hands), `"callback"`, or
    /// `"random_access"` (packets are put aside until one comes from which decoding can begin).
    pub blocked_on: Option<&'static str>,
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// Tells what holds the queue, when `error` is that a submission found no room in time.
    pub(super) fn or_queue_full(&self, error: DecoderError) -> DecoderError {
        match error {
            DecoderError::Wait(WaitError::TimedOut) => self.queue_full(),
            error => error,
        }
    }

    fn queue_full(&self) -> DecoderError {
        let stats = self.stats();
        let holder = match (stats.blocked_on, stats.pool) {
            (Some("pool"), Some((capacity, _))) => {
                format!("all {capacity} output buffers are in use")
            }
            (Some("callback"), _) => {
                "an output is in the user's hands, or waits to be pulled".to_owned()
            }
            _ => "the decoder is at work".to_owned(),
        };
        DecoderError::QueueFull {
            source_id: self.source_id.clone(),
            queued: stats.queue_depths.0,
            holder,
        }
    }

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
            } else if machine.awaits_random_access() {
                Some("random_access")
            } else {
                None
            },
        }
    }
}
