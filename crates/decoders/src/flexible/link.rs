//! Between one session's engine and the decoder: packets in, pictures out, in the engine's threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use surfaces::wait::Wait;
use surfaces::{
    BufferGenerator, Error, GeneratorConfig, MemType, SavantIdKind, SharedBuffer, workers,
};

use super::change::Until;
use super::core::{Core, Finished, Types, now};
use crate::engine::{self, Blueprint, Engine, Events, Live, RawPicture, Refused, Stopped, Target};
use crate::machine::{Input, LaneId, Place};
use crate::outcome::{DecoderParameters, NoPicture};
use crate::output::{DecodedFrame, DecoderInfo};

/// The frame rate told to the pool when the frame's own is not positive.
const DEFAULT_FPS: (i32, i32) = (30, 1);

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Decoder sessions that exist in this process, for finding leaks.
pub fn live_sessions() -> usize {
    LIVE.load(Ordering::Relaxed)
}

pub(super) struct Link<T: Clone + Send + Sync + 'static> {
    core: Arc<Core<T>>,
    lane: LaneId,
    params: DecoderParameters,
    pool: BufferGenerator,
    decoder: OnceLock<Arc<DecoderInfo>>,
    engine: OnceLock<Box<dyn Engine>>,
    cancelled: AtomicBool,
    _live: Option<Arc<Live>>,
}

impl<T: Clone + Send + Sync + 'static> Link<T> {
    /// Builds the pool and the engine of a session. The engine does not run yet.
    pub(super) fn build(
        core: &Arc<Core<T>>,
        lane: LaneId,
        params: DecoderParameters,
        blueprint: &Blueprint,
        fps: (i32, i32),
    ) -> Result<Arc<Self>, String> {
        let declared = (params.width, params.height);
        let output = core.config.output;
        let size = output.size.unwrap_or(declared);
        output
            .transform
            .place(declared, size)
            .map_err(|error| error.to_string())?;
        let pool = BufferGenerator::new(GeneratorConfig {
            format: output.format,
            width: size.0,
            height: size.1,
            batch_size: 1,
            fps: if fps.0 > 0 && fps.1 > 0 {
                fps
            } else {
                DEFAULT_FPS
            },
            gpu_id: core.config.gpu_id,
            mem_type: MemType::Default,
            pool_size: core.config.pool_size,
        })
        .map_err(|error| format!("no pool of output buffers: {error}"))?;
        LIVE.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Self {
            core: core.clone(),
            lane,
            params,
            pool,
            decoder: OnceLock::new(),
            engine: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            _live: blueprint.shares_cores().then(|| core.presence.enter()),
        });
        let engine = blueprint.build(|decoder| {
            link.decoder.get_or_init(|| decoder);
            Arc::downgrade(&link) as Weak<dyn Events>
        })?;
        link.engine.get_or_init(|| engine);
        Ok(link)
    }

    pub(super) fn start(&self) -> Result<(), String> {
        self.engine.get().map_or(Ok(()), |engine| engine.start())
    }

    pub(super) fn give(&self, input: Input<Types<T>>) {
        let Some(engine) = self.engine.get() else {
            return;
        };
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let Input::Packet(key, packet) = input else {
                return engine.end();
            };
            match engine.feed(key, packet) {
                Ok(()) => {}
                Err(refused @ (Refused::Packet | Refused::Empty)) => {
                    let why = (refused == Refused::Packet).then_some(NoPicture::Corrupt);
                    let mut state = self.core.change();
                    next = state.machine.refused(self.lane, key, why, now());
                }
                Err(Refused::Stream) => {
                    self.failed("the driver's parser finds no picture where a stream begins");
                }
            }
        }
    }

    /// Wakes the engine's thread wherever it waits for the user.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.pool.close();
        self.core.signals.wake_all();
    }

    /// Ends the engine and joins its threads.
    pub(super) fn stop(&self) {
        self.cancel();
        if let Some(engine) = self.engine.get() {
            engine.stop();
        }
    }

    /// Buffers of the pool, and buffers out of it.
    pub(super) fn pool_usage(&self) -> (u32, usize) {
        (self.pool.capacity(), self.pool.in_use())
    }

    /// The decoder and who holds its output buffers, for messages.
    pub(super) fn describe(&self) -> String {
        let name = self.decoder.get().map_or("?", |info| &info.decoder);
        let (capacity, in_use) = self.pool_usage();
        format!("{name}, {in_use} of {capacity} output buffers in use")
    }

    fn check_cancelled(&self) -> Result<(), Stopped> {
        if self.cancelled.load(Ordering::Acquire) {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Whether the pictures come out of dedicated hardware.
    pub(super) fn is_hardware(&self) -> bool {
        self.decoder.get().is_some_and(|decoder| decoder.hardware)
    }

    /// Whether its decoder was made when far more or far fewer others shared the cores, and there is memory for another
    /// pool beside its own: that of a device may be short.
    pub(super) fn is_ill_staffed(&self) -> bool {
        self.pool.mem_type() == MemType::System
            && self
                .engine
                .get()
                .is_some_and(|engine| engine.is_ill_staffed())
    }

    /// Codec and declared size of the session.
    pub(super) fn params(&self) -> DecoderParameters {
        self.params
    }

    fn decoder(&self) -> Result<Arc<DecoderInfo>, Stopped> {
        self.decoder.get().cloned().ok_or(Stopped)
    }

    /// Waits until the outputs in front of the user are few enough.
    fn wait_for_room(&self) -> Result<(), Stopped> {
        let room = self.core.sleep(Until::Room, Wait::forever(), |state| {
            if self.check_cancelled().is_err() {
                return Some(false);
            }
            match state.machine.has_output_room(self.lane) {
                Some(true) => Some(true),
                Some(false) => None,
                None => Some(false),
            }
        });
        match room {
            Ok(true) => Ok(()),
            _ => Err(Stopped),
        }
    }

    /// A free output buffer; waits while the user holds all of them.
    fn acquire(&self) -> Result<SharedBuffer, Error> {
        match self.pool.acquire(Wait::at_most(Duration::ZERO)) {
            Err(Error::TimedOut) => {}
            result => return result,
        }
        self.set_blocked(true);
        let result = self.pool.acquire(Wait::forever());
        self.set_blocked(false);
        result
    }

    fn set_blocked(&self, blocked: bool) {
        self.core
            .change()
            .machine
            .set_blocked(self.lane, blocked, now());
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for Link<T> {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T: Clone + Send + Sync + 'static> Events for Link<T> {
    fn hungry(&self) {
        let input = self.core.change().machine.hungry(self.lane, now());
        if let Some(input) = input {
            self.give(input);
        }
    }

    fn picture(&self, key: Option<u64>, picture: RawPicture) -> Result<(), Stopped> {
        self.check_cancelled()?;
        self.wait_for_room()?;
        let decoder = self.decoder()?;
        let orphan = DecodedFrame::orphan(decoder.clone(), self.core.config.output.format);
        let place =
            self.core
                .change()
                .machine
                .picture(self.lane, key, picture.is_corrupt(), orphan, now());
        let Place::Ticket { ticket, is_corrupt } = place else {
            return self.check_cancelled();
        };
        let buffer = match self.acquire() {
            Ok(buffer) => buffer,
            Err(error) => {
                self.check_cancelled()?;
                self.core
                    .converted(self.lane, ticket, Err(format!("no output buffer: {error}")));
                return Ok(());
            }
        };
        let info = self
            .core
            .state
            .lock()
            .machine
            .converting(self.lane, ticket)
            .map(|item| item.info);
        let Some(info) = info else {
            return self.check_cancelled();
        };
        // The job holds no link: a session must not outlive its teardown for the sake of a conversion.
        let (core, lane) = (self.core.clone(), self.lane);
        let is_on_device = picture.is_on_device();
        let job = move || {
            let render = || {
                let transform = &core.config.output.transform;
                let rect = picture.render(Target {
                    buffer: &buffer,
                    transform,
                })?;
                stamp(&buffer, &info).map_err(|error| error.to_string())?;
                Ok(Finished {
                    buffer,
                    rect,
                    is_corrupt,
                    decoder,
                })
            };
            let result = catch_unwind(AssertUnwindSafe(render)).unwrap_or_else(|_| {
                Err("the conversion of a picture panicked; please report this".to_owned())
            });
            core.converted(lane, ticket, result);
        };
        if is_on_device || engine::share_of_cores() == 1 {
            // This thread would only hand the waiting on to another one, or, where all cores have a decoder of their
            // own, a picture that is still in this core's cache.
            job();
        } else {
            workers::spawn(job);
        }
        Ok(())
    }

    fn ended(&self) {
        let effects = self.core.change().machine.ended(self.lane);
        self.core.carry_out(effects);
    }

    fn failed(&self, message: &str) {
        if self.check_cancelled().is_ok() {
            let effects = self.core.change().machine.failed(self.lane, message);
            self.core.carry_out(effects);
        }
    }
}

fn stamp(buffer: &SharedBuffer, info: &frames::FrameInfo) -> Result<(), Error> {
    buffer.set_savant_ids(vec![(SavantIdKind::Frame, info.uuid)])?;
    buffer.set_pts_ns(info.pts_ns)?;
    info.duration_ns
        .map_or(Ok(()), |duration| buffer.set_duration_ns(duration))
}
