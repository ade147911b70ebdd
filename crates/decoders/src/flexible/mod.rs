//! The adaptive decoder of one stream.

mod arrivals;
#[cfg(test)]
mod breakdown;
mod change;
mod config;
mod configuration;
mod core;
mod delivery;
mod error;
mod link;
#[cfg(all(test, feature = "shuttle"))]
mod schedules;
mod shutdown;
mod stats;
mod tracker;

use std::sync::Arc;

pub use config::{ConfigCallback, FlexibleDecoderConfig, OutputConfig, QueueConfig, StreamConfig};
pub use error::DecoderError;
pub use link::live_sessions;
pub(crate) use shutdown::refuse_in_fork;
pub use stats::Stats;
use surfaces::reaper;
use surfaces::wait::{Wait, WaitError};

use self::change::Until;
use self::core::Core;
use self::tracker::AccessUnit;
use crate::callback::Owner;
use crate::engine::Blueprint;
use crate::inspect::{self, Inspection, RawSize, Refusal};
use crate::machine::Submitted;
use crate::outcome::{DecoderParameters, SkipReason};
use crate::output::{Payload, Sink};
use crate::process;

/// A frame for a decoder.
pub struct Submission<T> {
    /// The source it belongs to.
    pub source_id: String,
    /// Codec, size and times, read once.
    pub info: frames::FrameInfo,
    /// The encoded bytes; `None` when there are none.
    pub data: Option<Payload>,
    /// Comes back with the frame's output.
    pub frame: T,
}

/// Decodes one stream of any codec into pooled RGBA buffers, building decoders as the stream needs them.
///
/// Every submitted frame ends in exactly one output, or counts as lost after [`shutdown`](Self::shutdown).
/// Outputs are handed to the sink by one thread of the decoder, skips that are known at once by the
/// submitting thread. The methods may be called from any thread, also from the sink.
pub struct FlexibleDecoder<T: Clone + Send + Sync + 'static> {
    core: Arc<Core<T>>,
}

impl<T: Clone + Send + Sync + 'static> FlexibleDecoder<T> {
    /// A decoder in its initial state. No device and no thread is used before the first frame.
    pub fn new(config: FlexibleDecoderConfig<T>, sink: Arc<dyn Sink<T>>) -> Self {
        Self::owned(config, sink, Owner::default())
    }

    /// A decoder that shares its sink, and the rules for calls from callbacks, with others of `owner`.
    pub(crate) fn owned(
        config: FlexibleDecoderConfig<T>,
        sink: Arc<dyn Sink<T>>,
        owner: Owner,
    ) -> Self {
        Self {
            core: Core::new(config, sink, owner),
        }
    }

    /// Takes a frame. Blocks while the input queue is full and, when codec or size changed, until all
    /// earlier frames and the [`ParameterChange`](crate::Output::ParameterChange) have been handed over; from a
    /// callback of this decoder it never blocks. When `wait` is over before there is room, the frame is not
    /// taken. A decoder that stalls is given up after the stall
    /// timeout, with an error output for each of its frames, and a new one begins at the next random
    /// access point. So does one after a decoder that broke down; what comes until then is skipped.
    pub fn submit(&self, submission: Submission<T>, wait: Wait<'_>) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        let core = &self.core;
        if core.is_closed() {
            return Err(DecoderError::ShutDown);
        }
        let Submission {
            source_id,
            info,
            data,
            frame,
        } = submission;
        if !core.owner.is_inside_callback() {
            let ready = core.sink.ready(wait);
            ready.map_err(|error| core.or_queue_full(error.into()))?;
        }
        let item = core::Item { frame, info, data };
        if source_id != core.source_id {
            let expected = core.source_id.clone();
            let item = core::Item { data: None, ..item };
            return core.refuse(
                item,
                SkipReason::SourceIdMismatch {
                    expected,
                    actual: source_id,
                },
            );
        }
        let Some(payload) = item.data.clone() else {
            return core.refuse(item, SkipReason::NoPayload);
        };
        let inspection = match inspect::inspect(&info, payload) {
            Ok(inspection) => inspection,
            Err(Refusal::Skip(reason)) => return core.refuse(item, reason),
            Err(Refusal::RawSize(RawSize { expected, actual })) => {
                let (width, height) = (info.width, info.height);
                return Err(DecoderError::RawSize {
                    width,
                    height,
                    expected,
                    actual,
                });
            }
        };
        self.accept(item, inspection, wait)
    }

    fn accept(
        &self,
        item: core::Item<T>,
        inspection: Inspection,
        wait: Wait<'_>,
    ) -> Result<(), DecoderError> {
        let core = &self.core;
        let unit = AccessUnit::of(&inspection);
        let info = item.info;
        let Some(codec) = info.codec else {
            return core.refuse(item, SkipReason::NoPayload);
        };
        let frame = item.frame.clone();
        let params = DecoderParameters {
            codec,
            width: info.width,
            height: info.height,
        };
        let reentrant = core.owner.is_inside_callback();
        let _turn = if reentrant {
            None
        } else {
            let turn = core.turn(wait);
            Some(turn.map_err(|error| core.or_queue_full(error))?)
        };
        let (arrival, back) = core.arrival(item, params, &unit, &inspection);
        let continues = arrival.renews;
        // Parameter sets of before may have come in front of it, which tell what it does not.
        let completed = match inspection.samples {
            None if continues => inspect::inspect(&info, arrival.payload.data.clone()).ok(),
            _ => None,
        };
        let headers = completed.as_ref().unwrap_or(&inspection);
        let (samples, profile_idc) = (headers.samples.unwrap_or_default(), headers.profile_idc);
        let mut arrival = Some(arrival);
        let submitted = core.sleep(Until::Input, wait, |state| {
            match state
                .machine
                .submit(arrival.take()?, reentrant, core::now())
            {
                Submitted::NoRoom(refused) if !reentrant => {
                    arrival = Some(refused);
                    None
                }
                other => Some(other),
            }
        });
        let taken = match submitted {
            Ok(Submitted::Accepted(effects)) => Ok(effects),
            Ok(Submitted::ShutDown) => Err(DecoderError::ShutDown),
            Ok(Submitted::NoRoom(_)) => Err(DecoderError::CallbackOverrun {
                queued: core.queued(),
            }),
            Err(error) => Err(core.or_queue_full(error.into())),
        };
        let effects = taken.inspect_err(|_| core.was_not_taken(back))?;
        let settle = core.carry_out_submit(effects, || {
            if continues {
                core.state.lock().renewed = Some(core::now());
            }
            let config = core.configure(params, inspection.config, &frame, continues);
            (
                Blueprint {
                    codec,
                    config,
                    hardware: core.config.hardware,
                    gpu_id: core.config.gpu_id,
                    size: (info.width, info.height),
                    profile_idc,
                    samples,
                    format: core.config.output.format,
                    has_gap_in_front: inspection.has_gap_in_front,
                    only_software: core.only_software(params).or(inspection.only_software),
                },
                info.fps,
            )
        });
        match settle {
            Some(lane) if !reentrant => match core.wait_settled(lane, wait) {
                // The frame has been taken: that is no failure.
                Err(DecoderError::Wait(WaitError::TimedOut)) => Ok(()),
                result => result,
            },
            _ => Ok(()),
        }
    }

    /// Hands a logical end of stream on, behind every frame submitted before it. The id is passed
    /// through unchanged. Does not block, except for the turn of a concurrent submission.
    pub fn source_eos(
        &self,
        source_id: impl Into<String>,
        wait: Wait<'_>,
    ) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        let core = &self.core;
        let _turn = if core.owner.is_inside_callback() {
            None
        } else {
            Some(core.turn(wait)?)
        };
        let effects = core
            .change()
            .machine
            .source_eos(source_id.into(), core::now());
        core.carry_out(effects.ok_or(DecoderError::ShutDown)?);
        Ok(())
    }

    /// Says that packets in front of the next one were lost: it is treated like one behind a loss that the headers
    /// tell of. Does nothing for another source than this decoder's. Never waits.
    pub fn discontinuity(&self, source_id: &str) -> Result<(), DecoderError> {
        refuse_in_fork()?;
        if self.core.is_closed() {
            return Err(DecoderError::ShutDown);
        }
        if source_id == self.core.source_id {
            self.core.lose();
        }
        Ok(())
    }

    /// Delivers everything that is inside and takes nothing more. Blocks until all outputs have been
    /// handed over; a decoder that returns nothing for the idle timeout is given up, with an error
    /// output for each of its frames.
    pub fn graceful_shutdown(&self, wait: Wait<'_>) -> Result<(), DecoderError> {
        self.core.refuse_in_callback("graceful_shutdown()")?;
        self.core.close()?;
        self.core.wait_drained(wait)?;
        self.core.sink.end();
        Ok(())
    }

    /// Drops everything that is inside; it counts as lost. Blocks for a running callback and for the
    /// teardown, at most some seconds.
    pub fn shutdown(&self) -> Result<(), DecoderError> {
        self.core.refuse_in_callback("shutdown()")?;
        self.core.abandon(true)?;
        self.core.wait_ended(Wait::at_most(reaper::TEARDOWN_LIMIT));
        self.core.sink.end();
        Ok(())
    }

    /// For the end of the process: drops what is inside, also what a shutdown that was interrupted has left there,
    /// and waits for a running callback and the teardown, at most some seconds. Does nothing in a fork.
    pub fn end(&self) {
        if process::is_fork() {
            return;
        }
        self.abandon();
        self.core.wait_ended(Wait::at_most(reaper::TEARDOWN_LIMIT));
        self.core.sink.end();
    }

    /// Whether the decoder takes nothing more.
    pub fn is_shut_down(&self) -> bool {
        self.core.is_closed()
    }

    /// Ends the session: what is inside comes out, and the next frame starts as the first one did. Does not wait.
    pub(crate) fn rest(&self) {
        self.core.rest();
    }

    /// Whether nothing is inside and no session runs.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.core.state.lock().machine.is_at_rest()
    }

    /// Takes nothing more; what is inside comes out. Does not wait.
    pub(crate) fn close(&self) {
        // One that is closed already stays so.
        let _ = self.core.close();
    }

    /// Waits until what was inside when it was closed has come out.
    pub(crate) fn wait_drained(&self, wait: Wait<'_>) -> Result<(), DecoderError> {
        self.core.wait_drained(wait)
    }

    /// Drops what is inside and takes nothing more. Does not wait.
    pub(crate) fn abandon(&self) {
        // Whoever does so unconditionally is told of no error.
        let _ = self.core.abandon(false);
    }

    /// Waits for the teardown and the running callback after [`abandon`](Self::abandon).
    pub(crate) fn wait_ended(&self, wait: Wait<'_>) {
        self.core.wait_ended(wait);
    }

    /// A consistent snapshot of all counters; works after a shutdown too.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for FlexibleDecoder<T> {
    fn drop(&mut self) {
        if process::is_fork() {
            // What is behind it waits for threads that are not there.
            std::mem::forget(self.core.clone());
            return;
        }
        // Whoever drops a running decoder gets its resources back, without waiting for them.
        self.abandon();
        self.core.sink.end();
    }
}
