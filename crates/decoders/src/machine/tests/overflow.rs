//! Queues that are full.

use super::super::overflow::MAX_UNTOLD;
use super::*;

fn fill(policy: QueuePolicy) -> Rig {
    let mut rig = Rig::with_policy(policy);
    rig.submit(0, 8, Gate::RandomAccess);
    rig.feed_one();
    rig
}

fn submit(rig: &mut Rig, items: impl IntoIterator<Item = u32>) -> usize {
    let submit = |item| rig.submit(item, 8, Gate::Dependent);
    items.into_iter().map(submit).filter(|&taken| taken).count()
}

fn finish(mut rig: Rig) -> Vec<String> {
    rig.close();
    rig.run_dry();
    rig.check_sums();
    rig.names()
}

#[test]
fn the_oldest_group_of_pictures_goes_up_to_one_that_starts_anew() {
    let mut rig = fill(QueuePolicy::DropOldestGop);
    submit(&mut rig, 1..3);
    rig.submit(3, 8, Gate::RandomAccess);
    assert_eq!(submit(&mut rig, 4..6), 2);
    assert_eq!(
        finish(rig),
        [
            "skip 1 queue_overflow",
            "skip 2 queue_overflow",
            "frame 0",
            "frame 3",
            "frame 4",
            "frame 5"
        ]
    );
}

#[test]
fn without_one_in_the_queue_everything_goes_until_one_comes() {
    let mut rig = fill(QueuePolicy::DropOldestGop);
    assert_eq!(submit(&mut rig, 1..8), 7);
    let id = rig.lanes()[0];
    assert!(rig.machine.is_skipping(id));
    rig.submit(8, 8, Gate::RandomAccess);
    assert!(!rig.machine.is_skipping(id));
    submit(&mut rig, [9]);
    let mut expected: Vec<_> = (1..8)
        .map(|item| format!("skip {item} queue_overflow"))
        .collect();
    expected.extend(["frame 0", "frame 8", "frame 9"].map(String::from));
    assert_eq!(finish(rig), expected);
}

#[test]
fn a_stream_without_random_access_points_is_told_of_once() {
    let mut rig = fill(QueuePolicy::DropOldestGop);
    let told = |rig: &Rig| -> Vec<usize> {
        let names = rig.names().into_iter().enumerate();
        names
            .filter_map(|(index, name)| (name == "error").then_some(index))
            .collect()
    };
    // Four fill the queue, the fifth drops them.
    let last_untold = 4 + u32::try_from(MAX_UNTOLD).unwrap() - 1;
    submit(&mut rig, 1..=last_untold);
    while rig.deliver() {}
    assert!(told(&rig).is_empty());
    assert!(rig.machine.awaits_random_access());
    submit(&mut rig, last_untold + 1..2000);
    while rig.deliver() {}
    assert_eq!(told(&rig), [last_untold as usize + 1], "behind its packet");
    rig.submit(2000, 8, Gate::RandomAccess);
    assert!(!rig.machine.awaits_random_access());
    submit(&mut rig, 2001..3000);
    rig.close();
    rig.run_dry();
    rig.check_sums();
    assert_eq!(told(&rig).len(), 2, "once for each overflow");
}

#[test]
fn pictures_that_no_other_refers_to_go_one_by_one_and_then_the_submitter_waits() {
    let mut rig = fill(QueuePolicy::DropNonReference);
    // 3 and 6 are disposable.
    assert_eq!(submit(&mut rig, 1..5), 4);
    assert_eq!(submit(&mut rig, [5]), 1);
    assert_eq!(submit(&mut rig, [6]), 1, "it goes itself");
    assert_eq!(submit(&mut rig, [7]), 0);
    assert_eq!(
        finish(rig),
        [
            "skip 3 queue_overflow",
            "skip 6 queue_overflow",
            "frame 0",
            "frame 1",
            "frame 2",
            "frame 4",
            "frame 5"
        ]
    );
}

#[test]
fn an_end_of_stream_behind_packets_that_go_is_told() {
    let mut rig = fill(QueuePolicy::DropOldestGop);
    submit(&mut rig, 1..5);
    rig.carry_out_eos("a");
    submit(&mut rig, [5]);
    let names = finish(rig);
    assert_eq!(names[names.len() - 2..], ["frame 0", "eos a"]);
}
