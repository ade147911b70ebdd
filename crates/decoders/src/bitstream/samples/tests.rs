use proptest::prelude::*;

use super::*;
use crate::bitstream::unit::Unit;

const LIMITED: Range = Range::Limited;
const FULL: Range = Range::Full;

/// A function of this module for a codec.
type Reader = fn(&[u8]) -> Option<Samples>;

/// How to read a sequence parameter set, its bytes in hexadecimal digits, and what they say.
type Set = (Reader, &'static str, (u32, u32), Matrix, Range);

/// Sets that x264 and x265 wrote, with what ffmpeg was told of the colours.
#[rustfmt::skip]
const SETS: &[Set] = &[
    (h264, "6764001facd9405005bb0110000003001000000300a0f1831960", (1280, 720), Matrix::Bt601, LIMITED),
    (h264, "6764001facd9405005bb016a040402800000030080000005078c18cb", (1280, 720), Matrix::Bt709, LIMITED),
    (h264, "6764001facd9405005bb016a040412800000030080000005078c18cb", (1280, 720), Matrix::Bt2020, LIMITED),
    (h264, "6764001facd9405005bb016e040402800000030080000005078c18cb", (1280, 720), Matrix::Bt709, FULL),
    // An aspect ratio of its own, and a hypothetical reference decoder.
    (h264, "6764000dacd94141fbff001500146e040402800000030080000019301000f420003d09498600f1429960", (320, 240), Matrix::Bt709, FULL),
    (hevc, "42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003000a10", (1280, 720), Matrix::Bt601, LIMITED),
    (hevc, "42010101600000030090000003000003005da00280802d165959a4932bc05a810100820000030002000003000a10", (1280, 720), Matrix::Bt709, LIMITED),
    (hevc, "42010101600000030090000003000003005da00280802d165959a4932bc05a810104820000030002000003000a10", (1280, 720), Matrix::Bt2020, LIMITED),
    (hevc, "42010101600000030090000003000003005da00280802d165959a4932bc05b810100820000030002000003000a10", (1280, 720), Matrix::Bt709, FULL),
    // Default scaling lists.
    (hevc, "42010101600000030090000003000003003ca00a080f165959a49395e02dc08080410000030001000003001908", (320, 240), Matrix::Bt709, FULL),
];

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn sequence_parameter_sets_tell_their_colours() {
    for &(read, hex, size, matrix, range) in SETS {
        let expected = Samples {
            size: Some(size),
            colour: Some(Colour { matrix, range }),
            ..Samples::default()
        };
        assert_eq!(read(&bytes(hex)), Some(expected), "{hex}");
    }
}

/// What few encoders write: scaling lists, PCM, predicted and long-term reference pictures, before a matrix
/// of BT.2020 in full range. ffmpeg's `trace_headers` agrees about each field.
fn rich_hevc_set() -> Vec<u8> {
    let header = Unit::new(&[33 << 1, 1])
        .u(8, 0x01)
        // Main profile, level 2.
        .u(8, 0x01)
        .u(32, 0x6000_0000)
        .u(32, 0x9000_0000)
        .u(16, 0)
        .u(8, 60)
        .ue(&[0, 1, 320, 240])
        .u(1, 0)
        // slice_pic_order_cnt_lsb has 8 bits.
        .ue(&[0, 0, 4])
        .u(1, 1)
        .ue(&[4, 2, 0, 0, 3])
        .ue(&[0, 3, 0, 0])
        .u(2, 3);
    let lists = [(16, 6), (64, 6), (65, 6), (65, 2)];
    let with_lists = lists
        .into_iter()
        .fold(header, |unit, (coefficients, lists)| {
            let written = unit.u(1, 1).se(&vec![-1; coefficients]);
            (1..lists).fold(written, |unit, _| unit.u(1, 0).ue(&[0]))
        });
    let with_pcm = with_lists.u(2, 1).u(1, 1).u(8, 0x77).ue(&[0, 2]).u(1, 1);
    let set = with_pcm
        .ue(&[4])
        // -1, -3, 2
        .ue(&[2, 1, 0])
        .u(1, 1)
        .ue(&[1])
        .u(1, 1)
        .ue(&[1])
        .u(1, 1)
        // One less: -2, not -4, 1; and -1.
        .u(2, 3)
        .ue(&[0])
        .u(1, 1)
        .u(2, 0)
        .u(1, 1)
        .u(2, 1)
        // One more: 0, which is no reference, -1, 2; and 1.
        .u(2, 2)
        .ue(&[0])
        .u(4, 0b1111)
        // Two more: for -1, 1, 2 and the picture before.
        .u(2, 2)
        .ue(&[1])
        .u(4, 0b1111);
    set.u(1, 1)
        .ue(&[2])
        .u(9, 9)
        .u(9, 11)
        .u(2, 3)
        .u(1, 1)
        // An aspect ratio of 17:13, overscan.
        .u(9, 0x1ff)
        .u(32, 0x0011_000d)
        .u(2, 3)
        .u(1, 1)
        .u(3, 5)
        .u(2, 3)
        .u(24, 0x02_02_09)
        .u(7, 0)
        .u(1, 0)
        .end()
        .split_off(4)
}

#[test]
fn whatever_comes_before_the_colours_is_skipped() {
    let colour = Colour {
        matrix: Matrix::Bt2020,
        range: FULL,
    };
    let samples = hevc(&rich_hevc_set()).unwrap();
    assert_eq!(
        (samples.size, samples.colour),
        (Some((320, 240)), Some(colour))
    );
}

#[test]
fn a_set_that_breaks_off_before_its_colours_counts_as_untagged() {
    for &(read, hex, size, matrix, range) in SETS {
        let set = bytes(hex);
        let colours: Vec<_> = (0..=set.len())
            .filter_map(|length| read(&set[..length]))
            .inspect(|samples| assert_eq!(samples.size, Some(size)))
            .map(|samples| samples.colour.unwrap())
            .collect();
        let untagged = colours
            .iter()
            .take_while(|colour| **colour == Colour::default());
        let (untagged, tagged) = colours.split_at(untagged.count());
        assert!(!untagged.is_empty(), "{hex}");
        assert!(
            tagged
                .iter()
                .all(|colour| *colour == Colour { matrix, range }),
            "{hex}"
        );
    }
}

#[test]
fn vp8_key_frames_tell_their_size() {
    let packet = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x41, 0xf0, 0x00, 9];
    assert_eq!(
        vp8(&packet).and_then(|samples| samples.size),
        Some((320, 240))
    );
    assert_eq!(vp8(&[0x11, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0]), None);
}

#[test]
fn vp9_profiles_tell_chroma_and_depth() {
    // marker 2, profile 0, key frame shown, sync code, color space 2, studio range, 320x240
    let profile_0 =
        bits_of("10 0 0 0 0 1 0 010010011000001101000010 010 0 0000000100111111 0000000011101111");
    let samples = vp9(&profile_0).expect("a key frame");
    assert_eq!(samples.size, Some((320, 240)));
    assert_eq!(
        (samples.chroma, samples.bit_depth),
        (ChromaFormat::Yuv420, 8)
    );
    // profile 3, 12 bit, 4:4:4
    let profile_3 = bits_of(
        "10 1 1 0 0 0 1 0 010010011000001101000010 1 010 0 0 0 0 0000000100111111 0000000011101111",
    );
    let samples = vp9(&profile_3).expect("a key frame");
    assert_eq!(
        (samples.chroma, samples.bit_depth),
        (ChromaFormat::Yuv444, 12)
    );
}

#[test]
fn vp9_tells_its_colours() {
    let colour = |space: &str, range| {
        let packet = bits_of(&format!(
            "10 0 0 0 0 1 0 010010011000001101000010 {space} {range} 0000000100111111 0000000011101111"
        ));
        vp9(&packet).unwrap().colour.unwrap()
    };
    for (space, matrix) in [
        ("000", Matrix::Bt601),
        ("001", Matrix::Bt601),
        ("010", Matrix::Bt709),
        ("101", Matrix::Bt2020),
    ] {
        for (bit, range) in [(0, LIMITED), (1, FULL)] {
            assert_eq!(colour(space, bit), Colour { matrix, range });
        }
    }
}

fn bits_of(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(|&byte| byte != b' ').collect();
    bits.chunks(8)
        .map(|bits| {
            (0..8).fold(0, |byte, at| {
                byte << 1 | u8::from(bits.get(at) == Some(&b'1'))
            })
        })
        .collect()
}

/// A set with some bytes replaced.
fn damaged_set() -> impl Strategy<Value = (Reader, Vec<u8>)> {
    let sets: Vec<(Reader, Vec<u8>)> = SETS
        .iter()
        .map(|&(read, hex, ..)| (read, bytes(hex)))
        .chain([(hevc as Reader, rich_hevc_set())])
        .collect();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (prop::sample::select(sets), damage).prop_map(|((read, mut set), damage)| {
        for (at, byte) in damage {
            *at.get_mut(&mut set) = byte;
        }
        (read, set)
    })
}

proptest! {
    #[test]
    fn no_input_panics(data in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = (h264(&data), hevc(&data), vp8(&data), vp9(&data));
    }

    #[test]
    fn no_damage_panics((read, set) in damaged_set()) {
        let _ = read(&set);
    }
}

#[test]
fn sequence_parameter_sets_tell_of_green_blue_and_red() {
    let sets: [(Reader, &str); 2] = [
        (
            h264,
            "67f4000b919b28589d80b702020040000003004000000c83c50a6580",
        ),
        (
            hevc,
            "4201010408000003009e0800000300003c9002c4048b2cacd24995e02dc08080010000030001000003001908",
        ),
    ];
    for (read, hex) in sets {
        let samples = read(&bytes(hex)).unwrap();
        assert!(samples.is_rgb, "{hex}");
        assert_eq!(samples.format(), (ChromaFormat::Yuv444, 8));
    }
    for &(read, hex, ..) in SETS {
        assert!(!read(&bytes(hex)).unwrap().is_rgb, "{hex}");
    }
}
