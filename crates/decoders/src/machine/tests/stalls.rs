//! Decoders that take nothing, or take packets for nothing.

use super::*;

#[test]
fn a_decoder_that_takes_nothing_is_given_up_and_the_next_packet_starts_anew() {
    let mut rig = Rig::new();
    rig.submit(0, 8, Gate::RandomAccess);
    rig.feed_one();
    rig.now += LIMITS.idle_timeout * 1000;
    assert_eq!(rig.machine.next_tick(), None, "nothing waits for it");
    for item in 1..=4 {
        assert!(rig.submit(item, 8, Gate::Dependent));
    }
    assert!(!rig.submit(5, 8, Gate::Dependent), "the queue is full");
    let stalls_at = rig.now + Duration::from_secs(3);
    rig.now += Duration::from_millis(2999);
    assert_eq!(rig.machine.next_tick(), Some(stalls_at));
    rig.wait(0);
    assert_eq!(rig.lanes().len(), 1);
    rig.wait(1);
    assert!(rig.lanes().is_empty());
    while rig.deliver() {}
    let errors: Vec<_> = (0..=4).map(|item| format!("error {item}")).collect();
    assert_eq!(rig.names(), errors);
    assert!(matches!(&rig.out[0], Outgoing::Error(_, message)
        if message == "the decoder took no packet and returned nothing for 3000 ms; 4 packets queued, 1 inside; here"));
    assert!(rig.submit(5, 8, Gate::Dependent), "there is room again");
    rig.submit(6, 8, Gate::RandomAccess);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names()[5..], ["skip 5 waiting_for_keyframe", "frame 6"]);
    rig.check_sums();
}

#[test]
fn a_decoder_that_waits_for_its_user_does_not_stall() {
    let mut rig = Rig::new();
    let long = 100_000;
    rig.submit(0, 8, Gate::Immediate);
    rig.feed_one();
    let id = rig.lanes()[0];
    rig.submit(1, 8, Gate::Immediate);
    // All output buffers are taken.
    rig.machine.set_blocked(id, true, rig.now);
    rig.wait(long);
    rig.machine.set_blocked(id, false, rig.now);
    // A picture is being converted, then waits, then is in the hands of a callback.
    rig.decode(false);
    rig.wait(long);
    rig.convert(false);
    rig.wait(long);
    let output = rig.machine.next_delivery(rig.now);
    rig.out.extend(output);
    rig.wait(long);
    rig.machine.delivered(rig.now);
    rig.wait(2999);
    assert_eq!(rig.lanes(), [id]);
    rig.wait(1);
    assert!(rig.lanes().is_empty());
    while rig.deliver() {}
    assert_eq!(rig.names(), ["frame 0", "error 1"]);
}

#[test]
fn a_decoder_that_takes_very_many_packets_for_nothing_is_silent() {
    let mut rig = Rig::new();
    let mut next = 0;
    let mut feed = |rig: &mut Rig, count: u32, swallow| {
        for item in next..next + count {
            assert!(rig.submit(item, 8, Gate::Immediate));
            rig.feed();
            rig.decode(swallow);
        }
        next += count;
        rig.machine.is_silent(rig.lanes()[0])
    };
    assert!(!feed(&mut rig, 300, true));
    assert!(feed(&mut rig, 1, true));
    assert!(!feed(&mut rig, 1, false));
}

#[test]
fn a_decoder_that_is_built_slowly_has_not_stalled() {
    let mut rig = Rig::new();
    let Submitted::Accepted(effects) =
        rig.machine
            .submit(arrival(0, 8, Gate::Immediate), false, rig.now)
    else {
        panic!("it is taken");
    };
    rig.wait(100_000);
    rig.carry_out(effects);
    rig.wait(2999);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names(), ["frame 0"]);
}
