//! The counts of a decoder. They change in one place, as outputs leave.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Flow, Outgoing};

/// Latencies kept for the percentiles.
const WINDOW: usize = 1024;

/// Counts of frames and the latencies of the latest ones.
///
/// `submitted` = `delivered` + all of `skipped` + `errors` + `lost` + the frames still inside.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Frames taken.
    pub submitted: u64,
    /// Frames handed over with their picture.
    pub delivered: u64,
    /// Frames handed over without a picture, by [`SkipReason::name`](crate::SkipReason::name).
    pub skipped: BTreeMap<&'static str, u64>,
    /// Frames ended by an error.
    pub errors: u64,
    /// Frames dropped by an immediate shutdown.
    pub lost: u64,
    /// Pictures that belonged to no frame; not part of the sum.
    pub orphans: u64,
    latencies: VecDeque<Duration>,
    longest: Duration,
}

/// Time from submission to delivery over the latest frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Median of the latest 1024 frames.
    pub p50: Duration,
    /// 99th percentile of the latest 1024 frames.
    pub p99: Duration,
    /// The longest of all frames.
    pub max: Duration,
}

impl Counters {
    pub(super) fn account<F: Flow>(&mut self, output: &Outgoing<F>) {
        match output {
            Outgoing::Frame(_, _, latency) => {
                self.delivered += 1;
                self.longest = self.longest.max(*latency);
                if self.latencies.len() == WINDOW {
                    self.latencies.pop_front();
                }
                self.latencies.push_back(*latency);
            }
            Outgoing::Skipped(_, reason) => *self.skipped.entry(reason.name()).or_default() += 1,
            Outgoing::Error(Some(_), _) => self.errors += 1,
            Outgoing::Orphan(_) => self.orphans += 1,
            Outgoing::Error(None, _) | Outgoing::SourceEos(_) | Outgoing::ParameterChange(..) => {}
        }
    }

    /// The latencies, once a frame has been delivered.
    pub fn latency(&self) -> Option<Latency> {
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| {
            sorted
                .get(sorted.len().saturating_sub(1) * percent / 100)
                .copied()
        };
        Some(Latency {
            p50: at(50)?,
            p99: at(99)?,
            max: self.longest,
        })
    }

    /// Adds the counts of another decoder, and its latencies.
    pub fn absorb(&mut self, other: &Self) {
        self.absorb_ended(other);
        self.latencies.extend(&other.latencies);
    }

    /// Adds the counts of a decoder that is gone: of its latencies only the longest stays.
    pub fn absorb_ended(&mut self, other: &Self) {
        self.submitted += other.submitted;
        self.delivered += other.delivered;
        for (reason, count) in &other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.errors += other.errors;
        self.lost += other.lost;
        self.orphans += other.orphans;
        self.longest = self.longest.max(other.longest);
    }

    /// All frames that have ended.
    pub fn ended(&self) -> u64 {
        self.delivered + self.skipped.values().sum::<u64>() + self.errors + self.lost
    }
}
