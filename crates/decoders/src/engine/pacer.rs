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
        let data = state.follower.made_safe(data)?;
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

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use frames::Codec;
    use surfaces::pipeline::{ElementPipeline, Events, Setup, Stopped, parse_caps};

    use super::*;
    use crate::engine::follower::tests::{VP8_KEY, VP8_PREDICTED};

    const LIMIT: Duration = Duration::from_secs(10);

    /// Counts what comes through.
    #[derive(Default)]
    struct Passed(AtomicUsize);

    impl Events for Passed {
        fn hungry(&self) {}
        fn output(&self, _: gst::Sample) -> Result<(), Stopped> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        fn ended(&self) {}
        fn failed(&self, message: &str) {
            panic!("{message}");
        }
    }

    impl Passed {
        fn wait_for(&self, count: usize) {
            let end = Instant::now() + LIMIT;
            while self.0.load(Ordering::SeqCst) < count {
                assert!(Instant::now() < end, "{count} packets do not come through");
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(self.0.load(Ordering::SeqCst), count);
        }
    }

    /// A pacer in front of an element that does nothing, after key frame, two predicted frames, and the picture of the
    /// first; then a key frame and one more, which is held.
    fn held() -> (Arc<Pacer>, Arc<Passed>, ElementPipeline) {
        gst::init().expect("GStreamer is installed");
        let passed = Arc::new(Passed::default());
        let caps = parse_caps("video/x-vp8").expect("they are right");
        let setup = Setup {
            element: gst::ElementFactory::make("identity")
                .build()
                .expect("it is of the core"),
            input: &caps,
            output: &caps,
        };
        let events = Arc::downgrade(&passed) as Weak<dyn Events>;
        let pipeline = ElementPipeline::new(setup, &events).expect("it links");
        pipeline.start().expect("it starts");
        let pacer = Pacer::new(Follower::without_parser(Codec::Vp8));
        pacer.attach(pipeline.input().clone());
        let feed = |key, packet: &[u8]| {
            assert_eq!(
                pacer.feed(key, packet.into(), gst::Buffer::from_slice),
                Ok(())
            );
        };
        feed(0, &VP8_KEY);
        feed(1, &VP8_PREDICTED);
        feed(2, &VP8_PREDICTED);
        assert_eq!(pacer.begin_taking(None), Some(0));
        pacer.end_taking();
        feed(3, &VP8_KEY);
        feed(4, &VP8_PREDICTED);
        passed.wait_for(4);
        (pacer, passed, pipeline)
    }

    #[test]
    fn the_packet_behind_a_key_frame_waits_for_the_pictures_in_front_of_it() {
        let (pacer, passed, _pipeline) = held();
        assert_eq!(pacer.begin_taking(None), Some(1));
        pacer.end_taking();
        passed.wait_for(4);
        assert_eq!(pacer.begin_taking(None), Some(2));
        passed.wait_for(5);
        assert_eq!(pacer.begin_taking(None), Some(3));
    }

    #[test]
    fn pictures_that_do_not_come_are_lost() {
        let (pacer, passed, _pipeline) = held();
        passed.wait_for(5);
        assert_eq!(pacer.begin_taking(None), Some(3));
        assert_eq!(pacer.begin_taking(None), Some(4));
    }

    #[test]
    fn nothing_is_lost_while_the_user_has_no_room() {
        let (pacer, passed, _pipeline) = held();
        assert_eq!(pacer.begin_taking(None), Some(1));
        std::thread::sleep(2 * PATIENCE);
        passed.wait_for(4);
        pacer.end_taking();
        assert_eq!(pacer.begin_taking(None), Some(2));
        passed.wait_for(5);
    }
}
