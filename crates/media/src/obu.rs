//! AV1 without a container, known by its first units. `GStreamer` (1.22) has no finder for it.

/// Flags of a unit's header (5.3.2).
pub(crate) const EXTENSION: u8 = 4;
pub(crate) const HAS_SIZE: u8 = 2;

/// Bytes of a file that are looked at: a temporal delimiter, padding and metadata in front of a sequence header.
pub(crate) const PROBE_BYTES: u32 = 1024;

/// How open bitstream units are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Each tells its size (AV1 bitstream specification, section 5).
    LowOverhead,
    /// Sizes stand in front of temporal units, frame units and the units in them (annex B).
    AnnexB,
}

impl Framing {
    /// As caps call it.
    fn stream_format(self) -> &'static str {
        match self {
            Self::LowOverhead => "obu-stream",
            Self::AnnexB => "annexb",
        }
    }
}

/// Caps of a stream that begins with these bytes.
pub(crate) fn caps(stream: &[u8]) -> Option<gst::Caps> {
    let format = framing(stream)?.stream_format();
    let caps = gst::Caps::builder("video/x-av1").field("stream-format", format);
    Some(caps.build())
}

/// Whether a stream of these caps comes as annex B has it.
pub(crate) fn is_annex_b(caps: &gst::CapsRef) -> bool {
    let format = caps
        .structure(0)
        .and_then(|structure| structure.get::<&str>("stream-format").ok());
    format == Some(Framing::AnnexB.stream_format())
}

/// The framing of a stream that begins like AV1: with a temporal delimiter, and a sequence header before any
/// picture (7.5).
fn framing(stream: &[u8]) -> Option<Framing> {
    if begins_a_sequence(stream, |rest| Unit::read(rest, None)) {
        return Some(Framing::LowOverhead);
    }
    let mut rest = stream;
    let temporal_unit = leb128(&mut rest)?;
    let frame_unit = leb128(&mut rest)?;
    let is_inside = frame_unit <= temporal_unit && frame_unit > 0;
    let next = |rest: &mut &'_ [u8]| {
        let size = leb128(rest)?;
        Unit::read(rest, Some(size))
    };
    (is_inside && begins_a_sequence(rest, next)).then_some(Framing::AnnexB)
}

fn begins_a_sequence(mut rest: &[u8], next: impl Fn(&mut &[u8]) -> Option<Unit>) -> bool {
    const DELIMITER: Unit = Unit {
        kind: Unit::TEMPORAL_DELIMITER,
        size: 0,
    };
    if next(&mut rest) != Some(DELIMITER) {
        return false;
    }
    while let Some(unit) = next(&mut rest) {
        match unit.kind {
            Unit::SEQUENCE_HEADER => return unit.size > 0,
            Unit::METADATA | Unit::PADDING => {}
            _ => return false,
        }
    }
    false
}

/// The header of an open bitstream unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unit {
    kind: u8,
    /// Bytes behind the header.
    size: usize,
}

impl Unit {
    const SEQUENCE_HEADER: u8 = 1;
    const TEMPORAL_DELIMITER: u8 = 2;
    const METADATA: u8 = 5;
    const PADDING: u8 = 15;

    /// Reads a header (5.3) and skips what is behind it. `length` is that of the whole unit, if it is known
    /// already; else the header must tell its size.
    fn read(rest: &mut &[u8], length: Option<usize>) -> Option<Self> {
        const FORBIDDEN: u8 = 0x80;
        const RESERVED: u8 = 1;
        let (&header, behind) = rest.split_first()?;
        if header & (FORBIDDEN | RESERVED) != 0 {
            return None;
        }
        let mut body = behind.get(usize::from(header & EXTENSION != 0)..)?;
        let size = if header & HAS_SIZE != 0 {
            leb128(&mut body)?
        } else {
            length?.checked_sub(rest.len() - body.len())?
        };
        // A sequence header may be longer than what is looked at.
        *rest = body.get(size..).unwrap_or_default();
        let kind = header >> 3 & 0xf;
        Some(Self { kind, size })
    }
}

/// Reads a number of at most 32 bits (4.10.5).
pub(crate) fn leb128(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0u64;
    for index in 0..8 {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok().map(|value| value as usize);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: [u8; 3] = [0x0a, 1, 0];

    #[test]
    fn both_framings_are_known_by_their_first_units() {
        let low_overhead = |units: &[&[u8]]| framing(&units.concat());
        let delimiter = &[0x12, 0][..];
        for (units, expected) in [
            (&[delimiter, &SEQUENCE][..], Some(Framing::LowOverhead)),
            // Metadata of 300 bytes in front, and an extension.
            (
                &[delimiter, &[0x2a, 0xac, 2], &[0; 300], &SEQUENCE],
                Some(Framing::LowOverhead),
            ),
            (&[&[0x16, 0x08, 0], &SEQUENCE], Some(Framing::LowOverhead)),
            (&[delimiter, &[0x32, 1, 0]], None),
            (&[delimiter], None),
            (&[delimiter, delimiter], None),
            (&[&SEQUENCE], None),
            (&[&[0x13, 0], &SEQUENCE], None),
            (&[&[0x12, 1, 0], &SEQUENCE], None),
        ] {
            assert_eq!(low_overhead(units), expected, "{units:x?}");
        }
        for (stream, expected) in [
            // Sizes of the temporal unit, the frame unit and the units, which have none of their own.
            (&[6, 5, 1, 0x10, 2, 0x08, 0][..], Some(Framing::AnnexB)),
            // Units that have, too.
            (&[8, 7, 2, 0x12, 0, 3, 0x0a, 1, 0], Some(Framing::AnnexB)),
            (&[5, 6, 1, 0x10, 2, 0x08, 0], None),
            (&[6, 5, 2, 0x10, 0, 2, 0x08, 0], None),
            (&[6, 5, 1, 0x10, 2, 0x30, 0], None),
        ] {
            assert_eq!(framing(stream), expected, "{stream:x?}");
        }
    }

    #[test]
    fn other_streams_are_left_alone() {
        for stream in [
            &b"DKIF\0\0 \0AV01"[..],
            b"\0\0\0\x18ftypmp42",
            b"\0\0\0\x01\x67",
            b"\x1a\x45\xdf\xa3",
            b"G@",
            b"",
        ] {
            assert_eq!(framing(stream), None, "{stream:x?}");
        }
        for byte in 0..=u8::MAX {
            assert_eq!(framing(&[byte; 64]), None, "{byte:x}");
        }
    }

    #[test]
    fn numbers_end_with_a_byte_below_128() {
        for (bytes, expected) in [
            (&[0x7f][..], Some(127)),
            (&[0x80, 1], Some(128)),
            (&[0x80, 0x80, 0], Some(0)),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], Some(u32::MAX as usize)),
            (&[0xff, 0xff, 0xff, 0xff, 0x1f], None),
            (&[0x80; 9], None),
            (&[0x80], None),
        ] {
            assert_eq!(leb128(&mut &bytes[..]), expected, "{bytes:x?}");
        }
    }
}
