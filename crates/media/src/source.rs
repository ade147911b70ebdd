//! The pipelines of a reader, one after another if its source is live.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::pipeline::{Demuxer, Pull};
use crate::rtp::LostPackets;
use crate::{Location, MediaError};

/// How long the pipeline of a live source may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A source that one thread reads and any may close.
pub(crate) struct Source {
    location: Location,
    lost: LostPackets,
    state: Mutex<State>,
    closed: Condvar,
}

enum State {
    Connected(Arc<Demuxer>),
    /// There is no pipeline before then.
    PausedUntil(Instant),
    Closed,
}

impl Source {
    pub(crate) fn open(location: Location) -> Result<Self, MediaError> {
        let lost = LostPackets::default();
        let demuxer = Demuxer::start(&location, &lost)?;
        Ok(Self {
            location,
            lost,
            state: State::Connected(demuxer.into()).into(),
            closed: Condvar::new(),
        })
    }

    /// The next access unit; waits for at most `timeout`. Connects when a pause is over.
    pub(crate) fn pull(&self, timeout: Duration) -> Result<Pull, MediaError> {
        match self.connected(timeout) {
            Ok(demuxer) => demuxer.pull(timeout),
            Err(Some(pull)) => Ok(pull),
            Err(None) => {
                let demuxer = Arc::new(Demuxer::start(&self.location, &self.lost)?);
                let mut state = self.state.lock();
                if !matches!(*state, State::Closed) {
                    *state = State::Connected(demuxer);
                }
                Ok(Pull::Paused)
            }
        }
    }

    /// The pipeline, or else what there is instead of an access unit, if it is not time to connect.
    fn connected(&self, timeout: Duration) -> Result<Arc<Demuxer>, Option<Pull>> {
        let mut state = self.state.lock();
        match *state {
            State::Connected(ref demuxer) => Ok(demuxer.clone()),
            State::Closed => Err(Some(Pull::End)),
            State::PausedUntil(time) => {
                let now = Instant::now();
                if now >= time {
                    return Err(None);
                }
                self.closed.wait_until(&mut state, time.min(now + timeout));
                Err(Some(Pull::Paused))
            }
        }
    }

    /// Stops the pipeline; the next one starts after `delay`.
    pub(crate) fn pause(&self, delay: Duration) {
        self.replace(State::PausedUntil(Instant::now() + delay));
    }

    /// Stops reading, wakes whoever waits and frees the pipeline.
    pub(crate) fn close(&self) {
        self.replace(State::Closed);
        self.closed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(*self.state.lock(), State::Closed)
    }

    fn replace(&self, new: State) {
        let mut state = self.state.lock();
        if matches!(*state, State::Closed) {
            return;
        }
        let old = std::mem::replace(&mut *state, new);
        drop(state);
        // Without the lock, as that takes a while.
        if let State::Connected(demuxer) = old {
            if self.location.is_live() {
                self.stop_in_time(&demuxer);
            } else {
                demuxer.stop();
            }
        }
    }

    /// Stops the pipeline of a live source on a thread of its own and does not wait for ever: `rtspsrc` can lock up
    /// when its server drops a connection that has just begun.
    fn stop_in_time(&self, demuxer: &Arc<Demuxer>) {
        let (done, stopped) = mpsc::channel();
        let stopping = demuxer.clone();
        let stop = move || {
            stopping.stop();
            drop(stopping);
            // Whoever waits may have given up.
            let _ = done.send(());
        };
        let name = "media-stop".to_owned();
        if thread::Builder::new().name(name).spawn(stop).is_err() {
            demuxer.stop();
        } else if stopped.recv_timeout(STOP_LIMIT).is_err() {
            tracing::warn!(
                "{}: a pipeline that does not stop is left behind",
                self.location
            );
            // The thread that hangs keeps it; nobody else may wait for it.
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.close();
    }
}
