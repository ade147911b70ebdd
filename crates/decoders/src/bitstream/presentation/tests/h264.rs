//! H.264 headers that the encoders at hand do not write: field pairs, type 1, operation 5.

use frames::Codec;

use super::{Unit, shown};
use crate::bitstream::presentation::PresentationClock;

/// `pic_order_cnt_type` with its parameters.
#[derive(Debug, Clone, Copy)]
enum Type {
    /// With 16 values of `pic_order_cnt_lsb`.
    Lsb,
    /// Each reference frame counts 6 more; other frames count 4 less.
    Cycle,
    FrameNum,
}

/// A slice of one picture; `frame_num` has 16 values.
#[derive(Debug, Clone, Copy)]
struct Slice {
    order: Type,
    is_idr: bool,
    is_reference: bool,
    frame_num: u32,
    /// `bottom_field_flag` of a field.
    field: Option<bool>,
    /// `pic_order_cnt_lsb` or `delta_pic_order_cnt[0]`.
    count: u32,
    /// `memory_management_control_operation` 5.
    resets: bool,
}

impl Slice {
    fn new(order: Type, frame_num: u32, count: u32) -> Self {
        Self {
            order,
            is_idr: false,
            is_reference: true,
            frame_num,
            field: None,
            count,
            resets: false,
        }
    }

    fn idr(self) -> Self {
        Self {
            is_idr: true,
            ..self
        }
    }

    fn disposable(self) -> Self {
        Self {
            is_reference: false,
            ..self
        }
    }

    fn top(self) -> Self {
        Self {
            field: Some(false),
            ..self
        }
    }

    fn bottom(self) -> Self {
        Self {
            field: Some(true),
            ..self
        }
    }

    fn resetting(self) -> Self {
        Self {
            resets: true,
            ..self
        }
    }

    fn data(self) -> Vec<u8> {
        let reference = if self.is_reference { 0x60 } else { 0 };
        Unit::new(&[reference | if self.is_idr { 5 } else { 1 }])
            .ue(&[0, 7, 0])
            .u(4, self.frame_num)
            .u(1, self.field.is_some().into())
            .when(self.field.is_some(), |unit| {
                unit.u(1, u32::from(self.field == Some(true)))
            })
            .when(self.is_idr, |unit| unit.ue(&[0]))
            .when(matches!(self.order, Type::Lsb), |unit| {
                unit.u(4, self.count)
            })
            .when(matches!(self.order, Type::Cycle), |unit| {
                unit.se(&[self.count as i32])
            })
            .when(self.is_idr, |unit| unit.u(2, 0))
            .when(self.is_reference && !self.is_idr, |unit| {
                unit.u(1, self.resets.into())
                    .when(self.resets, |unit| unit.ue(&[5, 0]))
            })
            .se(&[0])
            .u(32, 0x1234_5678)
            .end()
    }
}

fn parameter_sets(order: Type) -> Vec<u8> {
    let sequence = Unit::new(&[0x67])
        .u(8, 77)
        .u(8, 0)
        // A level that is far too low for the size.
        .u(8, 10)
        .ue(&[0, 0]);
    let sequence = match order {
        Type::Lsb => sequence.ue(&[0, 0]),
        Type::Cycle => sequence.ue(&[1]).u(1, 0).se(&[-4, 1]).ue(&[1]).se(&[6]),
        Type::FrameNum => sequence.ue(&[2]),
    };
    let sequence = sequence
        .ue(&[4])
        .u(1, 0)
        .ue(&[119, 33])
        // frame_mbs_only_flag, mb_adaptive_frame_field_flag, direct_8x8_inference_flag, cropping.
        .u(4, 0b0010)
        // Video usability information that breaks off.
        .u(1, 1)
        .end();
    let picture = Unit::new(&[0x68])
        .ue(&[0, 0])
        .u(2, 0)
        .ue(&[0, 0, 0])
        .u(3, 0)
        .se(&[0, 0, 0])
        .u(3, 0)
        .end();
    [sequence, picture].concat()
}

/// An IDR picture with its parameter sets.
pub(crate) fn random_access() -> Vec<u8> {
    let picture = Slice::new(Type::FrameNum, 0, 0).idr();
    [parameter_sets(Type::FrameNum), picture.data()].concat()
}

/// The reference picture with this number since the last IDR picture.
pub(crate) fn intact(number: u32) -> Vec<u8> {
    Slice::new(Type::FrameNum, number % 16, 0).data()
}

/// A reference picture some pictures behind the one with this number.
pub(crate) fn gap(number: u32) -> Vec<u8> {
    intact(number + 3)
}

fn clock(order: Type) -> PresentationClock {
    let mut clock = PresentationClock::new(Codec::H264);
    clock.learn(&parameter_sets(order));
    clock
}

fn data(slices: &[Slice]) -> Vec<Vec<u8>> {
    slices.iter().map(|slice| slice.data()).collect()
}

#[test]
fn a_second_field_is_stamped_right_after_the_first() {
    let lsb = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let fields = [
        lsb(0, 0).idr().top(),
        lsb(0, 1).bottom(),
        // Bottom field first.
        lsb(1, 4).bottom(),
        lsb(1, 5).top(),
        lsb(2, 2).disposable().top(),
        lsb(2, 3).disposable().bottom(),
        // Two fields of one parity are two frames.
        lsb(2, 6).top(),
        lsb(3, 8).top(),
        lsb(3, 9).bottom(),
    ];
    let mut clock = clock(Type::Lsb);
    let stamps: Vec<_> = data(&fields).iter().map(|data| clock.stamp(data)).collect();
    let seconds: Vec<usize> = (0..9).filter(|&index| stamps[index].second_field).collect();
    assert_eq!(seconds, [1, 3, 5, 8]);
    for second in seconds {
        assert_eq!(stamps[second].order, stamps[second - 1].order + 1);
    }
    let mut order: Vec<usize> = (0..9).collect();
    order.sort_by_key(|&index| stamps[index].order);
    assert_eq!(order, [0, 1, 4, 5, 2, 3, 6, 7, 8]);
}

#[test]
fn two_fields_in_one_access_unit_are_one_frame() {
    let lsb = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let frames = [
        [lsb(0, 0).idr().top(), lsb(0, 1).bottom()],
        [lsb(1, 6).top(), lsb(1, 7).bottom()],
        [
            lsb(2, 2).disposable().top(),
            lsb(2, 3).disposable().bottom(),
        ],
        [
            lsb(2, 4).disposable().top(),
            lsb(2, 5).disposable().bottom(),
        ],
    ];
    let frames: Vec<Vec<u8>> = frames.iter().map(|fields| data(fields).concat()).collect();
    let mut clock = clock(Type::Lsb);
    for stamp in frames.iter().map(|data| clock.stamp(data)) {
        assert!(!stamp.second_field && stamp.further.is_empty());
    }
    assert_eq!(shown(&mut clock, &frames), [0, 2, 3, 1]);
}

#[test]
fn the_count_wraps() {
    let frames: Vec<Vec<u8>> = (0..100)
        .map(|index| {
            let slice = Slice::new(Type::Lsb, index % 16, 2 * index % 16);
            if index == 0 { slice.idr() } else { slice }.data()
        })
        .collect();
    assert!(shown(&mut clock(Type::Lsb), &frames).is_sorted());
}

#[test]
fn type_1_counts_by_the_cycle() {
    let cycle = |frame_num, delta| Slice::new(Type::Cycle, frame_num, delta);
    let mut slices = vec![cycle(0, 0).idr()];
    for index in 1..40 {
        slices.push(cycle(index % 16, 0));
        slices.push(cycle((index + 1) % 16, 0).disposable());
        slices.push(cycle((index + 1) % 16, 2).disposable());
    }
    let order = shown(&mut clock(Type::Cycle), &data(&slices));
    assert_eq!(order[..7], [0, 2, 3, 1, 5, 6, 4]);
    let shifted: Vec<usize> = order[1..4].iter().map(|index| index + 114).collect();
    assert_eq!(order[115..], shifted);
}

#[test]
fn type_2_is_decoding_order() {
    let mut slices = vec![Slice::new(Type::FrameNum, 0, 0).idr()];
    for index in 1..50 {
        let slice = Slice::new(Type::FrameNum, index % 16, 0);
        // A frame that none refers to leaves frame_num to the next.
        slices.extend([slice.disposable(), slice]);
    }
    assert!(shown(&mut clock(Type::FrameNum), &data(&slices)).is_sorted());
}

#[test]
fn operation_5_begins_a_sequence() {
    let lsb = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let slices = [
        lsb(0, 0).idr(),
        lsb(1, 4),
        lsb(2, 2).resetting(),
        lsb(1, 4),
        lsb(2, 2).disposable(),
        lsb(2, 14).disposable(),
    ];
    assert_eq!(
        shown(&mut clock(Type::Lsb), &data(&slices)),
        [0, 1, 5, 2, 4, 3]
    );
}

#[test]
fn operation_5_resets_the_frame_numbers() {
    let number = |frame_num| Slice::new(Type::FrameNum, frame_num, 0);
    let slices = [
        number(0).idr(),
        number(1),
        number(9).resetting(),
        number(1),
        number(2),
    ];
    assert!(shown(&mut clock(Type::FrameNum), &data(&slices)).is_sorted());
}

#[test]
fn slices_of_one_picture_are_one() {
    let lsb = |frame_num, count| Slice::new(Type::Lsb, frame_num, count).data();
    let idr = Slice::new(Type::Lsb, 0, 0).idr().data();
    let frames = [
        [parameter_sets(Type::Lsb), idr.clone(), idr].concat(),
        lsb(1, 8).repeat(3),
        lsb(2, 4).repeat(2),
    ];
    let mut clock = PresentationClock::new(Codec::H264);
    assert_eq!(shown(&mut clock, &frames), [0, 2, 1]);
}

#[test]
fn unread_headers_are_guessed_but_an_idr_is_known() {
    let lsb = |frame_num, count| Slice::new(Type::Lsb, frame_num, count).data();
    let mut clock = PresentationClock::new(Codec::H264);
    let idr = Slice::new(Type::Lsb, 0, 0).idr().data();
    let stamps = [lsb(3, 3), idr, lsb(1, 8), Vec::new()].map(|data| clock.stamp(&data));
    assert_eq!(
        stamps.each_ref().map(|stamp| stamp.is_guess),
        [true, false, true, true]
    );
    assert!(stamps.is_sorted_by_key(|stamp| stamp.order));
    clock.learn(&parameter_sets(Type::Lsb));
    assert!(!clock.stamp(&lsb(2, 4)).is_guess);
}

#[test]
fn a_gap_in_frame_num_tells_of_a_lost_reference() {
    let new = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let units = [
        (new(0, 0).idr(), false),
        (new(1, 8), false),
        (new(2, 4).disposable(), false),
        (new(2, 6).disposable(), false),
        (new(2, 12), false),
        (new(4, 14), true),
        (new(5, 0), false),
        (new(0, 0).idr(), false),
        (new(1, 2), false),
    ];
    let mut clock = clock(Type::Lsb);
    for (index, (slice, expected)) in units.iter().enumerate() {
        assert_eq!(
            clock.stamp(&slice.data()).follows_loss,
            *expected,
            "{index}"
        );
    }
}

#[test]
fn the_end_of_the_range_of_frame_num_is_no_gap() {
    let mut clock = clock(Type::FrameNum);
    clock.stamp(&Slice::new(Type::FrameNum, 0, 0).idr().data());
    for frame_num in (1..40).map(|number| number % 16) {
        let stamp = clock.stamp(&Slice::new(Type::FrameNum, frame_num, 0).data());
        assert!(!stamp.follows_loss, "{frame_num}");
    }
}

#[test]
fn a_repeated_count_tells_of_repeated_data() {
    let new = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let mut clock = clock(Type::Lsb);
    for slice in [new(0, 0).idr(), new(1, 8)] {
        assert!(!clock.stamp(&slice.data()).follows_loss);
    }
    assert!(clock.stamp(&new(1, 8).data()).follows_loss);
}

#[test]
fn what_is_shown_before_the_recovery_point_that_a_stream_begins_with_lacks_references() {
    let new = |frame_num, count| Slice::new(Type::Lsb, frame_num, count);
    let units = [
        (new(3, 8), false),
        (new(4, 4).disposable(), true),
        (new(4, 12), false),
        (new(5, 10).disposable(), false),
        (new(0, 2).idr(), false),
        (new(1, 0), false),
    ];
    let mut clock = clock(Type::Lsb);
    for (index, (slice, expected)) in units.iter().enumerate() {
        let stamp = clock.stamp(&slice.data());
        assert_eq!(stamp.lacks_references, *expected, "{index}");
        assert!(!stamp.follows_loss, "{index}");
    }
}
