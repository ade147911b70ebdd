//! Random schedules: every frame has exactly one outcome, in order, and the counts agree.

mod damage;
mod overflow;
mod refused;
mod stalls;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use frames::Codec;
use proptest::prelude::*;

use super::*;
use crate::bitstream::presentation::Refresh;

struct Test;

impl Flow for Test {
    type Item = u32;
    type Payload = ();
    type Picture = ();
    type Orphan = ();
}

const LIMITS: Limits = Limits {
    detect_buffer: 3,
    idle_timeout: Duration::from_secs(1),
    eos_flush: Duration::from_millis(100),
    stall_timeout: Some(Duration::from_secs(3)),
    policy: QueuePolicy::Block,
    damage: DamagePolicy::Deliver,
    input: 4,
    reentrant_input: 8,
    output: 4,
};

fn params(width: u32) -> DecoderParameters {
    DecoderParameters {
        codec: Codec::H264,
        width,
        height: 8,
    }
}

fn arrival(item: u32, width: u32, gate: Gate) -> Arrival<Test> {
    Arrival {
        item,
        payload: (),
        params: params(width),
        gate,
        reorder: 2,
        without_picture: NoPicture::Corrupt,
        is_undecodable: false,
        renews: false,
        dependence: Dependence {
            is_start: gate != Gate::Dependent,
            is_disposable: gate == Gate::Dependent && item.is_multiple_of(3),
            ..Dependence::default()
        },
        continuity: Continuity {
            restarts: gate != Gate::Dependent,
            order: Some(item.into()),
            ..Continuity::default()
        },
    }
}

/// A decoder that returns pictures in the order of its packets.
#[derive(Default)]
struct Decoder {
    inside: VecDeque<u64>,
    end: bool,
}

/// Drives a machine as the threads around it do.
struct Rig {
    machine: Machine<Test>,
    decoders: HashMap<LaneId, Decoder>,
    /// Conversions under way; they outlive their decoder.
    converting: Vec<(LaneId, u64)>,
    now: Instant,
    out: Vec<Outgoing<Test>>,
    fail_start: bool,
    /// Decoders find nothing to begin with in packets.
    refuses: bool,
    /// Decoders mark their pictures as damaged.
    marks: bool,
    /// Pictures that are to be delivered although damage reaches them.
    corrupt: usize,
}

impl Rig {
    fn new() -> Self {
        Self::with_policy(QueuePolicy::Block)
    }

    fn with_policy(policy: QueuePolicy) -> Self {
        Self::with_limits(Limits { policy, ..LIMITS })
    }

    fn with_limits(limits: Limits) -> Self {
        Self {
            machine: Machine::new(limits),
            decoders: HashMap::new(),
            converting: Vec::new(),
            now: Instant::now(),
            out: Vec::new(),
            fail_start: false,
            refuses: false,
            marks: false,
            corrupt: 0,
        }
    }

    fn carry_out(&mut self, effects: Effects<Test>) {
        self.out.extend(effects.emit);
        if let Some((id, _)) = effects.start {
            let result = if self.fail_start {
                Err("no".to_owned())
            } else {
                Ok(())
            };
            if result.is_ok() {
                self.decoders.insert(id, Decoder::default());
            }
            let effects = self.machine.started(id, result, self.now);
            self.carry_out(effects);
        }
        if let Some((id, input)) = effects.input {
            self.give(id, &input);
        }
        for id in effects.retire {
            self.decoders.remove(&id);
        }
    }

    fn give(&mut self, id: LaneId, input: &Input<Test>) {
        let Some(decoder) = self.decoders.get_mut(&id) else {
            return;
        };
        match input {
            Input::Packet(key, ()) if self.refuses => {
                let next = self.machine.refused(id, *key, None, self.now);
                if let Some(next) = next {
                    self.give(id, &next);
                }
            }
            Input::Packet(key, ()) => decoder.inside.push_back(*key),
            Input::End => decoder.end = true,
        }
    }

    fn submit(&mut self, item: u32, width: u32, gate: Gate) -> bool {
        self.send(arrival(item, width, gate))
    }

    fn send(&mut self, arrival: Arrival<Test>) -> bool {
        match self.machine.submit(arrival, false, self.now) {
            Submitted::Accepted(effects) => {
                self.carry_out(effects);
                true
            }
            Submitted::NoRoom(_) | Submitted::ShutDown => false,
        }
    }

    fn lanes(&self) -> Vec<LaneId> {
        let mut ids: Vec<_> = self.decoders.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn feed(&mut self) {
        for id in self.lanes() {
            while let Some(input) = self.machine.hungry(id, self.now) {
                let is_end = matches!(input, Input::End);
                self.give(id, &input);
                if is_end {
                    break;
                }
            }
        }
    }

    /// The oldest decoder returns one picture, or swallows it.
    fn decode(&mut self, swallow: bool) {
        let Some(id) = self.lanes().first().copied() else {
            return;
        };
        let Some(decoder) = self.decoders.get_mut(&id) else {
            return;
        };
        match decoder.inside.pop_front() {
            Some(_) if swallow => {}
            Some(key) => {
                let place = self
                    .machine
                    .picture(id, Some(key), self.marks, (), self.now);
                if let Place::Ticket { ticket, is_corrupt } = place {
                    self.converting.push((id, ticket));
                    self.corrupt += usize::from(is_corrupt);
                }
            }
            None if decoder.end => {
                let effects = self.machine.ended(id);
                self.carry_out(effects);
            }
            None => {}
        }
    }

    /// Conversions end in any order: here the youngest first.
    fn convert(&mut self, fail: bool) {
        if let Some((id, ticket)) = self.converting.pop() {
            let result = if fail { Err("bad".to_owned()) } else { Ok(()) };
            self.machine.converted(id, ticket, result, self.now);
        }
    }

    fn deliver(&mut self) -> bool {
        let Some(output) = self.machine.next_delivery(self.now) else {
            return false;
        };
        self.out.push(output);
        self.machine.delivered(self.now);
        true
    }

    fn close(&mut self) {
        if let Some(effects) = self.machine.close(self.now) {
            self.carry_out(effects);
        }
    }

    fn rest(&mut self) {
        if let Some(effects) = self.machine.rest(self.now) {
            self.carry_out(effects);
        }
    }

    fn run_until_drained_of(&mut self, outputs: usize) {
        for _ in 0..100 {
            self.feed();
            self.decode(false);
            self.convert(false);
            self.deliver();
        }
        assert_eq!(self.out.len(), outputs);
    }

    fn run_dry(&mut self) {
        for _ in 0..10_000 {
            if self.machine.is_drained() {
                return;
            }
            self.feed();
            self.decode(false);
            self.convert(false);
            self.deliver();
            self.wait(200);
        }
        panic!("the machine does not come to an end");
    }

    fn check_sums(&self) {
        let counters = self.machine.counters();
        assert_eq!(
            counters.submitted,
            counters.ended() + self.machine.in_flight() as u64
        );
    }

    fn names(&self) -> Vec<String> {
        self.out.iter().map(name).collect()
    }
}

fn name(output: &Outgoing<Test>) -> String {
    match output {
        Outgoing::Frame(item, ..) => format!("frame {item}"),
        Outgoing::Orphan(()) => "orphan".to_owned(),
        Outgoing::Skipped(item, reason) => format!("skip {item} {}", reason.name()),
        Outgoing::Error(Some(item), _) => format!("error {item}"),
        Outgoing::Error(None, _) => "error".to_owned(),
        Outgoing::SourceEos(id) => format!("eos {id}"),
        Outgoing::ParameterChange(old, new) => format!("change {} {}", old.width, new.width),
    }
}

#[test]
fn a_parameter_change_comes_between_the_sessions() {
    let mut rig = Rig::new();
    for item in 0..2 {
        assert!(rig.submit(item, 8, Gate::Immediate));
    }
    assert!(rig.submit(2, 16, Gate::Immediate));
    rig.feed();
    let newer = rig.lanes()[1];
    let key = rig
        .decoders
        .get_mut(&newer)
        .and_then(|decoder| decoder.inside.pop_front());
    let Place::Ticket { ticket, .. } = rig.machine.picture(newer, key, false, (), rig.now) else {
        panic!("no place")
    };
    rig.machine.converted(newer, ticket, Ok(()), rig.now);
    assert!(!rig.deliver(), "the newer session must wait");
    rig.close();
    rig.run_dry();
    assert_eq!(
        rig.names(),
        ["frame 0", "frame 1", "change 8 16", "frame 2"]
    );
    rig.check_sums();
}

#[test]
fn a_session_that_cannot_be_built_skips_before_the_change_is_told() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    rig.fail_start = true;
    rig.submit(1, 16, Gate::Immediate);
    rig.run_dry();
    assert_eq!(
        rig.names(),
        ["frame 0", "skip 1 decoder_creation_failed", "change 8 16"]
    );
}

#[test]
fn detection_gives_up_beyond_its_limit_and_starts_again() {
    let mut rig = Rig::new();
    for item in 0..5 {
        rig.submit(item, 8, Gate::Dependent);
    }
    let overflow: Vec<_> = (0..4)
        .map(|item| format!("skip {item} detection_buffer_overflow"))
        .collect();
    assert_eq!(rig.names(), overflow);
    rig.submit(5, 8, Gate::RandomAccess);
    assert_eq!(rig.names()[4..], ["skip 4 waiting_for_keyframe"]);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names()[5..], ["frame 5"]);
}

#[test]
fn after_a_rest_a_stream_starts_as_it_did_first_behind_its_old_frames() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::RandomAccess);
    rig.rest();
    assert!(!rig.machine.is_at_rest(), "a frame is inside");
    rig.submit(1, 16, Gate::RandomAccess);
    rig.run_until_drained_of(2);
    assert_eq!(rig.names(), ["frame 0", "frame 1"], "no parameter change");
    rig.rest();
    rig.run_dry();
    rig.submit(2, 16, Gate::Dependent);
    rig.rest();
    assert_eq!(rig.names()[2..], ["skip 2 waiting_for_keyframe"]);
    assert!(rig.machine.is_at_rest());
    rig.close();
    assert!(rig.machine.rest(rig.now).is_none(), "it is shut down");
    assert!(rig.machine.is_closed());
    rig.check_sums();
}

#[test]
fn a_change_while_detecting_is_not_told() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Dependent);
    rig.submit(1, 16, Gate::RandomAccess);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names(), ["skip 0 waiting_for_keyframe", "frame 1"]);
}

#[test]
fn a_swallowed_packet_is_told_once_later_pictures_came_out() {
    let mut rig = Rig::new();
    for item in 0..4 {
        rig.submit(item, 8, Gate::Immediate);
    }
    rig.feed();
    rig.decode(true);
    for _ in 0..3 {
        rig.decode(false);
        rig.convert(false);
    }
    while rig.deliver() {}
    assert_eq!(
        rig.names(),
        ["frame 1", "frame 2", "skip 0 no_picture", "frame 3"]
    );
}

#[test]
fn an_undecodable_packet_is_told_without_the_decoder() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::RandomAccess);
    rig.feed();
    let leading = Arrival {
        is_undecodable: true,
        without_picture: NoPicture::MissingReference,
        ..arrival(1, 8, Gate::Dependent)
    };
    let submitted = rig.machine.submit(leading, false, rig.now);
    let Submitted::Accepted(effects) = submitted else {
        panic!("it is taken");
    };
    assert!(effects.input.is_none());
    rig.carry_out(effects);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names(), ["skip 1 no_picture", "frame 0"]);
    assert_eq!(rig.machine.in_flight(), 0);
}

#[test]
fn a_renewed_session_follows_the_old_one_without_a_change() {
    let mut rig = Rig::new();
    for item in 0..3 {
        rig.submit(item, 8, Gate::RandomAccess);
    }
    let renewing = Arrival {
        renews: true,
        ..arrival(3, 8, Gate::RandomAccess)
    };
    let Submitted::Accepted(effects) = rig.machine.submit(renewing, false, rig.now) else {
        panic!("it is taken");
    };
    assert!(effects.start.is_some() && effects.settle.is_none());
    rig.carry_out(effects);
    rig.submit(4, 8, Gate::Dependent);
    rig.close();
    rig.run_dry();
    assert_eq!(
        rig.names(),
        ["frame 0", "frame 1", "frame 2", "frame 3", "frame 4"]
    );
}

#[test]
fn an_end_of_stream_keeps_its_place_and_flushes_an_idle_decoder() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    rig.carry_out_eos("a");
    rig.submit(1, 8, Gate::Immediate);
    rig.carry_out_eos("b");
    rig.run_dry();
    assert_eq!(rig.names(), ["frame 0", "eos a", "frame 1", "eos b"]);
    rig.submit(2, 8, Gate::Immediate);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names()[4..], ["frame 2"]);
}

#[test]
fn the_end_does_not_overtake_a_packet_on_its_way() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    let id = rig.lanes()[0];
    // A thread of the decoder has taken the packet and not handed it over yet.
    let packet = rig.machine.hungry(id, rig.now);
    assert!(matches!(packet, Some(Input::Packet(..))));
    let effects = rig.machine.close(rig.now).expect("open");
    assert!(effects.input.is_none(), "the decoder has not asked again");
    let end = rig.machine.hungry(id, rig.now);
    assert!(matches!(end, Some(Input::End)));
}

#[test]
fn a_stalled_drain_ends_every_frame_with_an_error() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    rig.feed();
    rig.close();
    rig.now += LIMITS.idle_timeout;
    let effects = rig.machine.tick(rig.now, |_| "here".to_owned());
    rig.carry_out(effects);
    while rig.deliver() {}
    assert_eq!(rig.names(), ["error 0"]);
    assert!(rig.machine.is_drained());
}

#[test]
fn a_blocked_consumer_does_not_end_a_drain() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    rig.feed();
    let id = rig.lanes()[0];
    rig.close();
    rig.machine.set_blocked(id, true, rig.now);
    rig.now += LIMITS.idle_timeout * 10;
    let effects = rig.machine.tick(rig.now, |_| "here".to_owned());
    assert!(effects.retire.is_empty());
    rig.machine.set_blocked(id, false, rig.now);
    rig.run_dry();
    assert_eq!(rig.names(), ["frame 0"]);
}

#[test]
fn a_broken_decoder_ends_its_frames_and_the_next_packet_starts_anew() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    rig.submit(1, 8, Gate::Immediate);
    let effects = rig.machine.failed(rig.lanes()[0], "broken");
    rig.carry_out(effects);
    rig.submit(2, 8, Gate::Immediate);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names(), ["error 0", "error 1", "frame 2"]);
}

#[test]
fn a_decoder_that_ends_without_frames_is_no_failure() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::Immediate);
    let id = rig.lanes()[0];
    rig.feed();
    rig.decode(false);
    rig.convert(false);
    while rig.deliver() {}
    rig.close();
    let effects = rig.machine.failed(id, "no valid frames found");
    rig.carry_out(effects);
    rig.run_dry();
    assert_eq!(rig.names(), ["frame 0"]);
}

impl Rig {
    /// The oldest decoder takes a packet and asks for no other.
    fn feed_one(&mut self) {
        let id = self.lanes()[0];
        let input = self.machine.hungry(id, self.now).expect("a packet");
        self.give(id, &input);
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        let effects = self.machine.tick(self.now, |_| "here".to_owned());
        self.carry_out(effects);
    }

    fn carry_out_eos(&mut self, id: &str) {
        let effects = self
            .machine
            .source_eos(id.to_owned(), self.now)
            .expect("open");
        self.carry_out(effects);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Submit { width: u32, gate: u8, damage: u8 },
    Mark(bool),
    Feed,
    Decode { swallow: bool },
    Convert { fail: bool },
    Deliver,
    Eos,
    Wait(u64),
    Fail,
    Rest,
    FailStart(bool),
    Abandon,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (prop_oneof![9 => Just(8u32), 1 => Just(16)], 0u8..10, 0u8..20)
            .prop_map(|(width, gate, damage)| Step::Submit { width, gate, damage }),
        1 => prop::bool::weighted(0.2).prop_map(Step::Mark),
        6 => Just(Step::Feed),
        8 => prop::bool::weighted(0.1).prop_map(|swallow| Step::Decode { swallow }),
        6 => prop::bool::weighted(0.1).prop_map(|fail| Step::Convert { fail }),
        8 => Just(Step::Deliver),
        1 => Just(Step::Eos),
        2 => (0u64..4000).prop_map(Step::Wait),
        1 => Just(Step::Fail),
        1 => Just(Step::Rest),
        1 => any::<bool>().prop_map(Step::FailStart),
        1 => prop::bool::weighted(0.05).prop_map(|really| if really { Step::Abandon } else { Step::Deliver }),
    ]
}

/// As many schedules as `PROPTEST_CASES` says, or 2,000.
fn schedules() -> ProptestConfig {
    const CASES: &str = "PROPTEST_CASES";
    match std::env::var_os(CASES) {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(2000),
    }
}

proptest! {
    #![proptest_config(schedules())]

    #[test]
    fn every_frame_has_one_outcome(
        policy in prop::sample::select(vec![
            QueuePolicy::Block, QueuePolicy::DropOldestGop, QueuePolicy::DropNonReference
        ]),
        damage in prop::sample::select(vec![
            DamagePolicy::Deliver, DamagePolicy::DropUntilKeyframe, DamagePolicy::Error
        ]),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut rig = Rig::with_limits(Limits { policy, damage, ..LIMITS });
        let mut next = 0;
        let mut ends = 0;
        for step in steps {
            match step {
                Step::Mark(marks) => rig.marks = marks,
                Step::Submit { width, gate, damage } => {
                    let gate = match gate {
                        0..4 => Gate::Dependent,
                        4..8 => Gate::RandomAccess,
                        _ => Gate::Immediate,
                    };
                    let mut arrival = arrival(next, width, gate);
                    arrival.is_undecodable = damage == 0;
                    arrival.continuity = Continuity {
                        follows_loss: damage == 1,
                        is_damaged: damage == 2,
                        is_empty: damage == 3,
                        restarts: gate == Gate::RandomAccess || damage == 4,
                        order: (damage != 5).then_some(u64::from(next) ^ u64::from(damage % 4)),
                        refresh: Refresh::default(),
                    };
                    if rig.send(arrival) {
                        next += 1;
                    }
                }
                Step::Feed => rig.feed(),
                Step::Decode { swallow } => rig.decode(swallow),
                Step::Convert { fail } => rig.convert(fail),
                Step::Deliver => {
                    rig.deliver();
                }
                Step::Eos => {
                    if let Some(effects) = rig.machine.source_eos("s".to_owned(), rig.now) {
                        rig.carry_out(effects);
                        ends += 1;
                    }
                }
                Step::Wait(ms) => {
                    rig.wait(ms);
                }
                Step::Fail => {
                    if let Some(id) = rig.lanes().first().copied() {
                        let effects = rig.machine.failed(id, "broken");
                        rig.carry_out(effects);
                    }
                }
                Step::Rest => rig.rest(),
                Step::FailStart(fail) => rig.fail_start = fail,
                Step::Abandon => {
                    drop(rig.machine.abandon());
                    rig.decoders.clear();
                }
            }
            rig.check_sums();
        }
        let abandoned = rig.machine.is_closed();
        rig.close();
        rig.run_dry();
        rig.check_sums();
        prop_assert_eq!(rig.machine.in_flight(), 0);
        prop_assert!(rig.decoders.is_empty());

        let mut seen = vec![0; next as usize];
        let mut frames = Vec::new();
        let mut eos = 0;
        for output in &rig.out {
            match output {
                Outgoing::Frame(item, ..) => {
                    seen[*item as usize] += 1;
                    frames.push(*item);
                }
                Outgoing::Skipped(item, _) | Outgoing::Error(Some(item), _) => seen[*item as usize] += 1,
                Outgoing::SourceEos(_) => eos += 1,
                _ => {}
            }
        }
        let lost = rig.machine.counters().lost;
        prop_assert_eq!(seen.iter().sum::<u64>() + lost, u64::from(next));
        prop_assert!(seen.iter().all(|&count| count <= 1));
        prop_assert!(frames.is_sorted(), "{:?}", frames);
        if damage != DamagePolicy::Deliver {
            prop_assert_eq!(rig.corrupt, 0);
        }
        if !abandoned {
            prop_assert_eq!(lost, 0);
            prop_assert_eq!(eos, ends);
        }
    }
}
