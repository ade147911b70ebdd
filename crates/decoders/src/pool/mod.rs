//! Many streams, each with a decoder of its own.

mod config;
mod sources;
mod stats;
mod sweep;

use std::sync::Arc;
use std::time::Instant;

pub use config::{EvictionCallback, EvictionDecision, FlexibleDecoderPoolConfig};
use sources::Sources;
pub use stats::PoolStats;
use surfaces::reaper;
use surfaces::sync::{Condvar, Mutex};
use surfaces::wait::{Wait, WaitError};

use crate::callback::{self, Owner};
use crate::flexible::{
    DecoderError, FlexibleDecoder, FlexibleDecoderConfig, Submission, refuse_in_fork,
};
use crate::machine::Counters;
use crate::output::{Output, Sink};
use crate::process;

type Decoder<T> = FlexibleDecoder<T>;

/// Decodes any number of streams: each source has a [`FlexibleDecoder`] of its own, made when its first frame
/// comes and let go of when nothing has been submitted for it for long.
///
/// An evicted source is drained in the background; if a frame of it comes, it starts as a new one does, behind
/// the last old frame. No source waits for another. All outputs go to one sink, those of different sources from
/// different threads. The methods may be called from any thread, also from the sink.
pub struct FlexibleDecoderPool<T: Clone + Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
}

/// What the threads of a pool share. The lock is never held while foreign code runs; a decoder's own lock may be
/// taken under it.
struct Shared<T: Clone + Send + Sync + 'static> {
    config: FlexibleDecoderPoolConfig<T>,
    sink: Arc<dyn Sink<T>>,
    eviction: Option<EvictionCallback>,
    owner: Owner,
    state: Mutex<State<T>>,
    /// A decision about a source has been taken, or the pool ends.
    decided: Condvar,
    /// The sweep thread has something to do.
    swept: Condvar,
}

struct State<T: Clone + Send + Sync + 'static> {
    sources: Sources<Decoder<T>>,
    /// The counts of decoders that are gone.
    ended: Counters,
    evictions: u64,
    is_closed: bool,
    /// The sweep thread runs.
    is_swept: bool,
}

impl<T: Clone + Send + Sync + 'static> FlexibleDecoderPool<T> {
    /// A pool without sources. No device and no thread is used before the first frame. `eviction` decides about
    /// sources that are idle; without it all of them are evicted.
    pub fn new(
        config: FlexibleDecoderPoolConfig<T>,
        sink: Arc<dyn Sink<T>>,
        eviction: Option<EvictionCallback>,
    ) -> Self {
        let state = State {
            sources: Sources::new(config.eviction_ttl),
            ended: Counters::default(),
            evictions: 0,
            is_closed: false,
            is_swept: false,
        };
        Self {
            shared: Arc::new(Shared {
                config,
                sink,
                eviction,
                owner: Owner::default(),
                state: Mutex::new(state),
                decided: Condvar::new(),
                swept: Condvar::new(),
            }),
        }
    }

    /// Takes a frame of any source; see [`FlexibleDecoder::submit`]. Blocks also while it is being decided
    /// whether its source is evicted. From a callback of this pool it never blocks.
    pub fn submit(&self, submission: Submission<T>, wait: Wait<'_>) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        let source_id = submission.source_id.clone();
        let visit = self.shared.enter(&source_id, wait)?;
        visit.decoder.submit(submission, wait).map_err(of_pool)
    }

    /// Hands a logical end of stream on, behind every frame of that source submitted before it; at once for a
    /// source that is not there. It is no activity of the source.
    pub fn source_eos(&self, source_id: &str, wait: Wait<'_>) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        if let Some(visit) = self.shared.enter_present(source_id)? {
            return visit.decoder.source_eos(source_id, wait).map_err(of_pool);
        }
        let output = Output::SourceEos {
            source_id: source_id.to_owned(),
        };
        let sink = &self.shared.sink;
        if callback::run(self.shared.owner, None, || sink.take(output)).is_none() {
            tracing::error!("the result callback of source {source_id:?} panicked");
        }
        Ok(())
    }

    /// Says that packets of a source were lost; see [`FlexibleDecoder::discontinuity`]. Does nothing for a source
    /// that is not there, and is no activity. Never waits.
    pub fn discontinuity(&self, source_id: &str) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        match self.shared.enter_present(source_id)? {
            Some(visit) => visit.decoder.discontinuity(source_id).map_err(of_pool),
            None => Ok(()),
        }
    }

    /// Delivers everything that is inside and takes nothing more. Blocks until all outputs have been handed over
    /// or `wait` is over; what is inside then is dropped, and counts as lost.
    pub fn graceful_shutdown(&self, wait: Wait<'_>) -> Result<(), DecoderError> {
        let decoders = self.shared.close("graceful_shutdown()")?;
        for decoder in &decoders {
            decoder.close();
        }
        for decoder in &decoders {
            match decoder.wait_drained(wait) {
                Err(DecoderError::Wait(WaitError::TimedOut)) => {
                    self.shared.sink.close();
                    abandon(&decoders);
                    break;
                }
                result => result?,
            }
        }
        self.shared.wait_swept();
        self.shared.sink.end();
        Ok(())
    }

    /// Drops everything that is inside; it counts as lost. Blocks for running callbacks and for the teardowns, at
    /// most some seconds for all together.
    pub fn shutdown(&self) -> Result<(), DecoderError> {
        let decoders = self.shared.close("shutdown()")?;
        self.shared.sink.close();
        abandon(&decoders);
        self.shared.wait_swept();
        self.shared.sink.end();
        Ok(())
    }

    /// For the end of the process; see [`FlexibleDecoder::end`].
    pub fn end(&self) {
        if process::is_fork() {
            return;
        }
        drop(self.shared.end());
        self.shared.sink.close();
        abandon(&self.shared.decoders());
        self.shared.wait_swept();
        self.shared.sink.end();
    }

    /// Whether the pool takes nothing more.
    pub fn is_shut_down(&self) -> bool {
        self.shared.state.lock().is_closed
    }

    /// The counters of all sources; works after a shutdown too.
    pub fn stats(&self) -> PoolStats {
        self.shared.stats()
    }
}

/// Drops what is inside of these decoders, all at the same time.
fn abandon<T: Clone + Send + Sync + 'static>(decoders: &[Arc<Decoder<T>>]) {
    for decoder in decoders {
        decoder.abandon();
    }
    let wait = Wait::at_most(reaper::TEARDOWN_LIMIT);
    for decoder in decoders {
        decoder.wait_ended(wait);
    }
}

fn of_pool(error: DecoderError) -> DecoderError {
    match error {
        DecoderError::ShutDown => DecoderError::PoolShutDown,
        error => error,
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for FlexibleDecoderPool<T> {
    fn drop(&mut self) {
        if process::is_fork() {
            std::mem::forget(self.shared.clone());
            return;
        }
        // Its decoders are torn down in the background.
        self.shared.sink.end();
        for decoder in self.shared.end().unwrap_or_default() {
            decoder.abandon();
        }
    }
}

/// The pool's sink in the hands of one decoder, whose end is not the sink's.
struct Lent<T>(Arc<dyn Sink<T>>);

impl<T> Sink<T> for Lent<T> {
    fn take(&self, output: Output<T>) {
        self.0.take(output);
    }

    fn scope(&self, work: &mut dyn FnMut()) {
        self.0.scope(work);
    }

    fn ready(&self, wait: Wait<'_>) -> Result<(), WaitError> {
        self.0.ready(wait)
    }
}

/// A call on a source's decoder, until it is dropped.
struct Visit<'a, T: Clone + Send + Sync + 'static> {
    shared: &'a Shared<T>,
    source_id: &'a str,
    brings_frame: bool,
    decoder: Arc<Decoder<T>>,
}

impl<T: Clone + Send + Sync + 'static> Drop for Visit<'_, T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state
            .sources
            .leave(self.source_id, self.brings_frame, Instant::now());
    }
}

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    /// The decoder for a frame of this source, made if there is none.
    fn enter<'a>(
        self: &'a Arc<Self>,
        source_id: &'a str,
        wait: Wait<'_>,
    ) -> Result<Visit<'a, T>, DecoderError> {
        let may_wait = !self.owner.is_inside_callback();
        let (visit, is_swept) = {
            let mut state = self.state.lock();
            let is_open = wait.on(&self.decided, &mut state, |state| {
                let must_wait = may_wait && !state.is_closed && state.sources.is_pending(source_id);
                (!must_wait).then_some(!state.is_closed)
            });
            let is_open = is_open.map_err(|error| match error {
                WaitError::TimedOut => DecoderError::Undecided {
                    source_id: source_id.to_owned(),
                },
                WaitError::Interrupted => error.into(),
            })?;
            if !is_open {
                return Err(DecoderError::PoolShutDown);
            }
            if !state.sources.contains(source_id) {
                let decoder = Arc::new(self.decoder(source_id));
                state.sources.insert(source_id, decoder, Instant::now());
                self.swept.notify_one();
            }
            (self.visit(&mut state, source_id, true), state.is_swept)
        };
        if !is_swept {
            self.ensure_sweep();
        }
        visit.ok_or(DecoderError::PoolShutDown)
    }

    /// The decoder of this source, if there is one.
    fn enter_present<'a>(
        &'a self,
        source_id: &'a str,
    ) -> Result<Option<Visit<'a, T>>, DecoderError> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(DecoderError::PoolShutDown);
        }
        Ok(self.visit(&mut state, source_id, false))
    }

    fn visit<'a>(
        &'a self,
        state: &mut State<T>,
        source_id: &'a str,
        brings_frame: bool,
    ) -> Option<Visit<'a, T>> {
        Some(Visit {
            shared: self,
            source_id,
            brings_frame,
            decoder: state.sources.enter(source_id, brings_frame)?,
        })
    }

    fn decoder(&self, source_id: &str) -> Decoder<T> {
        let config = FlexibleDecoderConfig {
            source_id: source_id.to_owned(),
            stream: self.config.stream.clone(),
        };
        let sink = Arc::new(Lent(self.sink.clone()));
        FlexibleDecoder::owned(config, sink, self.owner)
    }

    /// Takes nothing more, and returns all decoders for the caller to end.
    fn close(&self, call: &'static str) -> Result<Vec<Arc<Decoder<T>>>, DecoderError> {
        refuse_in_fork()?;
        if self.owner.is_inside_callback() {
            return Err(DecoderError::InsideCallback { call });
        }
        self.end().ok_or(DecoderError::PoolShutDown)
    }

    /// The same, for the end of the pool; `None` when it has been shut down.
    fn end(&self) -> Option<Vec<Arc<Decoder<T>>>> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.is_closed, true) {
            return None;
        }
        self.decided.notify_all();
        self.swept.notify_all();
        drop(state);
        Some(self.decoders())
    }

    fn decoders(&self) -> Vec<Arc<Decoder<T>>> {
        let state = self.state.lock();
        let decoders = state.sources.iter().map(|(_, decoder)| decoder.clone());
        decoders.collect()
    }

    /// Waits for the sweep thread, which may be inside the eviction callback.
    fn wait_swept(&self) {
        let wait = Wait::at_most(reaper::TEARDOWN_LIMIT);
        let ended = wait.on(&self.decided, &mut self.state.lock(), |state| {
            (!state.is_swept).then_some(())
        });
        if ended.is_err() {
            tracing::warn!("an eviction callback still runs after its pool was shut down");
        }
    }
}
