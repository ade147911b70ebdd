//! Splitting H.264 and HEVC access units into NAL units, in either framing.

use std::ops::Range;

/// How the NAL units of an access unit are delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Start codes (Annex B of ITU-T H.264 and H.265).
    AnnexB,
    /// Four-byte big-endian lengths (ISO/IEC 14496-15).
    LengthPrefixed,
}

/// Length of a NAL unit's length field and of the long start code that replaces it.
const PREFIX: usize = 4;
pub(super) const START_CODE: [u8; PREFIX] = [0, 0, 0, 1];

/// Tells the framing of `access_unit`.
///
/// `00 00 01` may also be the beginning of a length of 256 to 511 bytes: it counts as one only when
/// the whole buffer splits exactly into length-prefixed units and `is_header` accepts the first
/// unit as a NAL unit of the codec.
pub fn framing(access_unit: &[u8], is_header: impl Fn(&[u8]) -> bool) -> Framing {
    if access_unit.starts_with(&START_CODE) {
        return Framing::AnnexB;
    }
    if access_unit.starts_with(&START_CODE[1..]) {
        let first = length_prefixed_units(access_unit).and_then(|units| units.into_iter().next());
        return match first {
            Some(unit) if is_header(&access_unit[unit.clone()]) => Framing::LengthPrefixed,
            _ => Framing::AnnexB,
        };
    }
    Framing::LengthPrefixed
}

/// The NAL units of `access_unit` as byte ranges without start codes or lengths.
///
/// `None` when length-prefixed data does not split exactly.
pub fn units(access_unit: &[u8], framing: Framing) -> Option<Vec<Range<usize>>> {
    match framing {
        Framing::AnnexB => Some(annex_b_units(access_unit)),
        Framing::LengthPrefixed => length_prefixed_units(access_unit),
    }
}

/// The data with start codes without some of its NAL units; `None` if there are no such units.
pub fn without(annex_b: &[u8], is_left_out: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let units = annex_b_units(annex_b);
    let is_kept = |unit: &&[u8]| !is_left_out(unit);
    let units = units.into_iter().map(|unit| &annex_b[unit]);
    if units.clone().all(|unit| is_kept(&unit)) {
        return None;
    }
    let kept = units.filter(is_kept);
    Some(
        kept.flat_map(|unit| [&START_CODE[..], unit].concat())
            .collect(),
    )
}

/// Replaces every four-byte length by a start code, in place: the sizes are equal.
///
/// `units` are the ranges that [`units`] returned for this buffer.
pub fn to_annex_b(access_unit: &mut [u8], units: &[Range<usize>]) {
    for unit in units {
        access_unit[unit.start - PREFIX..unit.start].copy_from_slice(&START_CODE);
    }
}

fn length_prefixed_units(data: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut units = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let (length, _) = data[at..].split_first_chunk::<PREFIX>()?;
        let start = at + PREFIX;
        let end = start.checked_add(u32::from_be_bytes(*length) as usize)?;
        if end == start || end > data.len() {
            return None;
        }
        units.push(start..end);
        at = end;
    }
    (!units.is_empty()).then_some(units)
}

fn annex_b_units(data: &[u8]) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(code) = find_start_code(data, at) {
        push_unit(&mut units, data, start, code);
        start = Some(code + 3);
        at = code + 3;
    }
    push_unit(&mut units, data, start, data.len());
    units
}

/// Records the unit `start..end` without its trailing zero bytes (they belong to the next start code).
fn push_unit(units: &mut Vec<Range<usize>>, data: &[u8], start: Option<usize>, end: usize) {
    let Some(start) = start else { return };
    let trailing = data[start..end]
        .iter()
        .rev()
        .take_while(|&&byte| byte == 0)
        .count();
    if start < end - trailing {
        units.push(start..end - trailing);
    }
}

/// Position of the next `00 00 01` at or after `from`.
fn find_start_code(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 2;
    while at < data.len() {
        match data[at] {
            1 if data[at - 1] == 0 && data[at - 2] == 0 => return Some(at - 2),
            // A byte above 1 can be in no start code: the next candidate ends three bytes on.
            2.. => at += 3,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length_prefixed(units: &[Vec<u8>]) -> Vec<u8> {
        units
            .iter()
            .flat_map(|unit| [&(unit.len() as u32).to_be_bytes()[..], unit].concat())
            .collect()
    }

    #[test]
    fn units_are_left_out() {
        let data = [0, 0, 1, 7, 1, 0, 0, 0, 1, 9, 2, 0, 0, 1, 7, 3];
        let is_nine = |unit: &[u8]| unit[0] == 9;
        assert_eq!(
            without(&data, is_nine),
            Some(vec![0, 0, 0, 1, 7, 1, 0, 0, 0, 1, 7, 3])
        );
        assert_eq!(without(&data, |_| true), Some(Vec::new()));
        assert_eq!(without(&data, |_| false), None);
        assert_eq!(without(b"no start code", |_| true), None);
    }

    #[test]
    fn start_codes_of_both_lengths_split() {
        let data = [
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 9,
        ];
        assert_eq!(framing(&data, |_| true), Framing::AnnexB);
        assert_eq!(
            units(&data, Framing::AnnexB),
            Some(vec![4..7, 10..12, 16..18])
        );
    }

    #[test]
    fn a_first_length_of_256_to_511_is_not_a_start_code() {
        let unit = vec![0x65; 0x1_23];
        let data = length_prefixed(&[unit]);
        assert_eq!(&data[..4], &[0, 0, 1, 0x23]);
        assert_eq!(
            framing(&data, |unit| unit[0] == 0x65),
            Framing::LengthPrefixed
        );
        assert_eq!(framing(&data, |_| false), Framing::AnnexB);
        assert_eq!(framing(&data[..200], |_| true), Framing::AnnexB);
    }

    #[test]
    fn damaged_lengths_do_not_split() {
        assert_eq!(units(&[0, 0, 0, 9, 1, 2], Framing::LengthPrefixed), None);
        assert_eq!(units(&[0, 0, 0, 0], Framing::LengthPrefixed), None);
        assert_eq!(units(&[0, 0], Framing::LengthPrefixed), None);
        assert_eq!(units(&[], Framing::LengthPrefixed), None);
    }

    proptest! {
        #[test]
        fn both_framings_hold_the_same_units(
            contents in prop::collection::vec(prop::collection::vec(2u8..=255, 1..600), 1..6),
        ) {
            let mut data = length_prefixed(&contents);
            let ranges = units(&data, Framing::LengthPrefixed).expect("well formed");
            to_annex_b(&mut data, &ranges);
            prop_assert_eq!(units(&data, Framing::AnnexB), Some(ranges.clone()));
            for (range, content) in ranges.into_iter().zip(&contents) {
                prop_assert_eq!(&data[range], &content[..]);
            }
        }

        #[test]
        fn any_bytes_are_split_without_panic(data in prop::collection::vec(0u8..4, 0..64)) {
            for unit in annex_b_units(&data) {
                prop_assert!(!data[unit].is_empty());
            }
            let _ = units(&data, Framing::LengthPrefixed);
        }
    }
}
