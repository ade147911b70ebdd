//! Frames that damage reaches, under each policy.

use super::*;

fn rig(damage: DamagePolicy) -> Rig {
    Rig::with_limits(Limits {
        damage,
        input: 100,
        reentrant_input: 100,
        output: 100,
        ..LIMITS
    })
}

fn key(item: u32) -> Arrival<Test> {
    arrival(item, 8, Gate::RandomAccess)
}

fn plain(item: u32) -> Arrival<Test> {
    arrival(item, 8, Gate::Dependent)
}

fn with(mut arrival: Arrival<Test>, change: impl FnOnce(&mut Continuity)) -> Arrival<Test> {
    change(&mut arrival.continuity);
    arrival
}

fn behind_loss(arrival: Arrival<Test>) -> Arrival<Test> {
    with(arrival, |continuity| continuity.follows_loss = true)
}

/// What comes out under each policy, and how many of the delivered pictures are marked.
fn outcomes(run: impl Fn(&mut Rig)) -> (usize, [Vec<String>; 3]) {
    let mut marked = 0;
    let names = [
        DamagePolicy::Deliver,
        DamagePolicy::DropUntilKeyframe,
        DamagePolicy::Error,
    ]
    .map(|policy| {
        let mut rig = rig(policy);
        run(&mut rig);
        rig.close();
        rig.marks = false;
        rig.run_dry();
        rig.check_sums();
        marked += rig.corrupt;
        rig.names()
    });
    (marked, names)
}

#[test]
fn behind_a_loss_pictures_are_marked_or_left_out_up_to_the_next_random_access_point() {
    let (marked, [deliver, drop, error]) = outcomes(|rig| {
        for arrival in [
            key(0),
            plain(1),
            behind_loss(plain(2)),
            plain(3),
            key(4),
            plain(5),
        ] {
            assert!(rig.send(arrival));
        }
    });
    assert_eq!(marked, 2);
    let frames = |items: [u32; 2]| items.map(|item| format!("frame {item}"));
    assert_eq!(
        deliver,
        (0..6)
            .map(|item| format!("frame {item}"))
            .collect::<Vec<_>>()
    );
    let around = |between: [&str; 2]| {
        [
            &frames([0, 1])[..],
            &between.map(String::from),
            &frames([4, 5]),
        ]
        .concat()
    };
    assert_eq!(drop, around(["skip 2 damaged", "skip 3 damaged"]));
    assert_eq!(error, around(["error 2", "skip 3 damaged"]));
}

#[test]
fn a_packet_without_a_picture_is_damage_for_those_behind_it() {
    let (marked, [deliver, drop, error]) = outcomes(|rig| {
        for arrival in [key(0), plain(1), plain(2), plain(3), plain(4), key(5)] {
            rig.send(arrival);
        }
        rig.feed();
        rig.decode(false);
        rig.decode(true);
    });
    assert_eq!(marked, 3);
    let given_up = "skip 1 no_picture";
    assert_eq!(
        deliver,
        [
            "frame 0", "frame 2", "frame 3", given_up, "frame 4", "frame 5"
        ]
    );
    assert_eq!(
        drop,
        [
            "frame 0",
            "skip 2 damaged",
            "skip 3 damaged",
            given_up,
            "skip 4 damaged",
            "frame 5"
        ]
    );
    assert_eq!(
        error,
        [
            "frame 0",
            "skip 2 damaged",
            "skip 3 damaged",
            "error 1",
            "skip 4 damaged",
            "frame 5"
        ]
    );
}

#[test]
fn a_packet_that_holds_no_picture_is_not_missed() {
    let (marked, [_, drop, _]) = outcomes(|rig| {
        rig.send(key(0));
        rig.send(with(plain(1), |continuity| continuity.is_empty = true));
        rig.send(plain(2));
        rig.feed();
        rig.decode(false);
        rig.decode(true);
    });
    assert_eq!(marked, 0);
    assert_eq!(drop, ["frame 0", "frame 2", "skip 1 no_picture"]);
}

#[test]
fn a_picture_that_its_decoder_marks_is_damage() {
    let (marked, [_, drop, error]) = outcomes(|rig| {
        for arrival in [key(0), plain(1), plain(2), key(3)] {
            rig.send(arrival);
        }
        rig.feed();
        rig.decode(false);
        rig.marks = true;
        rig.decode(false);
    });
    assert_eq!(marked, 2);
    assert_eq!(
        drop,
        ["frame 0", "skip 1 damaged", "skip 2 damaged", "frame 3"]
    );
    assert_eq!(error, ["frame 0", "error 1", "skip 2 damaged", "frame 3"]);
}

#[test]
fn leading_pictures_refer_to_what_is_before_their_random_access_point() {
    let shown_at = |arrival, order| with(arrival, |continuity| continuity.order = Some(order));
    let send = |rig: &mut Rig, is_behind_loss: bool| {
        rig.send(shown_at(key(0), 0));
        let second = shown_at(plain(1), 1);
        rig.send(if is_behind_loss {
            behind_loss(second)
        } else {
            second
        });
        rig.send(shown_at(key(2), 4));
        rig.send(shown_at(plain(3), 3));
        rig.send(shown_at(plain(4), 5));
    };
    let (marked, [_, drop, _]) = outcomes(|rig| send(rig, true));
    assert_eq!(marked, 2, "the one behind the loss, and the leading one");
    assert_eq!(
        drop,
        [
            "frame 0",
            "skip 1 damaged",
            "frame 2",
            "skip 3 damaged",
            "frame 4"
        ]
    );
    let (marked, _) = outcomes(|rig| send(rig, false));
    assert_eq!(marked, 0);
}

#[test]
fn a_loss_in_front_of_a_random_access_point_reaches_its_leading_pictures_only() {
    let (marked, [_, _, error]) = outcomes(|rig| {
        rig.send(key(0));
        rig.send(with(behind_loss(key(1)), |continuity| {
            continuity.order = Some(9);
        }));
        rig.send(plain(2));
        rig.send(with(plain(3), |continuity| continuity.order = Some(10)));
    });
    assert_eq!(marked, 1);
    assert_eq!(error, ["frame 0", "frame 1", "error 2", "frame 3"]);
}

#[test]
fn a_damaged_random_access_point_does_not_restart() {
    let (marked, [_, drop, _]) = outcomes(|rig| {
        rig.send(key(0));
        rig.send(with(key(1), |continuity| continuity.is_damaged = true));
        rig.send(plain(2));
        rig.send(key(3));
    });
    assert_eq!(marked, 2);
    assert_eq!(
        drop,
        ["frame 0", "skip 1 damaged", "skip 2 damaged", "frame 3"]
    );
}

#[test]
fn what_no_decoder_is_given_behind_a_loss_follows_the_policy_too() {
    let left_out = |item| Arrival {
        is_undecodable: true,
        without_picture: NoPicture::MissingReference,
        ..plain(item)
    };
    let (_, [deliver, drop, error]) = outcomes(|rig| {
        rig.send(key(0));
        rig.send(behind_loss(left_out(1)));
        rig.send(left_out(2));
    });
    assert_eq!(
        deliver,
        ["skip 1 no_picture", "skip 2 no_picture", "frame 0"]
    );
    assert_eq!(drop, ["skip 1 damaged", "skip 2 damaged", "frame 0"]);
    assert_eq!(error, ["error 1", "skip 2 damaged", "frame 0"]);
}

#[test]
fn a_session_that_begins_between_random_access_points_begins_damaged() {
    let joined = |item| with(arrival(item, 8, Gate::Immediate), |it| it.restarts = false);
    let (marked, [_, drop, _]) = outcomes(|rig| {
        rig.send(joined(0));
        rig.send(joined(1));
        rig.send(arrival(2, 8, Gate::Immediate));
        rig.send(joined(3));
    });
    assert_eq!(marked, 2);
    assert_eq!(
        drop,
        ["skip 0 damaged", "skip 1 damaged", "frame 2", "frame 3"]
    );
}

#[test]
fn pictures_that_the_decoder_drops_on_demand_are_not_missed() {
    let (marked, [deliver, _, _]) = outcomes(|rig| {
        rig.send(key(0));
        let id = rig.lanes()[0];
        rig.machine.set_drops_pictures(id);
        rig.send(plain(1));
        rig.send(plain(2));
        rig.feed();
        rig.decode(true);
        rig.decode(true);
    });
    assert_eq!(marked, 0);
    assert_eq!(
        deliver,
        ["frame 2", "skip 0 no_picture", "skip 1 no_picture"]
    );
}

#[test]
fn after_a_breakdown_a_codec_that_starts_anywhere_waits_for_a_random_access_point() {
    let joined = |item| with(arrival(item, 8, Gate::Immediate), |it| it.restarts = false);
    let mut rig = rig(DamagePolicy::Deliver);
    rig.submit(0, 8, Gate::Immediate);
    rig.send(joined(1));
    let id = rig.lanes()[0];
    let effects = rig.machine.failed(id, "broken");
    assert_eq!(effects.broken, Some(id));
    rig.carry_out(effects);
    assert!(rig.send(joined(2)), "a submit does not fail for it");
    rig.submit(3, 8, Gate::Immediate);
    rig.close();
    rig.run_dry();
    assert_eq!(
        rig.names(),
        [
            "error 0",
            "error 1",
            "skip 2 waiting_for_keyframe",
            "frame 3"
        ]
    );
    rig.check_sums();
}

fn refresh(arrival: Arrival<Test>, begins: bool, completes: bool) -> Arrival<Test> {
    with(arrival, |continuity| {
        continuity.refresh = Refresh { begins, completes };
    })
}

/// How many pictures are marked if packets are lost in front of these.
fn marked_with_losses(lost: &[u32]) -> usize {
    let (marked, _) = outcomes(|rig| {
        for item in 0..12 {
            let arrival = match item {
                0 => key(item),
                3 => refresh(plain(item), true, false),
                6 => refresh(plain(item), true, true),
                9 => refresh(plain(item), false, true),
                _ => plain(item),
            };
            let is_behind_loss = lost.contains(&item);
            assert!(rig.send(if is_behind_loss {
                behind_loss(arrival)
            } else {
                arrival
            }));
        }
    });
    marked
}

#[test]
fn damage_ends_where_a_gradual_refresh_that_began_after_it_is_complete() {
    assert_eq!(marked_with_losses(&[]), 0);
    assert_eq!(marked_with_losses(&[2]), 4, "2 to 5");
    assert_eq!(marked_with_losses(&[3]), 3, "3 to 5");
    assert_eq!(marked_with_losses(&[4]), 5, "4 to 8");
    assert_eq!(marked_with_losses(&[2, 4]), 7, "2 to 8");
    assert_eq!(marked_with_losses(&[7]), 5, "7 to 11");
}
