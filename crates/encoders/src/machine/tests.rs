//! Every picture ends once, in order, whatever happens when.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Pictures and packets are the number of their picture.
#[derive(Debug, PartialEq, Eq)]
struct Numbers;

impl Flow for Numbers {
    type Item = u64;
    type Picture = u64;
    type Prepared = u64;
    type Packet = u64;
}

const LIMITS: Limits = Limits {
    input: 4,
    reentrant_input: 16,
    output: 8,
    parallel: 1,
    prepared: 2,
    stall: Some(Duration::from_secs(10)),
};

fn with_element() -> Machine<Numbers> {
    Machine::new(LIMITS, true)
}

fn of_stills() -> Machine<Numbers> {
    Machine::new(
        Limits {
            parallel: 3,
            ..LIMITS
        },
        false,
    )
}

fn outputs(machine: &mut Machine<Numbers>) -> Vec<Outcome<Numbers>> {
    let mut outputs = Vec::new();
    while let Some(output) = machine.next_output() {
        machine.delivered(Instant::now());
        outputs.push(output);
    }
    outputs
}

/// Takes a picture to the point where it is inside the element.
fn feed(machine: &mut Machine<Numbers>, number: u64) {
    let now = Instant::now();
    machine.submit(number, number, now);
    let (key, picture) = machine.next_job().expect("a picture waits");
    if machine.session == Session::None {
        machine.opened();
    }
    machine.done(key, Done::Prepared(picture), now);
    machine.hungry();
    assert_eq!(machine.next_feed(), Some((key, number)));
}

#[test]
fn an_element_is_fed_when_it_asks_and_once_for_each_time() {
    let (mut machine, now) = (with_element(), Instant::now());
    for number in 0..3 {
        machine.submit(number, number, now);
    }
    let (key, picture) = machine.next_job().unwrap();
    assert_eq!(machine.next_job(), None, "one after the other");
    machine.opened();
    machine.done(key, Done::Prepared(picture), now);
    assert_eq!(machine.next_feed(), None, "it has not asked");
    machine.hungry();
    assert_eq!(machine.next_feed(), Some((0, 0)));
    let (key, picture) = machine.next_job().unwrap();
    machine.done(key, Done::Prepared(picture), now);
    assert_eq!(machine.next_feed(), None, "it has asked once");
}

#[test]
fn packets_find_their_pictures_in_any_order() {
    let (mut machine, now) = (with_element(), Instant::now());
    for number in 0..3 {
        feed(&mut machine, number);
    }
    assert!(machine.packet(Some(0), 0, now));
    assert!(machine.packet(Some(2), 2, now));
    assert!(machine.packet(None, 1, now), "the oldest inside");
    assert!(!machine.packet(None, 9, now) && !machine.packet(Some(1), 9, now));
    let pairs: Vec<_> = [0, 2, 1].map(|n| Outcome::Encoded(n, n)).into();
    assert_eq!(outputs(&mut machine), pairs);
}

#[test]
fn the_end_is_given_in_when_everything_is_inside() {
    let (mut machine, now) = (with_element(), Instant::now());
    feed(&mut machine, 0);
    machine.submit(1, 1, now);
    machine.flush();
    assert!(!machine.takes_end() && !machine.has_room(false));
    let (key, picture) = machine.next_job().unwrap();
    machine.done(key, Done::Prepared(picture), now);
    assert!(!machine.takes_end());
    machine.hungry();
    machine.next_feed().unwrap();
    assert!(machine.takes_end() && !machine.takes_end());
    machine.packet(None, 0, now);
    machine.left("nothing came out", now);
    assert!(
        !machine.is_flushed(),
        "the outputs have not been handed over"
    );
    let failed = Outcome::Failed(1, "nothing came out".to_owned());
    assert_eq!(outputs(&mut machine), [Outcome::Encoded(0, 0), failed]);
    assert!(machine.is_flushed());
    machine.resume();
    assert!(machine.has_room(false));
}

#[test]
fn a_broken_element_fails_what_it_had_and_what_was_ready_for_it() {
    let (mut machine, now) = (with_element(), Instant::now());
    feed(&mut machine, 0);
    for number in 1..4 {
        machine.submit(number, number, now);
    }
    let (key, picture) = machine.next_job().unwrap();
    machine.done(key, Done::Prepared(picture), now);
    let (in_work, picture) = machine.next_job().unwrap();
    machine.left("broken", now);
    machine.done(in_work, Done::Prepared(picture), now);
    let numbers: Vec<_> = outputs(&mut machine)
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Failed(number, _) => number,
            Outcome::Encoded(..) => panic!("nothing was encoded"),
        })
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(
        machine.next_job(),
        Some((3, 3)),
        "the next one gets a new element"
    );
}

#[test]
fn stills_are_coded_at_once_and_come_out_in_order() {
    let (mut machine, now) = (of_stills(), Instant::now());
    for number in 0..3 {
        machine.submit(number, number, now);
        assert_eq!(machine.next_job(), Some((number, number)));
    }
    machine.done(2, Done::Coded(2), now);
    machine.done(1, Done::Failed("no".to_owned()), now);
    assert!(!machine.has_output());
    machine.done(0, Done::Coded(0), now);
    let failed = Outcome::Failed(1, "no".to_owned());
    assert_eq!(
        outputs(&mut machine),
        [Outcome::Encoded(0, 0), failed, Outcome::Encoded(2, 2)]
    );
}

#[test]
fn an_element_stalls_when_it_neither_asks_nor_puts_out() {
    let (mut machine, now) = (with_element(), Instant::now());
    feed(&mut machine, 0);
    let later = now + Duration::from_mins(1);
    assert!(!machine.is_stalled(later), "nothing is there for it");
    machine.submit(1, 1, now);
    let (key, picture) = machine.next_job().unwrap();
    machine.done(key, Done::Prepared(picture), now);
    assert!(machine.is_stalled(later) && !machine.is_stalled(now));
    machine.packet(None, 0, later);
    assert!(!machine.is_stalled(later));
    machine.hungry();
    machine.next_feed();
    machine.flush();
    assert!(machine.takes_end());
    assert!(machine.is_stalled(later + Duration::from_mins(1)));
}

#[test]
fn what_is_inside_at_a_shutdown_is_lost() {
    let (mut machine, now) = (with_element(), Instant::now());
    feed(&mut machine, 0);
    machine.packet(None, 0, now);
    machine.submit(1, 1, now);
    let (key, picture) = machine.next_job().unwrap();
    assert!(machine.close() && !machine.close());
    drop(machine.abandon());
    assert!(!machine.is_empty(), "a worker still has a picture");
    machine.done(key, Done::Prepared(picture), now);
    assert!(machine.is_empty());
    let Counters {
        submitted, lost, ..
    } = machine.counters();
    assert_eq!((submitted, lost), (2, 2));
}

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Event {
    Submit,
    Job,
    Done { fails: bool },
    Hungry,
    Feed,
    Packet { newest: bool },
    Left,
    Flush,
    End,
    Deliver,
    Abandon,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Submit),
        4 => Just(Event::Job),
        4 => any::<bool>().prop_map(|fails| Event::Done { fails }),
        4 => Just(Event::Hungry),
        4 => Just(Event::Feed),
        4 => any::<bool>().prop_map(|newest| Event::Packet { newest }),
        1 => Just(Event::Left),
        1 => Just(Event::Flush),
        1 => Just(Event::End),
        4 => Just(Event::Deliver),
        1 => Just(Event::Abandon),
    ]
}

proptest! {
    #[test]
    fn every_picture_ends_once(events in prop::collection::vec(event(), 0..200), has_element: bool) {
        let now = Instant::now();
        let mut machine = if has_element { with_element() } else { of_stills() };
        let mut jobs = VecDeque::new();
        let mut ended = Vec::new();
        let mut number = 0;
        let deliver = |machine: &mut Machine<Numbers>, ended: &mut Vec<u64>| {
            for outcome in outputs(machine) {
                ended.push(match outcome {
                    Outcome::Encoded(number, _) | Outcome::Failed(number, _) => number,
                });
            }
        };
        for event in events {
            match event {
                Event::Submit if machine.has_room(false) && !machine.is_closed() => {
                    machine.submit(number, number, now);
                    number += 1;
                }
                Event::Job => jobs.extend(machine.next_job()),
                Event::Done { fails } => {
                    let Some((key, picture)) = jobs.pop_front() else { continue };
                    let done = match (fails, has_element) {
                        (true, _) => Done::Failed("no".to_owned()),
                        (false, true) => Done::Prepared(picture),
                        (false, false) => Done::Coded(picture),
                    };
                    if has_element && machine.session == Session::None && !machine.is_closed() {
                        machine.opened();
                    }
                    machine.done(key, done, now);
                }
                Event::Hungry => machine.hungry(),
                Event::Feed => drop(machine.next_feed()),
                Event::Packet { newest } => {
                    let key = if newest { machine.fed.back().copied() } else { None };
                    machine.packet(key, 0, now);
                }
                Event::Left => machine.left("broken", now),
                Event::Flush => machine.flush(),
                Event::End => {
                    if machine.takes_end() {
                        machine.left("ended", now);
                        machine.resume();
                    }
                }
                Event::Deliver => deliver(&mut machine, &mut ended),
                Event::Abandon => {
                    machine.close();
                    drop(machine.abandon());
                }
                Event::Submit => {}
            }
            let Counters { submitted, encoded, failed, lost } = machine.counters();
            prop_assert_eq!(submitted, encoded + failed + lost + machine.in_flight() as u64);
            prop_assert_eq!(submitted, number);
        }
        machine.close();
        drop(machine.abandon());
        deliver(&mut machine, &mut ended);
        let Counters { lost, .. } = machine.counters();
        prop_assert_eq!(ended.len() as u64 + lost, number);
        let mut once = ended.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), ended.len());
        if !has_element {
            prop_assert!(ended.is_sorted());
        }
    }
}
