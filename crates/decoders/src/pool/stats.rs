//! What a pool tells about itself.

use std::collections::BTreeMap;

use super::{Decoder, Shared, State};
use crate::flexible::Stats;
use crate::machine::Counters;

/// A snapshot of a pool: each source's own is consistent, and so are their sums.
#[derive(Debug, Clone)]
pub struct PoolStats {
    /// The sums over the sources that are there and those that were evicted. Latencies are those of the sources
    /// that are there; `last_pts_ns` and `blocked_on` are `None`.
    pub total: Stats,
    /// How often a source has been evicted.
    pub evictions: u64,
    /// The sources that are there.
    pub sources: BTreeMap<String, Stats>,
}

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    pub(super) fn stats(&self) -> PoolStats {
        let state = self.state.lock();
        let sources: BTreeMap<String, Stats> = state
            .sources
            .iter()
            .map(|(id, decoder)| (id.to_owned(), decoder.stats()))
            .collect();
        let mut total = Stats::of_ended(state.ended.clone());
        for stats in sources.values() {
            total.absorb(stats);
        }
        PoolStats {
            total,
            evictions: state.evictions,
            sources,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> State<T> {
    /// Takes out what is left of evicted sources, for the caller to drop after it has released its lock. Their
    /// counts stay.
    pub(super) fn let_go(&mut self) -> Vec<std::sync::Arc<Decoder<T>>> {
        let gone = self.sources.take_gone(Decoder::is_at_rest);
        for decoder in &gone {
            self.ended.absorb_ended(&decoder.stats().counters);
        }
        gone
    }
}

impl Stats {
    /// Of decoders that are gone.
    fn of_ended(counters: Counters) -> Self {
        Self {
            latency: counters.latency(),
            counters,
            in_flight: 0,
            queue_depths: (0, 0, 0),
            pool: None,
            last_pts_ns: None,
            blocked_on: None,
        }
    }

    /// Adds another decoder's.
    fn absorb(&mut self, other: &Self) {
        self.counters.absorb(&other.counters);
        self.latency = self.counters.latency();
        self.in_flight += other.in_flight;
        let (input, decoder, output) = other.queue_depths;
        self.queue_depths.0 += input;
        self.queue_depths.1 += decoder;
        self.queue_depths.2 += output;
        if let Some((capacity, in_use)) = other.pool {
            let (all, used) = self.pool.unwrap_or_default();
            self.pool = Some((all.saturating_add(capacity), used + in_use));
        }
    }
}
