//! Clips against ffprobe, and what is left of them after damage.

use std::collections::HashSet;
use std::path::Path;

use frames::Codec;
use proptest::prelude::*;

use crate::bitstream::nal::{self, Framing};
use crate::bitstream::presentation::PresentationClock;

const BASELINE: &str = "h264_baseline_640x360.h264";
const HEVC: &str = "hevc_640x360.hevc";

/// Where the access units begin in the file, in the order in which their pictures are shown:
/// `ffprobe -v error -show_entries frame=pkt_pos -of csv=p=0 tests/clips/hevc_640x360.hevc`
const HEVC_SHOWN: [usize; 48] = [
    0, 21452, 21160, 21626, 20430, 21849, 22428, 23044, 24495, 24141, 24636, 23137, 26311, 25948,
    26426, 24775, 28117, 27752, 28238, 26573, 29676, 29170, 29818, 28401, 29997, 52286, 51933,
    52402, 50308, 54717, 54409, 52513, 56653, 56336, 56715, 54827, 59406, 58815, 59629, 56916,
    62176, 61550, 62452, 59924, 64390, 63771, 64670, 62702,
];

/// The same command for `h264_baseline_640x360.h264`.
const BASELINE_SHOWN: [usize; 60] = [
    0, 25499, 25973, 26607, 27181, 27863, 28547, 29521, 29647, 30465, 31366, 32237, 33198, 34244,
    35397, 36570, 37659, 39028, 40353, 41733, 43233, 44762, 46406, 47953, 49637, 51314, 53121,
    54908, 56823, 58615, 60473, 86545, 87282, 87452, 88516, 89811, 91187, 92788, 94643, 96569,
    98533, 100_550, 102_496, 104_475, 106_349, 108_298, 110_247, 112_185, 113_900, 115_723,
    117_220, 118_683, 120_031, 121_355, 122_534, 123_791, 125_016, 126_158, 126_241, 126_819,
];

fn clip(name: &str) -> Vec<u8> {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clips");
    std::fs::read(clips.join(name)).expect("the clip is checked in")
}

/// The access units of a byte stream, each with its offset; every clip has one slice a picture.
fn access_units(stream: &[u8], codec: Codec) -> Vec<(usize, Vec<u8>)> {
    let is_slice = |unit: &[u8]| match codec {
        Codec::H264 => matches!(unit[0] & 0x1f, 1 | 5),
        _ => unit[0] >> 1 < 32,
    };
    // ffprobe counts the zero_byte of a start code to the access unit that follows in H.264 only.
    let start_code = if codec == Codec::H264 { 4 } else { 3 };
    let units = nal::units(stream, Framing::AnnexB).expect("a byte stream splits");
    let mut starts = vec![0];
    for pair in units.windows(2) {
        if is_slice(&stream[pair[0].clone()]) {
            starts.push(pair[1].start - start_code);
        }
    }
    let ends = starts[1..].iter().copied().chain([stream.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| (start, stream[start..end].to_vec()))
        .collect()
}

fn offsets_as_shown(name: &str, codec: Codec) -> Vec<usize> {
    let mut clock = PresentationClock::new(codec);
    let mut stamped: Vec<_> = access_units(&clip(name), codec)
        .into_iter()
        .map(|(offset, data)| (clock.stamp(&data), offset))
        .collect();
    assert!(
        stamped
            .iter()
            .all(|(stamp, _)| !stamp.is_guess && !stamp.second_field)
    );
    stamped.sort_by_key(|(stamp, _)| stamp.order);
    stamped.into_iter().map(|(_, offset)| offset).collect()
}

#[test]
fn hevc_is_stamped_as_ffprobe_shows_it() {
    assert_eq!(offsets_as_shown(HEVC, Codec::Hevc), HEVC_SHOWN);
}

#[test]
fn h264_is_stamped_as_ffprobe_shows_it() {
    assert_eq!(offsets_as_shown(BASELINE, Codec::H264), BASELINE_SHOWN);
}

#[test]
fn a_lost_picture_of_hevc_is_told_of_if_others_refer_to_it() {
    // Which access units tell of a loss when one is missing.
    let units = access_units(&clip(HEVC), Codec::Hevc);
    let told = |lost: Option<usize>| -> Vec<usize> {
        let mut clock = PresentationClock::new(Codec::Hevc);
        (0..units.len())
            .filter(|&index| Some(index) != lost)
            .filter(|&index| clock.stamp(&units[index].1).follows_loss)
            .collect()
    };
    let kind = |index: usize| {
        let data = &units[index].1;
        let slice = nal::units(data, Framing::AnnexB)
            .into_iter()
            .flatten()
            .next_back()
            .expect("a slice");
        data[slice.start] >> 1
    };
    assert_eq!(told(None), [0; 0]);
    let second_group = (1..units.len()).find(|&index| kind(index) >= 16);
    let second_group = second_group.expect("there are two groups of pictures");
    for lost in 1..second_group {
        let told = told(Some(lost));
        assert!(
            told.iter()
                .all(|index| (lost + 1..second_group).contains(index))
        );
        // Even types are of pictures that none of their layer refers to.
        if kind(lost) % 2 == 1 && lost + 1 < second_group {
            assert_eq!(told.first(), Some(&(lost + 1)), "without {lost}");
        } else {
            assert!(told.is_empty(), "without {lost}");
        }
    }
}

#[test]
fn codecs_without_reordering_are_counted() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::Jpeg] {
        let mut clock = PresentationClock::new(codec);
        let stamps: Vec<_> = (0..50).map(|_| clock.stamp(&[0, 0, 1, 0x65])).collect();
        assert!(stamps.is_sorted_by(|a, b| a.order < b.order));
        assert!(
            stamps
                .iter()
                .all(|stamp| !stamp.is_guess && !stamp.second_field)
        );
    }
}

fn codecs() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::H264), Just(Codec::Hevc)]
}

/// Bytes in which start codes and the wanted NAL unit types are frequent.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let header = prop::sample::select(vec![
        0x65, 0x67, 0x68, 0x41, 0x01, 0x26, 0x28, 0x42, 0x44, 0x48,
    ]);
    let unit = (header, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(header, body)| [&[0, 0, 1, header, 1], &body[..]].concat());
    prop::collection::vec(unit, 0..6).prop_map(|units| units.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_stamped_once(
        codec in codecs(),
        data in prop::collection::vec(noise(), 1..30),
    ) {
        let mut clock = PresentationClock::new(codec);
        let mut given = HashSet::new();
        for data in data {
            prop_assert!(given.insert(clock.stamp(&data).order));
        }
    }

    #[test]
    fn damaged_clips_are_stamped_once(
        codec in codecs(),
        // Per access unit: lost, repeated, cut short, or bits flipped near the beginning.
        damage in prop::collection::vec((0u8..12, 0usize..80, 0u8..8), 60),
    ) {
        let stream = clip(if codec == Codec::H264 { BASELINE } else { HEVC });
        let mut clock = PresentationClock::new(codec);
        let mut given = HashSet::new();
        for ((_, mut data), (kind, at, bit)) in access_units(&stream, codec).into_iter().zip(damage) {
            let at = at.min(data.len() - 1);
            match kind {
                0 => continue,
                1 => {
                    given.insert(clock.stamp(&data).order);
                }
                2 => data.truncate(at),
                3..=6 => data[at] ^= 1 << bit,
                _ => {}
            }
            prop_assert!(given.insert(clock.stamp(&data).order));
        }
    }
}
