//! The thread that evicts idle sources.

use std::sync::Arc;

use std::time::{Duration, Instant};

use surfaces::sync::thread;

use super::config::EvictionDecision;
use super::{Shared, State};
use crate::callback;

/// The shortest time between two looks at the sources.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    /// Starts the thread if it does not run.
    pub(super) fn ensure_sweep(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            if state.is_swept || state.is_closed {
                return;
            }
            state.is_swept = true;
        }
        let shared = self.clone();
        let spawned = thread::Builder::new()
            .name("savant-sweep".into())
            .spawn(move || shared.sweep());
        if let Err(error) = spawned {
            self.state.lock().is_swept = false;
            tracing::error!("no thread to evict idle sources: {error}");
        }
    }

    /// Asks about sources that are idle, and lets go of those that are evicted, until the pool ends.
    fn sweep(&self) {
        let mut state = self.state.lock();
        while !state.is_closed {
            let started = Instant::now();
            if let Some((id, decoder)) = state.sources.take_overdue(started) {
                drop(state);
                let decision = self.decide(&id);
                if decision == EvictionDecision::Evict {
                    // Before anybody may submit again: the next frame must find the session ended.
                    decoder.rest();
                }
                state = self.state.lock();
                state.sources.decided(&id, decision, Instant::now());
                if decision == EvictionDecision::Evict {
                    state.evictions += 1;
                }
                self.decided.notify_all();
                continue;
            }
            let gone = state.let_go();
            if !gone.is_empty() {
                drop(state);
                drop(gone);
                state = self.state.lock();
                continue;
            }
            match state.next_sweep(started, self.config.eviction_ttl) {
                Some(until) => {
                    self.swept.wait_until(&mut state, until);
                }
                None => self.swept.wait(&mut state),
            }
        }
        state.is_swept = false;
        self.decided.notify_all();
    }

    fn decide(&self, id: &str) -> EvictionDecision {
        let Some(decide) = &self.eviction else {
            return EvictionDecision::Evict;
        };
        callback::run(self.owner, None, || decide(id)).unwrap_or_else(|| {
            tracing::error!("the eviction callback panicked: source {id:?} is evicted");
            EvictionDecision::Evict
        })
    }
}

impl<T: Clone + Send + Sync + 'static> State<T> {
    /// When to look again; `None` when there is nothing to look at.
    fn next_sweep(&self, now: Instant, ttl: Duration) -> Option<Instant> {
        let leaving = self
            .sources
            .has_leaving()
            .then(|| now.checked_add(ttl / 4))
            .flatten();
        let due = self.sources.next_due().into_iter().chain(leaving).min()?;
        // A source is due when its time is over, not when it ends.
        Some((due + Duration::from_millis(1)).max(now + MIN_INTERVAL))
    }
}
