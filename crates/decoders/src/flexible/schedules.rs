//! The real decoder on schedules that shuttle makes: whoever waits is woken, and the sums hold.
//!
//! No wait ends by its time here, so a wake-up that is lost, and one that the user's clock would bring 50 ms late, is
//! a deadlock, which shuttle reports with the schedule. Raw pictures need no decoder of GStreamer's, whose threads
//! shuttle does not see; the rest is what runs in a real process: submitters, the session's thread, conversion,
//! delivery, teardown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use frames::{Codec, FrameInfo};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};
use surfaces::sync::{Mutex, thread};
use surfaces::wait::Wait;

use super::*;
use crate::engine::fake;
use crate::output::{FrameOutput, Output};
use crate::pull::Outputs;

/// Sets how many schedules each test tries, of each kind.
const VARIABLE: &str = "SAVANT_SCHEDULES";
const DEFAULT: usize = 500;
/// Threads that may be switched between at one time, where only few switches are random.
const DEPTH: usize = 3;
const STACK: usize = 1 << 20;
const SOURCE: &str = "camera-1";

type Decoder = FlexibleDecoder<u32>;

fn on_schedules(test: impl Fn() + Send + Sync + 'static) {
    fn run(scheduler: impl Scheduler + 'static, test: Arc<impl Fn() + Send + Sync + 'static>) {
        let mut config = Config::new();
        config.stack_size = STACK;
        Runner::new(scheduler, config).run(move || test());
    }
    // What is made once in a process is not made on a schedule.
    surfaces::backend().expect("the host backend is always there");
    let count = std::env::var(VARIABLE).map_or(DEFAULT, |count| count.parse().expect("a number"));
    let test = Arc::new(test);
    run(RandomScheduler::new(count), test.clone());
    run(PctScheduler::new(DEPTH, count), test);
}

/// Two packets and two pictures have room.
fn config() -> FlexibleDecoderConfig<u32> {
    let mut config = FlexibleDecoderConfig::new(SOURCE, 0, 2);
    config.stream.queue.max_packets = 2;
    // Schedules take their time.
    config.stream.idle_timeout = Duration::from_secs(3600);
    config.stream.stall_timeout = None;
    config
}

fn submission(frame: u32) -> Submission<u32> {
    let info = FrameInfo {
        uuid: frame.into(),
        codec: Some(Codec::RawRgba),
        width: 1,
        height: 1,
        fps: (30, 1),
        pts_ns: 0,
        dts_ns: None,
        duration_ns: None,
        keyframe: None,
    };
    Submission {
        source_id: SOURCE.to_owned(),
        info,
        data: Some(vec![0; 4].into()),
        frame,
    }
}

/// Submits until the decoder is shut down; returns how many frames it took.
fn submit(decoder: &Decoder, frames: std::ops::Range<u32>) -> u64 {
    let mut taken = 0;
    for frame in frames {
        match decoder.submit(submission(frame), Wait::forever()) {
            Ok(()) => taken += 1,
            Err(DecoderError::ShutDown) => break,
            Err(error) => panic!("{error}"),
        }
    }
    taken
}

fn check_sums(decoder: &Decoder, taken: u64) {
    let stats = decoder.stats();
    assert_eq!(stats.counters.submitted, taken);
    assert_eq!(stats.counters.ended(), taken, "{stats:?}");
    assert_eq!((stats.in_flight, stats.counters.errors), (0, 0));
}

/// The frames of the outputs that came, in their order.
#[derive(Default)]
struct Seen(Mutex<Vec<u32>>);

impl Seen {
    fn take(&self, output: &Output<u32>) {
        if let Output::Frame(frame) = output {
            self.0.lock().push(frame.frame);
        }
    }
}

#[test]
fn all_frames_of_two_submitters_come_out_before_a_graceful_shutdown_returns() {
    on_schedules(two_submitters);
}

fn two_submitters() {
    let seen = Arc::new(Seen::default());
    let sink = seen.clone();
    let decoder = Arc::new(Decoder::new(
        config(),
        Arc::new(move |output: Output<u32>| sink.take(&output)),
    ));
    let other = decoder.clone();
    let submitter = thread::spawn(move || submit(&other, 100..104));
    let taken = submit(&decoder, 0..4) + submitter.join().expect("it returns");
    decoder.graceful_shutdown(Wait::forever()).expect("once");
    check_sums(&decoder, taken);
    let seen = seen.0.lock().clone();
    let mut of_one: BTreeMap<bool, Vec<u32>> = BTreeMap::new();
    for frame in seen {
        of_one.entry(frame < 100).or_default().push(frame);
    }
    assert_eq!(of_one[&true], [0, 1, 2, 3]);
    assert_eq!(of_one[&false], [100, 101, 102, 103]);
}

#[test]
fn decoders_that_take_over_from_each_other_lose_nothing() {
    fake::staff_badly();
    on_schedules(two_submitters);
    on_schedules(submissions_from_callbacks);
}

#[test]
fn a_shutdown_wakes_submitters_that_wait_for_buffers_which_nobody_gives_back() {
    on_schedules(|| {
        let held = Arc::new(Mutex::new(Vec::new()));
        let sink = held.clone();
        let decoder = Arc::new(Decoder::new(
            config(),
            Arc::new(move |output: Output<u32>| sink.lock().push(output)),
        ));
        let submitters: Vec<_> = (0..2)
            .map(|index| {
                let decoder = decoder.clone();
                thread::spawn(move || submit(&decoder, index * 100..index * 100 + 20))
            })
            .collect();
        decoder.shutdown().expect("once");
        let taken = submitters
            .into_iter()
            .map(|submitter| submitter.join().expect("it returns"))
            .sum();
        check_sums(&decoder, taken);
    });
}

#[test]
fn buffers_that_come_back_wake_the_decoder_and_the_submitter() {
    on_schedules(|| {
        let (give, take) = surfaces::sync::mpsc::channel();
        let give = Mutex::new(Some(give));
        let decoder = Arc::new(Decoder::new(
            config(),
            Arc::new(move |output: Output<u32>| {
                if let Some(give) = &*give.lock() {
                    let _ = give.send(output);
                }
            }),
        ));
        let consumer = thread::spawn(move || {
            for _ in 0..12 {
                drop(take.recv());
            }
        });
        let taken = submit(&decoder, 0..12);
        consumer.join().expect("it has them all");
        decoder.graceful_shutdown(Wait::forever()).expect("once");
        check_sums(&decoder, taken);
        assert_eq!(decoder.stats().counters.delivered, 12);
    });
}

#[test]
fn outputs_that_the_callback_takes_at_last_wake_the_decoder_that_had_no_room_for_more() {
    on_schedules(|| {
        let (open, opened) = surfaces::sync::mpsc::channel::<()>();
        let opened = Mutex::new(opened);
        let mut config = config();
        config.stream.pool_size = 0;
        let sink = move |output: Output<u32>| {
            if let Output::Frame(FrameOutput { frame: 0, .. }) = output {
                let _ = opened.lock().recv();
            }
        };
        let decoder = Arc::new(Decoder::new(config, Arc::new(sink)));
        let other = decoder.clone();
        let submitter = thread::spawn(move || submit(&other, 0..30));
        open.send(()).expect("the callback is there");
        let taken = submitter.join().expect("it returns");
        decoder.graceful_shutdown(Wait::forever()).expect("once");
        check_sums(&decoder, taken);
    });
}

#[test]
fn submits_and_ends_of_stream_from_callbacks_while_another_thread_shuts_down() {
    on_schedules(submissions_from_callbacks);
}

fn submissions_from_callbacks() {
    let decoder: Arc<OnceDecoder> = Arc::default();
    let (own, taken) = (decoder.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = taken.clone();
    let sink = move |output: Output<u32>| {
        let Output::Frame(frame) = output else { return };
        // A schedule that favours this thread must come to an end, too.
        if frame.frame % 100 > 8 {
            return;
        }
        let Some(decoder) = own.get() else { return };
        let _ = decoder.source_eos(SOURCE, Wait::forever());
        if decoder
            .submit(submission(frame.frame + 1), Wait::forever())
            .is_ok()
        {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    };
    decoder.set(Decoder::new(config(), Arc::new(sink)));
    let own = decoder.get().expect("set above");
    let other = own.clone();
    let submitter = thread::spawn(move || submit(&other, 100..104));
    let mine = submit(&own, 0..2);
    own.shutdown().expect("once");
    let all = mine + submitter.join().expect("it returns");
    check_sums(&own, all + taken.load(Ordering::Relaxed) as u64);
    decoder.0.lock().take();
}

#[test]
fn outputs_that_are_pulled_wake_the_decoder_and_the_end_wakes_who_pulls() {
    on_schedules(|| {
        let outputs = Outputs::default();
        let decoder = Arc::new(Decoder::new(config(), Arc::new(outputs.clone())));
        let puller = thread::spawn(move || {
            let mut pulled = 0;
            while let Ok(Some(output)) = outputs.next(Wait::forever()) {
                pulled += u64::from(matches!(output, Output::Frame(_)));
            }
            pulled
        });
        let other = decoder.clone();
        let submitter = thread::spawn(move || submit(&other, 0..20));
        let taken = submitter.join().expect("it returns");
        decoder.graceful_shutdown(Wait::forever()).expect("once");
        check_sums(&decoder, taken);
        assert_eq!(puller.join().expect("it returns"), taken);
    });
}

#[test]
fn a_decoder_that_is_let_go_of_while_others_wait_for_a_seal_and_an_output() {
    on_schedules(|| {
        let outputs = Outputs::default();
        let decoder = Decoder::new(config(), Arc::new(outputs.clone()));
        let consumer = thread::spawn(move || {
            while let Ok(Some(output)) = outputs.next(Wait::forever()) {
                let Output::Frame(frame) = output else {
                    continue;
                };
                let Some(delivery) = frame.take_delivery() else {
                    continue;
                };
                let waits = thread::spawn(move || delivery.unseal(Wait::forever()).is_ok());
                drop(frame);
                assert!(waits.join().expect("it returns"));
            }
        });
        submit(&decoder, 0..3);
        drop(decoder);
        consumer.join().expect("it returns");
    });
}

/// A decoder that its own callback knows.
#[derive(Default)]
struct OnceDecoder(Mutex<Option<Arc<Decoder>>>);

impl OnceDecoder {
    fn set(&self, decoder: Decoder) {
        *self.0.lock() = Some(Arc::new(decoder));
    }

    fn get(&self) -> Option<Arc<Decoder>> {
        self.0.lock().clone()
    }
}
