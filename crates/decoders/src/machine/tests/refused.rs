//! Sessions that cannot be built, and packets that a decoder cannot begin with.

use super::*;

/// A packet of a codec that starts at any packet, which refers to those before.
fn dependent(item: u32, width: u32) -> Arrival<Test> {
    Arrival {
        continuity: Continuity::default(),
        ..arrival(item, width, Gate::Immediate)
    }
}

#[test]
fn what_refers_to_a_refused_packet_is_skipped_for_the_same_reason() {
    let mut rig = Rig::new();
    rig.fail_start = true;
    rig.submit(0, 8, Gate::Immediate);
    rig.fail_start = false;
    for item in 1..4 {
        rig.send(dependent(item, 8));
    }
    let refused: Vec<_> = (0..4)
        .map(|item| format!("skip {item} decoder_creation_failed"))
        .collect();
    assert_eq!(rig.names(), refused);
    assert!(rig.lanes().is_empty(), "no decoder was made for them");
    rig.submit(4, 8, Gate::Immediate);
    rig.send(dependent(5, 8));
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names()[4..], ["frame 4", "frame 5"]);
    rig.check_sums();
}

#[test]
fn other_parameters_are_tried_at_once() {
    let mut rig = Rig::new();
    rig.fail_start = true;
    rig.submit(0, 8, Gate::Immediate);
    rig.fail_start = false;
    rig.send(dependent(1, 16));
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names(), ["skip 0 decoder_creation_failed", "frame 1"]);
    rig.check_sums();
}

#[test]
fn packets_that_a_decoder_cannot_begin_with_are_skipped_at_once() {
    let mut rig = Rig::new();
    rig.refuses = true;
    rig.submit(0, 8, Gate::Immediate);
    rig.send(dependent(1, 8));
    rig.feed();
    while rig.deliver() {}
    let skips = ["skip 0 no_picture", "skip 1 no_picture"];
    assert_eq!(rig.names(), skips);
    assert_eq!(rig.lanes().len(), 1, "the decoder stays");
    rig.refuses = false;
    rig.submit(2, 8, Gate::Immediate);
    rig.close();
    rig.run_dry();
    assert_eq!(rig.names()[2..], ["frame 2"]);
    rig.check_sums();
}
