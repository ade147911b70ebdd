//! HEVC headers: where a sequence begins, what a slice needs to be read.

use frames::Codec;

use super::{Unit, shown};
use crate::bitstream::presentation::PresentationClock;

const TRAIL_N: u8 = 0;
pub(super) const TRAIL_R: u8 = 1;
const RADL_N: u8 = 6;
const RASL_N: u8 = 8;
const BLA: u8 = 16;
pub(super) const IDR: u8 = 19;
const CRA: u8 = 21;

fn header(kind: u8) -> [u8; 2] {
    [kind << 1, 1]
}

/// Parameter sets of 1920x1080 in blocks of 64, 16 values of `slice_pic_order_cnt_lsb`, with
/// everything that a slice header may have before it.
fn parameter_sets() -> Vec<u8> {
    let sequence = Unit::new(&header(33))
        .u(4, 0)
        // Two sub-layers, the lower with a profile and a level of its own.
        .u(3, 1)
        .u(1, 0)
        .when(true, |unit| (0..12).fold(unit, |unit, _| unit.u(8, 0x5a)))
        .u(2, 3)
        .u(14, 0)
        .when(true, |unit| (0..12).fold(unit, |unit, _| unit.u(8, 0xa5)))
        // separate_colour_plane_flag
        .ue(&[0, 3])
        .u(1, 1)
        .ue(&[1920, 1080])
        .u(1, 1)
        .ue(&[0, 0, 0, 4, 0, 0, 0])
        .u(1, 1)
        .ue(&[4, 2, 0, 4, 2, 0])
        .ue(&[0, 3])
        .end();
    let picture = Unit::new(&header(34))
        .ue(&[3, 0])
        // dependent_slice_segments_enabled_flag, output_flag_present_flag, two extra bits.
        .u(2, 3)
        .u(3, 2)
        .end();
    [sequence, picture].concat()
}

/// One slice segment; `address` is 0 for the first of its picture.
pub(super) fn segment(
    kind: u8,
    temporal_id: u8,
    address: u32,
    is_dependent: bool,
    lsb: u32,
) -> Vec<u8> {
    Unit::new(&[kind << 1, temporal_id + 1])
        .u(1, u32::from(address == 0))
        .when(kind >= BLA, |unit| unit.u(1, 0))
        .ue(&[3])
        .when(address > 0, |unit| {
            // 30 x 17 blocks have 9 bits.
            unit.u(1, is_dependent.into()).u(9, address)
        })
        .when(!is_dependent, |unit| {
            unit.u(2, 3)
                .ue(&[1])
                .u(3, 0b111)
                .when(kind != IDR, |unit| unit.u(4, lsb))
        })
        .u(16, 0x1234)
        .end()
}

pub(super) fn slice(kind: u8, lsb: u32) -> Vec<u8> {
    segment(kind, 0, 0, false, lsb)
}

pub(super) fn clock() -> PresentationClock {
    let mut clock = PresentationClock::new(Codec::Hevc);
    clock.learn(&parameter_sets());
    clock
}

#[test]
fn a_clean_random_access_picture_continues_the_sequence() {
    let units = [
        slice(IDR, 0),
        slice(TRAIL_R, 8),
        slice(TRAIL_N, 4),
        slice(CRA, 0),
        slice(RASL_N, 14),
        slice(TRAIL_R, 8),
    ];
    assert_eq!(shown(&mut clock(), &units), [0, 2, 1, 4, 3, 5]);
}

#[test]
fn at_the_start_and_after_the_end_of_a_sequence_it_begins_one() {
    let end = Unit::new(&header(36)).end();
    let units = [
        slice(CRA, 12),
        slice(RASL_N, 10),
        [slice(TRAIL_R, 15), end].concat(),
        slice(CRA, 2),
        slice(RADL_N, 1),
        slice(BLA, 1),
        slice(TRAIL_R, 3),
    ];
    assert_eq!(shown(&mut clock(), &units), [1, 0, 2, 4, 3, 5, 6]);
}

#[test]
fn leading_pictures_lack_their_references_where_a_sequence_begins() {
    let units = [
        (slice(CRA, 12), false),
        (slice(RASL_N, 10), true),
        (slice(RADL_N, 11), false),
        (slice(TRAIL_R, 15), false),
        (slice(CRA, 4), false),
        (slice(RASL_N, 2), false),
        (slice(BLA, 1), false),
        (slice(RASL_N, 0), true),
    ];
    let mut clock = clock();
    for (index, (unit, expected)) in units.iter().enumerate() {
        assert_eq!(clock.stamp(unit).lacks_references, *expected, "{index}");
    }
}

#[test]
fn only_pictures_that_others_refer_to_carry_the_count_on() {
    // Were the count carried on by the others, the last would be taken for one before the wrap.
    for other in [
        segment(TRAIL_R, 1, 0, false, 15),
        slice(TRAIL_N, 15),
        slice(RADL_N, 15),
        slice(RASL_N, 15),
    ] {
        let units = [slice(IDR, 0), slice(TRAIL_R, 6), other, slice(TRAIL_R, 12)];
        assert_eq!(shown(&mut clock(), &units)[3], 3);
    }
}

#[test]
fn any_independent_slice_tells_the_order() {
    let units = [
        [slice(IDR, 0), segment(IDR, 0, 90, true, 0)].concat(),
        [slice(TRAIL_R, 8), segment(TRAIL_R, 0, 270, false, 8)].concat(),
        // The first segment is lost.
        [
            segment(TRAIL_N, 0, 90, true, 0),
            segment(TRAIL_N, 0, 270, false, 4),
        ]
        .concat(),
    ];
    assert_eq!(shown(&mut clock(), &units), [0, 2, 1]);
    let stamp = clock().stamp(&segment(TRAIL_N, 0, 90, true, 0));
    assert!(stamp.is_guess);
}

#[test]
fn other_layers_are_no_pictures() {
    let mut layer = slice(TRAIL_R, 3);
    layer[5] |= 8;
    let mut clock = clock();
    let units = [
        slice(IDR, 0),
        [layer, slice(TRAIL_R, 8)].concat(),
        slice(TRAIL_N, 6),
    ];
    assert_eq!(shown(&mut clock, &units), [0, 2, 1]);
}

#[test]
fn unread_headers_are_guessed_but_an_idr_is_known() {
    let mut clock = PresentationClock::new(Codec::Hevc);
    let stamps =
        [slice(TRAIL_R, 3), slice(IDR, 0), slice(TRAIL_R, 8)].map(|data| clock.stamp(&data));
    assert_eq!(
        stamps.each_ref().map(|stamp| stamp.is_guess),
        [true, false, true]
    );
    assert!(stamps.is_sorted_by_key(|stamp| stamp.order));
}
