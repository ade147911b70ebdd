//! H.264 and HEVC without a container, known by their first NAL units.
//!
//! To `GStreamer`'s finders (1.22), unspecified and reserved types of NAL units and the further layers of HEVC speak
//! against a stream, which is then taken for none or for MPEG-4. Both standards have decoders ignore these.

use crate::annex_b::{is_hevc_base_layer, nal_units};

/// Bytes of a file that are looked at: what may stand in front of the parameter sets.
pub(crate) const PROBE_BYTES: u32 = 4096;

pub(crate) const H264: &str = "video/x-h264";
pub(crate) const HEVC: &str = "video/x-h265";

/// Caps of a stream that begins with these bytes.
pub(crate) fn caps(stream: &[u8]) -> Option<gst::Caps> {
    let media_type = media_type(stream)?;
    let caps = gst::Caps::builder(media_type).field("stream-format", "byte-stream");
    Some(caps.build())
}

/// What a NAL unit says of the stream that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// It is of this codec.
    For,
    /// It may be.
    Neutral,
    Against,
}

fn media_type(stream: &[u8]) -> Option<&'static str> {
    let first = stream.iter().position(|&byte| byte != 0)?;
    if first < 2 || stream[first] != 1 {
        return None;
    }
    let is_of = |evidence: fn(&[u8]) -> Evidence| {
        let mut told = nal_units(stream, |_| false).map(|(unit, _)| evidence(unit));
        told.find(|&told| told != Evidence::Neutral) == Some(Evidence::For)
    };
    if is_of(h264) {
        Some(H264)
    } else if is_of(hevc) {
        Some(HEVC)
    } else {
        None
    }
}

/// Rec. ITU-T H.264, 7.3.1 and 7.4.1; the parameter set says its profile in its first byte (7.3.2.1.1, annex A and those of the extensions).
fn h264(unit: &[u8]) -> Evidence {
    const FORBIDDEN: u8 = 0x80;
    const PROFILES: [u8; 14] = [
        44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 138, 139, 244,
    ];
    const SEI: u8 = 6;
    const SEQUENCE: u8 = 7;
    const DELIMITER: u8 = 9;
    const FILLER: u8 = 12;
    let &[header, ref behind @ ..] = unit else {
        return Evidence::Against;
    };
    let is_reference = header & 0x60 != 0;
    match header & 0x1f {
        _ if header & FORBIDDEN != 0 => Evidence::Against,
        SEQUENCE if is_reference && behind.len() > 2 && PROFILES.contains(&behind[0]) => {
            Evidence::For
        }
        SEI | DELIMITER | FILLER if !is_reference => Evidence::Neutral,
        _ => Evidence::Against,
    }
}

/// Rec. ITU-T H.265, 7.3.1.2 and 7.4.2.2; a video parameter set holds 16 bits that are all set (7.3.2.1).
fn hevc(unit: &[u8]) -> Evidence {
    const FORBIDDEN: u8 = 0x80;
    const VIDEO: u8 = 32;
    const SEQUENCE: u8 = 33;
    const DELIMITER: u8 = 35;
    const FILLER: u8 = 38;
    const PREFIX_SEI: u8 = 39;
    // Reserved and unspecified ones, but for those of pictures.
    const OTHERS: u8 = 41;
    let &[high, low, ref behind @ ..] = unit else {
        return Evidence::Against;
    };
    let is_base_layer = is_hevc_base_layer(unit);
    match high >> 1 & 0x3f {
        _ if high & FORBIDDEN != 0 || low.trailing_zeros() > 2 => Evidence::Against,
        VIDEO if is_base_layer && behind.get(2..4) == Some(&[0xff; 2]) => Evidence::For,
        SEQUENCE if is_base_layer && behind.len() > 12 => Evidence::For,
        DELIMITER | FILLER | PREFIX_SEI | OTHERS.. => Evidence::Neutral,
        _ => Evidence::Against,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: [u8; 8] = [0x40, 1, 0x0c, 1, 0xff, 0xff, 1, 0x60];

    fn stream(units: &[&[u8]]) -> Vec<u8> {
        let mut stream = vec![0];
        for unit in units {
            stream.extend_from_slice(&[0, 0, 1]);
            stream.extend_from_slice(unit);
        }
        stream
    }

    #[test]
    fn a_stream_is_known_by_its_parameter_sets() {
        let sequence: &[u8] = &[&[0x42, 1, 1, 1, 0x60][..], &[3; 10]].concat();
        for (units, expected) in [
            (&[&[0x67, 100, 0, 30][..]][..], Some(H264)),
            (
                &[&[9, 0x10], &[6, 5, 1, 0x80], &[0x27, 66, 0xc0, 30]],
                Some(H264),
            ),
            (&[&VIDEO], Some(HEVC)),
            // A delimiter, a message, a reserved and an unspecified type.
            (&[&[0x46, 1, 0x50], &[0x4e, 1, 1], &VIDEO], Some(HEVC)),
            (&[&[0x52, 1, 1], &[0x7c, 1, 1], sequence], Some(HEVC)),
            // Pictures in front of the parameter sets, and parameter sets of other layers.
            (&[&[0x65, 0x88, 1], &[0x67, 100, 0, 30]], None),
            (&[&[0x26, 1, 0xaf], &VIDEO], None),
            (&[&[0x40, 9, 0x0c, 1, 0xff, 0xff, 1]], None),
            (&[&[0x67, 1, 0, 30]], None),
            (&[&[7, 100, 0, 30]], None),
            (&[&[0x67, 100]], None),
        ] {
            assert_eq!(media_type(&stream(units)), expected, "{units:x?}");
        }
    }

    #[test]
    fn other_streams_are_left_alone() {
        gst::init().expect("GStreamer");
        for bytes in [
            &b"\0\0\x01\xb3\x16\0\xf0"[..],
            b"\0\0\x01\xb0\x01\0\0\x01\xb5",
            b"\0\0\x01\0\0\0\x01\x20",
            b"\0\0\x01\xba\x44",
            b"\0\0\0\x18ftypmp42",
            b"\x01\0\0\x01\x67\x64\0\x1e",
            b"\0\x01\x67\x64\0\x1e",
            b"\0\0\x01",
            b"\0\0\0\0",
            b"",
        ] {
            assert_eq!(caps(bytes), None, "{bytes:x?}");
        }
    }
}
