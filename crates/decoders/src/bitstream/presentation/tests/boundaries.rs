//! Packets that hold more than one access unit.

use frames::Codec;

use super::h264::{intact, random_access};
use super::{Unit, hevc};
use crate::bitstream::presentation::PresentationClock;

const DELIMITER: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];
/// A message that says nothing.
const MESSAGE: [u8; 8] = [0, 0, 0, 1, 6, 0xff, 0, 0x80];

/// The access units that the clock finds in a packet of these.
fn parted(clock: &mut PresentationClock, parts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let data = parts.concat();
    let mut rest = &data[..];
    let mut found = Vec::new();
    for from_end in clock.stamp(&data).further {
        // The first byte of a long start code may be left to what is in front of it.
        let (unit, behind) = rest.split_at(rest.len() - from_end - 1);
        found.push(unit.to_vec());
        rest = behind;
    }
    found.push(rest.to_vec());
    found
}

#[test]
fn pictures_of_h264_are_parted_in_front_of_what_leads_them_in() {
    let with = |front: &[u8], data: Vec<u8>| [front, &data[..]].concat();
    for parts in [
        vec![random_access()],
        vec![random_access(), intact(1)],
        vec![random_access(), random_access()],
        vec![random_access(), intact(1), intact(2), random_access()],
        vec![
            with(&DELIMITER, random_access()),
            with(&DELIMITER, intact(1)),
            with(&MESSAGE, intact(2)),
        ],
    ] {
        let mut clock = PresentationClock::new(Codec::H264);
        assert_eq!(parted(&mut clock, &parts), parts);
    }
}

#[test]
fn slices_of_one_picture_are_not_parted() {
    let mut clock = PresentationClock::new(Codec::H264);
    clock.stamp(&random_access());
    for parts in [
        vec![intact(1), intact(1)],
        vec![intact(2), MESSAGE.to_vec()],
        vec![DELIMITER.to_vec(), intact(3)],
    ] {
        assert_eq!(parted(&mut clock, &parts), [parts.concat()]);
    }
}

#[test]
fn another_header_in_the_middle_of_a_picture_is_damage() {
    let mut clock = PresentationClock::new(Codec::H264);
    clock.stamp(&random_access());
    let slice = Unit::new(&[0x61]).ue(&[40, 7, 0]);
    let other = slice.u(4, 9).u(2, 0).se(&[0]).u(32, 0x1234_5678).end();
    let parts = [intact(1), other.clone()];
    assert_eq!(parted(&mut clock, &parts), [parts.concat()]);
    let parts = [intact(2), [&DELIMITER, &other[..]].concat()];
    assert_eq!(parted(&mut clock, &parts), parts);
}

#[test]
fn pictures_of_hevc_are_parted_and_slice_segments_are_not() {
    let mut clock = hevc::clock();
    let picture = |kind, lsb| {
        [
            hevc::slice(kind, lsb),
            hevc::segment(kind, 0, 90, true, lsb),
            hevc::segment(kind, 0, 270, false, lsb),
        ]
        .concat()
    };
    // Supplemental enhancement information in front of a picture, and behind one.
    let (prefix, suffix) = (
        [0, 0, 0, 1, 39 << 1, 1, 0x80],
        [0, 0, 0, 1, 40 << 1, 1, 0x80],
    );
    let parts = [
        picture(hevc::IDR, 0),
        [&prefix[..], &picture(hevc::TRAIL_R, 1), &suffix].concat(),
        picture(hevc::TRAIL_R, 2),
    ];
    assert_eq!(parted(&mut clock, &parts), parts);
}
