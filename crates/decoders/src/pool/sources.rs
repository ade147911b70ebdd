//! Which sources a pool has, and which of them have been idle for too long. Knows neither threads nor a clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::EvictionDecision;

/// The sources of a pool with their decoders.
pub(super) struct Sources<D> {
    ttl: Duration,
    by_id: HashMap<String, Source<D>>,
}

struct Source<D> {
    decoder: Arc<D>,
    used_at: Instant,
    /// Calls that are inside the decoder.
    users: usize,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Frames come.
    Live,
    /// It has been idle for too long, and somebody is being asked what to do.
    Pending,
    /// It was evicted, and its last frames are on their way out.
    Leaving,
}

impl<D> Sources<D> {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            by_id: HashMap::new(),
        }
    }

    /// All sources in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Arc<D>)> {
        self.by_id
            .iter()
            .map(|(id, source)| (id.as_str(), &source.decoder))
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Whether somebody is being asked about this source.
    pub(super) fn is_pending(&self, id: &str) -> bool {
        self.by_id
            .get(id)
            .is_some_and(|source| source.phase == Phase::Pending)
    }

    /// Takes a new source in.
    pub(super) fn insert(&mut self, id: &str, decoder: Arc<D>, now: Instant) {
        let source = Source {
            decoder,
            used_at: now,
            users: 0,
            phase: Phase::Live,
        };
        self.by_id.insert(id.to_owned(), source);
    }

    /// Begins a call on a source's decoder. A frame makes it live.
    pub(super) fn enter(&mut self, id: &str, brings_frame: bool) -> Option<Arc<D>> {
        let source = self.by_id.get_mut(id)?;
        source.users += 1;
        if brings_frame && source.phase == Phase::Leaving {
            source.phase = Phase::Live;
        }
        Some(source.decoder.clone())
    }

    /// Ends a call. A frame counts as activity.
    pub(super) fn leave(&mut self, id: &str, brought_frame: bool, now: Instant) {
        if let Some(source) = self.by_id.get_mut(id) {
            source.users = source.users.saturating_sub(1);
            if brought_frame {
                source.used_at = now;
            }
        }
    }

    /// A source that has been idle for longer than it may, the longest first. [`decided`](Self::decided)
    /// must follow.
    pub(super) fn take_overdue(&mut self, now: Instant) -> Option<(String, Arc<D>)> {
        let is_overdue = |source: &&mut Source<D>| {
            source.phase == Phase::Live
                && source.users == 0
                && now.saturating_duration_since(source.used_at) > self.ttl
        };
        let (id, source) = self
            .by_id
            .iter_mut()
            .filter(|(_, source)| is_overdue(source))
            .min_by_key(|(_, source)| source.used_at)?;
        source.phase = Phase::Pending;
        Some((id.clone(), source.decoder.clone()))
    }

    /// What was decided about a source.
    pub(super) fn decided(&mut self, id: &str, decision: EvictionDecision, now: Instant) {
        if let Some(source) = self.by_id.get_mut(id) {
            source.used_at = now;
            source.phase = match decision {
                EvictionDecision::Keep => Phase::Live,
                EvictionDecision::Evict => Phase::Leaving,
            };
        }
    }

    /// Lets go of evicted sources of which nothing is left inside, as `is_at_rest` tells.
    pub(super) fn take_gone(&mut self, is_at_rest: impl Fn(&D) -> bool) -> Vec<Arc<D>> {
        self.by_id
            .extract_if(|_, source| {
                source.phase == Phase::Leaving && source.users == 0 && is_at_rest(&source.decoder)
            })
            .map(|(_, source)| source.decoder)
            .collect()
    }

    /// When the next source will have been idle for too long if nothing happens; `None` when there is none.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_id
            .values()
            .filter(|source| source.phase == Phase::Live)
            // A time too far off to be told never comes.
            .filter_map(|source| source.used_at.checked_add(self.ttl))
            .min()
    }

    /// Whether evicted sources wait for their last frames.
    pub(super) fn has_leaving(&self) -> bool {
        self.by_id
            .values()
            .any(|source| source.phase == Phase::Leaving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(10);

    fn sources(ids: &[&str], now: Instant) -> Sources<u32> {
        let mut sources = Sources::new(TTL);
        for (index, id) in ids.iter().enumerate() {
            sources.insert(id, Arc::new(index as u32), now);
        }
        sources
    }

    fn overdue(sources: &mut Sources<u32>, now: Instant) -> Option<String> {
        sources.take_overdue(now).map(|(id, _)| id)
    }

    #[test]
    fn a_source_is_due_when_it_was_idle_for_longer_than_its_time() {
        let start = Instant::now();
        let mut sources = sources(&["a"], start);
        assert_eq!(sources.next_due(), Some(start + TTL));
        assert_eq!(overdue(&mut sources, start + TTL), None);
        let late = start + TTL + Duration::from_millis(1);
        assert_eq!(overdue(&mut sources, late).as_deref(), Some("a"));
        assert_eq!(overdue(&mut sources, late), None, "it is being decided");
        sources.decided("a", EvictionDecision::Keep, late);
        assert_eq!(sources.next_due(), Some(late + TTL));
    }

    #[test]
    fn only_frames_are_activity_and_a_waiting_submit_is_not_idle() {
        let start = Instant::now();
        let mut sources = sources(&["a", "b"], start);
        let late = start + TTL * 2;
        sources.enter("a", true);
        sources.enter("b", false);
        assert_eq!(overdue(&mut sources, late), None);
        sources.leave("a", true, late);
        sources.leave("b", false, late);
        assert_eq!(overdue(&mut sources, late).as_deref(), Some("b"));
        assert_eq!(overdue(&mut sources, late), None);
    }

    #[test]
    fn an_evicted_source_stays_until_nothing_of_it_is_left_or_a_frame_comes() {
        let start = Instant::now();
        let late = start + TTL * 2;
        let mut sources = sources(&["a", "b"], start);
        for _ in 0..2 {
            let id = overdue(&mut sources, late).expect("both are idle");
            sources.decided(&id, EvictionDecision::Evict, late);
        }
        assert!(sources.has_leaving());
        assert!(sources.take_gone(|_| false).is_empty());
        assert!(sources.enter("b", true).is_some());
        sources.leave("b", true, late);
        assert_eq!(sources.take_gone(|_| true), [Arc::new(0)]);
        assert!(!sources.contains("a") && sources.contains("b"));
        assert!(!sources.has_leaving());
    }

    #[test]
    fn the_longest_idle_source_comes_first() {
        let start = Instant::now();
        let mut sources = sources(&["a", "b", "c"], start);
        for (id, seconds) in [("b", 1), ("a", 2), ("c", 3)] {
            sources.enter(id, true);
            sources.leave(id, true, start + Duration::from_secs(seconds));
        }
        let late = start + TTL * 2;
        let order: Vec<_> = std::iter::from_fn(|| overdue(&mut sources, late)).collect();
        assert_eq!(order, ["b", "a", "c"]);
    }
}
