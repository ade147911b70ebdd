//! The decoder's shared state, and how the machine's effects are carried out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frames::{Codec, FrameInfo};
use surfaces::reaper::Teardown;
use surfaces::sync::Mutex;
use surfaces::turns::Turn;
use surfaces::wait::Wait;
use surfaces::{Rect, SharedBuffer};

use super::change::{Signals, Until};
use super::config::{FlexibleDecoderConfig, StreamConfig};
use super::configuration::Choice;
use super::delivery::Delivery;
use super::error::DecoderError;
use super::link::Link;
use super::tracker::{Tracker, Trail};
use crate::callback::{self, Owner};
use crate::config::Hardware;
use crate::engine::{Blueprint, Presence};
use crate::machine::{Effects, Flow, Input, LaneId, Limits, Machine, Outgoing};
use crate::outcome::{DecoderParameters, SkipReason};
use crate::output::{DecodedFrame, DecoderInfo, FrameOutput, Output, Packet, Payload, Sink};
use crate::process;

/// Pictures between a decoder and the user.
const OUTPUT_BOUND: usize = 16;
/// How long a pending end of stream waits for more packets before the decoder is flushed.
const EOS_FLUSH: Duration = Duration::from_millis(100);

/// A submitted frame on its way.
pub(super) struct Item<T> {
    pub frame: T,
    pub info: FrameInfo,
    pub data: Option<Payload>,
}

/// A converted picture.
pub(super) struct Finished {
    pub buffer: SharedBuffer,
    /// What the picture covers.
    pub rect: Rect,
    pub is_corrupt: bool,
    pub decoder: Arc<DecoderInfo>,
}

/// The types that travel through this decoder's machine.
pub(super) struct Types<T>(std::marker::PhantomData<T>);

impl<T> Flow for Types<T> {
    type Item = Item<T>;
    type Payload = Packet;
    type Picture = Finished;
    type Orphan = DecodedFrame;
}

pub(super) struct State<T: Clone + Send + Sync + 'static> {
    pub machine: Machine<Types<T>>,
    pub links: HashMap<LaneId, Arc<Link<T>>>,
    pub delivery: Delivery,
    pub last_delivered: Option<FrameInfo>,
    /// What the configuration callback chose last.
    pub choice: Option<Choice>,
    /// When a session last took the place of another one in the midst of a stream.
    pub renewed: Option<Instant>,
    /// The stream that a hardware decoder broke down on, if software may take its place.
    pub lost_hardware: Option<DecoderParameters>,
    /// Links on their way from `links` to `teardowns`.
    pub retiring: usize,
    /// Teardowns that a shutdown waits for.
    pub teardowns: Vec<Teardown>,
}

/// What all threads of a decoder share. The lock is never held while foreign code runs.
pub(super) struct Core<T: Clone + Send + Sync + 'static> {
    pub source_id: String,
    pub config: StreamConfig<T>,
    pub sink: Arc<dyn Sink<T>>,
    /// To whom the callbacks belong.
    pub owner: Owner,
    pub state: Mutex<State<T>>,
    /// Follows the access units of the current session. Never held together with `state`.
    pub trail: Mutex<Trail>,
    pub signals: Signals,
    /// What its sessions count as where decoders share the cores.
    pub presence: Presence,
}

pub(super) fn now() -> Instant {
    Instant::now()
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    pub(super) fn new(
        config: FlexibleDecoderConfig<T>,
        sink: Arc<dyn Sink<T>>,
        owner: Owner,
    ) -> Arc<Self> {
        process::claim();
        let FlexibleDecoderConfig {
            source_id,
            stream: config,
        } = config;
        let limits = Limits {
            detect_buffer: config.detect_buffer_limit,
            idle_timeout: config.idle_timeout,
            eos_flush: EOS_FLUSH.min(config.idle_timeout),
            stall_timeout: config.stall_timeout,
            policy: config.queue.policy,
            damage: config.damage,
            input: config.queue.max_packets.max(1),
            reentrant_input: config.queue.max_packets.max(1).saturating_mul(4),
            output: OUTPUT_BOUND,
        };
        let state = State {
            machine: Machine::new(limits),
            links: HashMap::new(),
            delivery: Delivery::default(),
            last_delivered: None,
            choice: None,
            renewed: None,
            lost_hardware: None,
            retiring: 0,
            teardowns: Vec::new(),
        };
        Arc::new(Self {
            source_id,
            config,
            sink,
            owner,
            state: Mutex::new(state),
            // Replaced when the first session begins.
            trail: Mutex::new(Trail::new(Tracker::new(Codec::RawRgba, false))),
            signals: Signals::default(),
            presence: Presence::default(),
        })
    }

    /// Waits for this caller's turn to submit.
    pub(super) fn turn(&self, wait: Wait<'_>) -> Result<Turn<'_>, DecoderError> {
        self.signals.turns.take(wait)?.ok_or(DecoderError::ShutDown)
    }

    /// Packets in front of the decoder.
    pub(super) fn queued(&self) -> usize {
        self.state.lock().machine.queue_depths().0
    }

    /// Counts and hands over a frame that no decoder will see.
    pub(super) fn refuse(&self, item: Item<T>, reason: SkipReason) -> Result<(), DecoderError> {
        let refused = self.change().machine.refuse(item, reason);
        self.emit(refused.ok_or(DecoderError::ShutDown)?);
        Ok(())
    }

    /// Carries effects out that start no session.
    pub(super) fn carry_out(self: &Arc<Self>, effects: Effects<Types<T>>) {
        debug_assert!(
            effects.start.is_none(),
            "only a submission starts a session"
        );
        self.emit_all(effects.emit);
        if let Some((lane, input)) = effects.input {
            self.give(lane, input);
        }
        if let Some(lane) = effects.broken {
            self.note_breakdown(lane);
        }
        for lane in effects.retire {
            self.retire(lane);
        }
        self.ensure_delivery();
    }

    /// Software takes the place of a preferred hardware decoder that broke down.
    fn note_breakdown(&self, lane: LaneId) {
        let mut state = self.state.lock();
        let broken = state.links.get(&lane).filter(|link| link.is_hardware());
        let Some(params) = broken.map(|link| link.params()) else {
            return;
        };
        let is_replaced = self.config.hardware == Hardware::Preferred;
        if is_replaced && state.lost_hardware.replace(params) != Some(params) {
            drop(state);
            tracing::warn!(
                "the hardware decoder of source {:?} broke down; software takes its place at the next random access \
                 point, until codec or size change",
                self.source_id
            );
        }
    }

    /// Why no hardware decoder should be tried for a stream, if one broke down on it.
    pub(super) fn only_software(&self, params: DecoderParameters) -> Option<&'static str> {
        (self.state.lock().lost_hardware == Some(params))
            .then_some("the hardware decoder broke down on this stream")
    }

    /// Carries the effects of a submission out, and returns the lane to wait for.
    pub(super) fn carry_out_submit(
        self: &Arc<Self>,
        mut effects: Effects<Types<T>>,
        plan: impl FnOnce() -> (Blueprint, (i32, i32)),
    ) -> Option<LaneId> {
        let start = effects.start.take();
        let mut settle = effects.settle;
        self.carry_out(effects);
        if let Some((lane, params)) = start {
            let (blueprint, fps) = plan();
            let built = Link::build(self, lane, params, &blueprint, fps);
            let started = built.and_then(|link| {
                let mut state = self.change();
                if !state.machine.has_lane(lane) {
                    // Shut down meanwhile: dropping the link stops what was built.
                    return Ok(());
                }
                if link.is_hardware() && blueprint.drops_pictures() {
                    state.machine.set_drops_pictures(lane);
                }
                state.links.insert(lane, link.clone());
                drop(state);
                link.start()
            });
            let effects = self.change().machine.started(lane, started, now());
            settle = effects.settle.or(settle);
            self.carry_out(effects);
        }
        settle
    }

    /// Gives a decoder its next packet, or the end of the stream.
    pub(super) fn give(&self, lane: LaneId, input: Input<Types<T>>) {
        let link = self.state.lock().links.get(&lane).cloned();
        if let Some(link) = link {
            link.give(input);
        }
    }

    /// A picture has been converted, or could not be.
    pub(super) fn converted(&self, lane: LaneId, ticket: u64, result: Result<Finished, String>) {
        let unused = self.change().machine.converted(lane, ticket, result, now());
        drop(unused);
    }

    /// Waits until the outputs that open a lane have been handed over.
    pub(super) fn wait_settled(
        self: &Arc<Self>,
        lane: LaneId,
        wait: Wait<'_>,
    ) -> Result<(), DecoderError> {
        self.sleep(Until::Progress, wait, |state| {
            state.machine.is_settled(lane).then_some(())
        })
        .map_err(DecoderError::from)
    }

    fn emit_all(&self, outputs: Vec<Outgoing<Types<T>>>) {
        for output in outputs {
            self.emit(output);
        }
    }

    /// Hands an output to the user, on this thread and without any lock.
    pub(super) fn emit(&self, output: Outgoing<Types<T>>) {
        let output = self.output(output);
        let seal = match &output {
            Output::Frame(frame) => Some(frame.seal().clone()),
            _ => None,
        };
        if callback::run(self.owner, seal, || self.sink.take(output)).is_none() {
            tracing::error!(
                "the result callback of source {:?} panicked",
                self.source_id
            );
        }
    }

    fn output(&self, output: Outgoing<Types<T>>) -> Output<T> {
        match output {
            Outgoing::Frame(item, finished, _) => {
                self.state.lock().last_delivered = Some(item.info);
                let mut decoded =
                    DecodedFrame::of(&item.info, finished.decoder, self.config.output.format);
                decoded.rect = Some(finished.rect);
                decoded.is_corrupt = finished.is_corrupt;
                Output::Frame(FrameOutput::new(decoded, item.frame, finished.buffer))
            }
            Outgoing::Orphan(decoded) => Output::OrphanFrame(decoded),
            Outgoing::Skipped(item, reason) => Output::Skipped {
                frame: item.frame,
                data: item.data,
                reason,
            },
            Outgoing::Error(item, message) => Output::Error {
                message,
                frame: item.map(|item| item.frame),
            },
            Outgoing::SourceEos(source_id) => Output::SourceEos { source_id },
            Outgoing::ParameterChange(old, new) => Output::ParameterChange { old, new },
        }
    }
}
