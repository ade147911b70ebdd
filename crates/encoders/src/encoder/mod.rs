//! The encoder: surfaces in, packets out.

mod core;
mod delivery;
mod kind;
mod reports;
mod session;
mod shutdown;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use surfaces::SharedBuffer;
use surfaces::wait::Wait;

use self::core::Core;
use self::kind::Kind;
use crate::config::EncoderConfig;
use crate::error::EncoderError;
use crate::machine::Counters;
use crate::output::{EncoderInfo, Sink};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Encoders that exist in this process, for finding leaks.
pub fn live_encoders() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// A picture for an encoder.
pub struct Submission<T> {
    /// The only handle of the buffer whose slot 0 is encoded.
    pub buffer: SharedBuffer,
    /// Comes back with the picture's output.
    pub frame: Option<T>,
    /// Comes back too; without it the buffer's own id does.
    pub id: Option<u128>,
    /// When the buffer has no presentation time.
    pub pts_ns: Option<u64>,
    /// When the buffer has no duration.
    pub duration_ns: Option<u64>,
}

/// A picture that was not taken, with the reason.
#[derive(Debug)]
pub struct Rejected {
    /// The handle that was given.
    pub buffer: SharedBuffer,
    /// Why it was not taken.
    pub error: EncoderError,
}

/// A consistent snapshot of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// The counters.
    pub counters: Counters,
    /// Pictures without an outcome.
    pub in_flight: usize,
    /// Pictures in front of the element, inside it, and outputs in front of the user.
    pub queue_depths: (usize, usize, usize),
}

/// Encodes pictures of one size into packets of one codec.
///
/// Every picture that is taken ends in exactly one output, or counts as lost after
/// [`shutdown`](Self::shutdown). Outputs are handed to the sink by one thread of the encoder, in the order of
/// the packets. The methods may be called from any thread.
pub struct Encoder<T: Send + Sync + 'static> {
    core: Arc<Core<T>>,
}

impl<T: Send + Sync + 'static> Encoder<T> {
    /// Checks the configuration and chooses who encodes. No thread is used before the first picture.
    ///
    /// # Errors
    /// What is wrong with the configuration, or missing on this machine.
    pub fn new(config: EncoderConfig, sink: impl Sink<T> + 'static) -> Result<Self, EncoderError> {
        let kind = Kind::of(&config)?;
        LIVE.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            core: Core::new(config, kind, Box::new(sink)),
        })
    }

    /// Takes a picture. Blocks while as many pictures wait as twice the cores, at least 8, and while earlier
    /// callers do; from the sink it never blocks.
    ///
    /// The buffer goes back to its pool as soon as its pixels have been read, at the latest when the output
    /// is handed over.
    ///
    /// # Errors
    /// The buffer and the reason, if the picture was not taken.
    pub fn submit(&self, submission: Submission<T>, wait: Wait<'_>) -> Result<(), Box<Rejected>> {
        self.core.submit(submission, wait)
    }

    /// Hands over everything that is inside. Blocks until the last output has been handed over; pictures
    /// that are submitted meanwhile wait. The next picture begins with a key frame.
    ///
    /// # Errors
    /// [`EncoderError::ShutDown`], [`EncoderError::InsideCallback`], [`EncoderError::Wait`].
    pub fn flush(&self, wait: Wait<'_>) -> Result<(), EncoderError> {
        self.core.refuse_in_callback("flush()")?;
        if self.core.is_closed() {
            return Err(EncoderError::ShutDown);
        }
        self.core.drain(wait)
    }

    /// Hands over everything that is inside and takes nothing more. Blocks until the last output has been
    /// handed over.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn graceful_shutdown(&self, wait: Wait<'_>) -> Result<(), EncoderError> {
        self.core.refuse_in_callback("graceful_shutdown()")?;
        self.core.close()?;
        self.core.drain(wait)?;
        self.core.await_end();
        Ok(())
    }

    /// Drops everything that is inside; it counts as lost. Blocks for a running callback and for the
    /// teardown, at most some seconds.
    ///
    /// # Errors
    /// [`EncoderError::ShutDown`], [`EncoderError::InsideCallback`].
    pub fn shutdown(&self) -> Result<(), EncoderError> {
        self.core.refuse_in_callback("shutdown()")?;
        self.core.close()?;
        self.end();
        Ok(())
    }

    /// [`shutdown`](Self::shutdown), even in the middle of another one; for the end of the process. Not for
    /// callbacks.
    pub fn end(&self) {
        // It fails for one that is closed already.
        self.core.close().ok();
        self.core.abandon();
        self.core.await_end();
    }

    /// Whether the encoder takes nothing more.
    pub fn is_shut_down(&self) -> bool {
        self.core.is_closed()
    }

    /// A consistent snapshot; works after a shutdown too.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Who encodes.
    pub fn info(&self) -> &EncoderInfo {
        self.core.info()
    }

    /// What the encoder is told: properties of the element, as it tells them itself.
    pub fn settings(&self) -> &[(&'static str, String)] {
        self.core.settings()
    }
}

impl<T: Send + Sync + 'static> Drop for Encoder<T> {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
        // Whoever drops a running encoder gets its resources back, without waiting for them.
        // One that is shut down may have been left in the middle of it.
        self.core.close().ok();
        self.core.abandon();
    }
}
