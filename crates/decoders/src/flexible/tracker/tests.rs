//! Streams as a tracker sees them.

use super::*;
use crate::bitstream::presentation::samples::{gap, intact, random_access};

const HARDWARE: Running = Running {
    pairs_by_order: true,
    ..SOFTWARE
};

const SOFTWARE: Running = Running {
    pairs_by_order: false,
    flaw: None,
    is_skipping: false,
};

fn unit(data: Vec<u8>, gate: Gate) -> AccessUnit {
    AccessUnit {
        data: data.into(),
        gate,
        samples: None,
        predicted_size: None,
        is_recovery_point: false,
        parameter_sets: None,
        sequence_set: None,
        restarts: gate != Gate::Dependent,
        refreshes: gate != Gate::Dependent,
        brings_sets: false,
        is_empty: false,
        is_ignored: false,
    }
}

fn first() -> AccessUnit {
    AccessUnit {
        parameter_sets: Some(Payload::from([7u8, 8])),
        brings_sets: true,
        ..unit(random_access(), Gate::RandomAccess)
    }
}

#[test]
fn after_a_loss_everything_is_left_out_until_a_new_session_begins() {
    let mut tracker = Tracker::new(Codec::H264, false);
    let mut follow = |unit: &AccessUnit| {
        let verdict = tracker.follow(unit, HARDWARE, false);
        (verdict.undecodable.is_some(), verdict.renews)
    };
    assert_eq!(follow(&first()), (false, false));
    assert_eq!(follow(&unit(intact(1), Gate::Dependent)), (false, false));
    assert_eq!(follow(&unit(gap(1), Gate::Dependent)), (true, false));
    assert_eq!(follow(&unit(intact(4), Gate::Dependent)), (true, false));
    assert_eq!(follow(&first()), (false, true));
}

#[test]
fn a_loss_that_the_caller_tells_of_is_one_too() {
    let mut tracker = Tracker::new(Codec::Vp9, false);
    let key = unit(Vec::new(), Gate::Immediate);
    let plain = AccessUnit {
        restarts: false,
        ..key.clone()
    };
    let mut follow = |unit: &AccessUnit, has_lost| {
        let verdict = tracker.follow(unit, HARDWARE, has_lost);
        let follows_loss = verdict.continuity.follows_loss;
        (verdict.undecodable.is_some(), verdict.renews, follows_loss)
    };
    assert_eq!(follow(&key, false), (false, false, false));
    assert_eq!(follow(&plain, true), (true, false, true));
    assert_eq!(follow(&plain, false), (true, false, false));
    assert_eq!(follow(&key, false), (false, true, false));
}

#[test]
fn a_session_that_began_between_key_frames_is_renewed_at_the_next() {
    let mut tracker = Tracker::new(Codec::Vp9, false);
    let key = unit(Vec::new(), Gate::Immediate);
    let plain = AccessUnit {
        restarts: false,
        ..key.clone()
    };
    for (unit, renews) in [(&plain, false), (&plain, false), (&key, true)] {
        let verdict = tracker.follow(unit, Running::default(), false);
        assert_eq!(verdict.renews, renews);
    }
    let mut tracker = Tracker::new(Codec::Vp9, false);
    for unit in [&key, &plain, &key] {
        assert!(!tracker.follow(unit, Running::default(), false).renews);
    }
}

#[test]
fn a_loss_is_told_with_the_next_access_unit_that_is_taken() {
    let mut trail = Trail::new(Tracker::new(Codec::Vp9, false));
    trail.lose();
    let back = trail.step();
    assert!(trail.takes_loss());
    trail.undo(back);
    trail.step();
    assert!(trail.takes_loss());
    trail.step();
    assert!(!trail.takes_loss());
}

#[test]
fn a_slice_header_that_cannot_be_read_is_damage_and_nothing_at_all_is_none() {
    let mut tracker = Tracker::new(Codec::H264, false);
    let garbage = unit(vec![0xff; 9], Gate::Dependent);
    let empty = AccessUnit {
        is_empty: true,
        ..garbage.clone()
    };
    let mut is_damaged = |unit: &AccessUnit| {
        let verdict = tracker.follow(unit, Running::default(), false);
        verdict.continuity.is_damaged
    };
    assert!(!is_damaged(&first()));
    assert!(is_damaged(&garbage));
    assert!(!is_damaged(&empty));
}

#[test]
fn what_decoders_ignore_is_no_loss() {
    let mut tracker = Tracker::new(Codec::H264, false);
    let empty = AccessUnit {
        is_empty: true,
        ..unit(vec![0, 0, 1, 6], Gate::Dependent)
    };
    let ignored = AccessUnit {
        is_ignored: true,
        ..empty.clone()
    };
    let mut follow = |unit: &AccessUnit, has_lost: bool| {
        let verdict = tracker.follow(unit, HARDWARE, has_lost);
        (verdict.undecodable, verdict.continuity.follows_loss)
    };
    let not_shown = Some(NoPicture::NotShown);
    assert_eq!(follow(&first(), false), (None, false));
    for number in 1..4 {
        for _ in 0..3 {
            assert_eq!(follow(&ignored, false), (not_shown, false));
        }
        let next = unit(intact(number), Gate::Dependent);
        assert_eq!(follow(&next, false), (None, false));
    }
    // A loss in front of it is not forgotten, though.
    assert_eq!(follow(&ignored, true), (not_shown, true));
    let next = unit(intact(4), Gate::Dependent);
    assert_eq!(follow(&next, false).0, Some(NoPicture::MissingReference));
}

#[test]
fn an_access_unit_that_was_not_taken_may_come_again_or_not() {
    let mut trail = Trail::new(Tracker::new(Codec::H264, true));
    let mut submit = |unit: &AccessUnit, is_taken: bool| {
        let back = trail.step();
        let verdict = trail.tracker.follow(unit, HARDWARE, false);
        if !is_taken {
            trail.undo(back);
        }
        verdict
    };
    let next = unit(intact(1), Gate::Dependent);
    submit(&first(), true);
    let refused = submit(&next, false);
    assert_eq!(submit(&next, false), refused);
    assert_eq!(submit(&next, true), refused);
    assert_eq!(refused.undecodable, None);
    submit(&unit(intact(2), Gate::Dependent), false);
    let verdict = submit(&unit(gap(3), Gate::Dependent), true);
    assert!(verdict.undecodable.is_some(), "what never came is a loss");
}

#[test]
fn a_step_back_does_not_undo_what_came_from_inside_a_callback() {
    let mut trail = Trail::new(Tracker::new(Codec::H264, false));
    trail.step();
    trail.tracker.follow(&first(), HARDWARE, false);
    let waits = trail.step();
    let _inside = trail.step();
    let inner = trail
        .tracker
        .follow(&unit(intact(1), Gate::Dependent), HARDWARE, false);
    trail.undo(waits);
    let after = trail
        .tracker
        .follow(&unit(intact(2), Gate::Dependent), HARDWARE, false);
    assert!(after.stamp.order > inner.stamp.order);
    assert_eq!(after.undecodable, None);
}

#[test]
fn a_recovery_point_begins_one_with_the_parameter_sets_of_before() {
    let mut tracker = Tracker::new(Codec::H264, false);
    tracker.follow(&first(), HARDWARE, false);
    let recovery = AccessUnit {
        is_recovery_point: true,
        ..unit(intact(1), Gate::Dependent)
    };
    assert!(
        !tracker.follow(&recovery, HARDWARE, false).renews,
        "nothing is wrong"
    );
    tracker.follow(&unit(gap(1), Gate::Dependent), HARDWARE, false);
    let verdict = tracker.follow(&recovery, HARDWARE, false);
    assert!(verdict.renews && verdict.undecodable.is_none());
    assert_eq!(verdict.missing_sets.as_deref(), Some(&[7u8, 8][..]));
}

#[test]
fn a_stream_without_random_access_points_goes_on() {
    let mut tracker = Tracker::new(Codec::H264, false);
    tracker.follow(&first(), HARDWARE, false);
    let mut left_out = 0;
    let mut data = gap(0);
    for number in 4.. {
        if tracker
            .follow(&unit(data, Gate::Dependent), HARDWARE, false)
            .undecodable
            .is_none()
        {
            break;
        }
        left_out += 1;
        data = intact(number);
    }
    assert_eq!(left_out, MAX_LEFT_OUT);
}

#[test]
fn other_samples_need_a_new_session() {
    let size = |width| {
        Some(Samples {
            size: Some((width, 16)),
            ..Samples::default()
        })
    };
    let mut tracker = Tracker::new(Codec::Vp9, false);
    for (samples, renews) in [
        (size(16), false),
        (None, false),
        (size(16), false),
        (size(32), true),
        (size(32), false),
    ] {
        let arriving = AccessUnit {
            samples,
            ..unit(Vec::new(), Gate::Immediate)
        };
        assert_eq!(
            tracker.follow(&arriving, HARDWARE, false).renews,
            renews,
            "{samples:?}"
        );
    }
}

#[test]
fn in_software_another_format_needs_a_new_session_and_another_size_does_not() {
    let samples = |bit_depth, width| {
        Some(Samples {
            size: Some((width, 16)),
            bit_depth,
            ..Samples::default()
        })
    };
    let mut tracker = Tracker::new(Codec::Hevc, false);
    for (samples, gate, renews, is_left_out) in [
        (samples(8, 16), Gate::RandomAccess, false, false),
        (samples(8, 32), Gate::RandomAccess, false, false),
        (samples(10, 32), Gate::RandomAccess, true, false),
        (None, Gate::Dependent, false, false),
        (samples(9, 32), Gate::Dependent, false, true),
    ] {
        let arriving = AccessUnit {
            samples,
            ..unit(intact(1), gate)
        };
        let verdict = tracker.follow(&arriving, Running::default(), false);
        assert_eq!(verdict.renews, renews, "{samples:?}");
        assert_eq!(verdict.undecodable.is_some(), is_left_out, "{samples:?}");
    }
}

#[test]
fn another_sequence_parameter_set_needs_a_new_session() {
    let mut tracker = Tracker::new(Codec::H264, false);
    for (set, renews) in [(1, false), (1, false), (2, true), (2, false)] {
        let arriving = AccessUnit {
            sequence_set: Some(Payload::from([set])),
            ..first()
        };
        assert_eq!(tracker.follow(&arriving, HARDWARE, false).renews, renews);
    }
}

#[test]
fn a_silent_decoder_is_replaced_at_a_key_frame() {
    let silent = Running {
        flaw: Some(Flaw::Silent),
        ..SOFTWARE
    };
    let mut tracker = Tracker::new(Codec::Vp9, false);
    let frame = unit(Vec::new(), Gate::Immediate);
    let key_frame = AccessUnit {
        samples: Some(Samples::default()),
        ..frame.clone()
    };
    assert!(!tracker.follow(&frame, silent, false).renews);
    assert!(!tracker.follow(&key_frame, Running::default(), false).renews);
    assert!(tracker.follow(&key_frame, silent, false).renews);
}

#[test]
fn a_decoder_with_too_many_or_too_few_threads_is_replaced_where_nothing_refers_back() {
    let ill_staffed = Running {
        flaw: Some(Flaw::IllStaffed),
        ..SOFTWARE
    };
    let mut tracker = Tracker::new(Codec::H264, false);
    for (gate, refreshes, renews) in [
        (Gate::RandomAccess, true, true),
        (Gate::Dependent, false, false),
        (Gate::Dependent, true, false),
        (Gate::RandomAccess, false, false),
    ] {
        let unit = AccessUnit {
            refreshes,
            ..unit(Vec::new(), gate)
        };
        assert!(!tracker.follow(&unit, SOFTWARE, false).renews);
        assert_eq!(tracker.follow(&unit, ill_staffed, false).renews, renews);
    }
}

#[test]
fn a_decoder_that_may_still_need_other_parameter_sets_keeps_its_threads() {
    let ill_staffed = Running {
        flaw: Some(Flaw::IllStaffed),
        ..SOFTWARE
    };
    let further = |parameter_sets: Option<Payload>| AccessUnit {
        parameter_sets,
        brings_sets: true,
        ..unit(intact(1), Gate::Dependent)
    };
    for (unit, renews) in [
        (unit(intact(1), Gate::Dependent), true),
        (further(first().parameter_sets), true),
        (further(None), false),
        (further(Some(Payload::from([7u8, 9]))), false),
    ] {
        let mut tracker = Tracker::new(Codec::H264, false);
        for unit in [&first(), &unit] {
            assert!(!tracker.follow(unit, SOFTWARE, false).renews);
        }
        assert_eq!(tracker.follow(&first(), ill_staffed, false).renews, renews);
    }
}

#[test]
fn a_frame_that_cannot_have_the_size_it_claims_is_corrupt() {
    let mut tracker = Tracker::new(Codec::Vp9, false);
    let mut follow = |samples, predicted_size| {
        let arriving = AccessUnit {
            samples,
            predicted_size,
            ..unit(Vec::new(), Gate::Immediate)
        };
        tracker
            .follow(&arriving, Running::default(), false)
            .undecodable
    };
    let key_frame = Some(Samples {
        size: Some((16, 16)),
        ..Samples::default()
    });
    let corrupt = Some(NoPicture::Corrupt);
    for (samples, claim, expected) in [
        (None, Some((9999, 9999)), None),
        (key_frame, None, None),
        (None, Some((257, 16)), corrupt),
        (None, Some((256, 8)), None),
        (None, Some((4096, 256)), None),
        (key_frame, None, None),
        (None, Some((4096, 256)), corrupt),
    ] {
        assert_eq!(follow(samples, claim), expected, "{claim:?}");
    }
}

#[test]
fn a_decoder_that_keeps_its_packets_apart_gets_everything() {
    let mut tracker = Tracker::new(Codec::H264, false);
    for data in [random_access(), gap(0), vec![0xff; 9]] {
        let arriving = unit(data, Gate::Dependent);
        assert_eq!(
            tracker
                .follow(&arriving, Running::default(), false)
                .undecodable,
            None
        );
    }
}
