//! Gradual refreshes: where recovery point messages say that they begin, and where they are complete.

use frames::Codec;

use super::h264::{intact, random_access};
use super::hevc;
use crate::bitstream::presentation::{PresentationClock, Refresh};

/// A recovery point two pictures on, and another message in a NAL unit of its own.
const H264_MESSAGES: [u8; 16] = [0, 0, 0, 1, 6, 6, 1, 0x71, 0x80, 0, 0, 1, 6, 0xff, 0, 0x80];
const HEVC_MESSAGES: [u8; 18] = [
    0, 0, 0, 1, 78, 1, 6, 1, 0x25, 0x80, 0, 0, 1, 78, 1, 5, 0, 0x80,
];

/// The numbers of the access units with which refreshes begin, and are complete.
fn refreshes(clock: &mut PresentationClock, units: &[Vec<u8>]) -> (Vec<usize>, Vec<usize>) {
    let refreshes: Vec<Refresh> = units.iter().map(|unit| clock.stamp(unit).refresh).collect();
    let having = |has: fn(&Refresh) -> bool| {
        let numbers = (0..units.len()).filter(|&number| has(&refreshes[number]));
        numbers.collect()
    };
    (
        having(|refresh| refresh.begins),
        having(|refresh| refresh.completes),
    )
}

#[test]
fn they_last_as_long_as_the_message_says() {
    let behind = |messages: &[u8], picture: Vec<u8>| [messages, &picture[..]].concat();
    let mut units: Vec<_> = (1..14).map(intact).collect();
    units.insert(0, random_access());
    for number in [3, 10] {
        units[number] = behind(&H264_MESSAGES, units[number].clone());
    }
    let mut clock = PresentationClock::new(Codec::H264);
    assert_eq!(refreshes(&mut clock, &units), (vec![3, 10], vec![5, 12]));

    let picture = |number| hevc::slice(hevc::TRAIL_R, number);
    let mut units: Vec<_> = (1..14).map(picture).collect();
    units.insert(0, hevc::slice(hevc::IDR, 0));
    for number in [3, 10] {
        units[number] = behind(&HEVC_MESSAGES, units[number].clone());
    }
    assert_eq!(
        refreshes(&mut hevc::clock(), &units),
        (vec![3, 10], vec![5, 12])
    );
}

#[test]
fn a_random_access_picture_ends_them() {
    let mut units = vec![
        random_access(),
        [&H264_MESSAGES, &intact(1)[..]].concat(),
        intact(2),
        random_access(),
        intact(1),
        intact(2),
    ];
    let mut clock = PresentationClock::new(Codec::H264);
    assert_eq!(refreshes(&mut clock, &units), (vec![1], vec![]));
    // Where nothing has to be waited for, none begins.
    units[1][7] = 0xc0;
    let mut clock = PresentationClock::new(Codec::H264);
    assert_eq!(refreshes(&mut clock, &units), (vec![], vec![]));
}
