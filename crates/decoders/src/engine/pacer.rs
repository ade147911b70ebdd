//! Keeps count with a decoder that loses pictures without a word.
//!
//! NVIDIA's chips refuse some damaged frames of VP9, and nothing tells of it: every later picture would come with its
//! neighbour's frame. The element keeps back the last picture that it decoded, and no other. So when the packet behind a
//! key frame is due, only the key frame's picture may be missing once the element has done its work; what else is
//! missing then is lost.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gst::prelude::*;
use surfaces::pipeline::Input;
use surfaces::sync::Mutex;

use super::Refused;
use super::follower::Follower;
use crate::output::Payload;

/// Pictures that the element keeps back until the next packet.
const KEPT_BACK: usize = 1;
/// How long a decoder that has pictures left to return may take for the next: many times what one takes on a chip that
/// is shared by hundreds of streams.
const PATIENCE: Duration = Duration::from_millis(250);

pub(super) struct Pacer {
    input: OnceLock<Input>,
    state: Mutex<State>,
}

struct State {
    follower: Follower,
    /// Whether the last packet was a key frame.
    is_behind_key: bool,
    /// The decoder is at work: its first picture takes far longer than others.
    has_answered: bool,
    /// Somebody takes a picture out, and may wait for the user.
    is_taking: bool,
    last_progress: Instant,
    held: Option<Held>,
}

/// A packet that waits until no more than so many pictures are missing, its own included.
struct Held {
    packet: gst::Buffer,
    lag: usize,
}

impl Pacer {
    pub(super) fn new(follower: Follower) -> Arc<Self> {
        Arc::new(Self {
            input: OnceLock::new(),
            state: Mutex::new(State {
                follower,
                is_behind_key: false,
                has_answered: false,
                is_taking: false,
                last_progress: Instant::now(),
                held: None,
            }),
        })
    }

    /// Where packets go.
    pub(super) fn attach(&self, input: Input) {
        self.input.get_or_init(|| input);
    }

    /// Takes a packet and gives it to the element now or later, as a buffer.
    pub(super) fn feed(
        self: &Arc<Self>,
        key: u64,
        data: Payload,
        buffer: impl FnOnce(Payload) -> gst::Buffer,
    ) -> Result<(), Refused> {
        let mut state = self.state.lock();
        let data = state.follower.made_safe(data).ok_or(Refused::Packet)?;
        let before = state.follower.lag();
        state.follower.note(key, &data)?;
        let waits = state.is_behind_key && state.has_answered && before > KEPT_BACK;
        state.is_behind_key = state.follower.is_key(&data);
        let packet = buffer(data);
        if waits {
            state.held = Some(Held {
                packet,
                lag: state.follower.lag() - before + KEPT_BACK,
            });
            state.last_progress = Instant::now();
            drop(state);
            self.look_later();
        } else {
            drop(state);
            self.push(packet);
        }
        Ok(())
    }

    /// A picture came out; the key of its packet.
    pub(super) fn begin_taking(&self, kept: Option<u64>) -> Option<u64> {
        let mut state = self.state.lock();
        state.has_answered = true;
        state.is_taking = true;
        let key = state.follower.key(kept);
        let lag = state.follower.lag();
        let due = state.held.take_if(|held| lag <= held.lag);
        drop(state);
        if let Some(held) = due {
            self.push(held.packet);
        }
        key
    }

    /// The picture has been taken.
    pub(super) fn end_taking(&self) {
        let mut state = self.state.lock();
        state.is_taking = false;
        state.last_progress = Instant::now();
    }

    /// Gives the held packet to the element if the pictures that it waits for are lost.
    fn look(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.held.is_none() {
            return;
        }
        if state.is_taking || state.last_progress.elapsed() < PATIENCE {
            drop(state);
            return self.look_later();
        }
        if let Some(Held { packet, lag }) = state.held.take() {
            tracing::debug!(
                "{} pictures of a hardware decoder are lost",
                state.follower.lag().saturating_sub(lag)
            );
            state.follower.catch_up(lag);
            drop(state);
            self.push(packet);
        }
    }

    fn look_later(self: &Arc<Self>) {
        let clock = gst::SystemClock::obtain();
        let patience = gst::ClockTime::try_from(PATIENCE).unwrap_or(gst::ClockTime::SECOND);
        let timer = clock.new_single_shot_id(clock.time() + patience);
        let this = Arc::downgrade(self);
        let called = timer.wait_async(move |_, _, _| {
            if let Some(this) = this.upgrade() {
                this.look();
            }
        });
        if let Err(error) = called {
            tracing::error!("GStreamer's clock takes no timer: {error:?}");
        }
    }

    fn push(&self, packet: gst::Buffer) {
        if let Some(input) = self.input.get() {
            input.push(packet);
        }
    }
}
