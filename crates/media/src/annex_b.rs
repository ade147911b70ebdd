//! H.264 and HEVC access units: NAL units behind start codes (Annex B of both standards) or
//! behind their lengths.

/// Rewrites an Annex B access unit with every NAL unit behind its size, a 4-byte big-endian
/// integer.
///
/// Bytes before the first start code and zero bytes between NAL units belong to none and are
/// left out. The result is empty if there is no start code.
pub fn length_prefixed(annex_b: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(annex_b.len() + 16);
    for (nal, _) in nal_units(annex_b, |_| false) {
        // A buffer of 4 GiB or more cannot come out of a parser: their sizes are 32 bits wide.
        output.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        output.extend_from_slice(nal);
    }
    output
}

/// The NAL units of an Annex B access unit, each without start code and trailing zero bytes and
/// with the position where what belongs to it ends. No NAL unit is empty.
///
/// Ends before the first NAL unit whose first byte `stop_at` accepts, without looking for its end.
pub(crate) fn nal_units(
    annex_b: &[u8],
    stop_at: impl Fn(u8) -> bool,
) -> impl Iterator<Item = (&[u8], usize)> {
    let mut next = start_code(annex_b).map(|at| at + START_CODE_LENGTH);
    std::iter::from_fn(move || {
        loop {
            let begin = next?;
            let rest = &annex_b[begin..];
            if stop_at(*rest.first()?) {
                return None;
            }
            let length = start_code(rest);
            next = length.map(|length| begin + length + START_CODE_LENGTH);
            let nal = without_trailing_zeros(&rest[..length.unwrap_or(rest.len())]);
            if !nal.is_empty() {
                return Some((nal, begin + nal.len()));
            }
        }
    })
}

/// Whether a NAL unit of HEVC belongs to the base layer: `nuh_layer_id` is 0 (7.3.1.2).
pub(crate) fn is_hevc_base_layer(nal: &[u8]) -> bool {
    matches!(*nal, [high, low, ..] if high & 1 == 0 && low >> 3 == 0)
}

/// A NAL unit never ends in a zero byte; those that follow it are padding or the first byte of a
/// 4-byte start code.
fn without_trailing_zeros(nal: &[u8]) -> &[u8] {
    let end = nal
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    &nal[..end]
}

const START_CODE_LENGTH: usize = 3;

/// Where the first 3-byte start code begins.
fn start_code(data: &[u8]) -> Option<usize> {
    data.windows(3).position(|window| window == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_start_codes_and_padding() {
        let stream = [
            0, 0, 0, 1, 9, 16, 0, 0, 0, 0, 0, 1, 0x67, 0, 0, 3, 0, 5, 0, 0, 1, 0x65, 7,
        ];
        assert_eq!(
            length_prefixed(&stream),
            [
                0, 0, 0, 2, 9, 16, 0, 0, 0, 6, 0x67, 0, 0, 3, 0, 5, 0, 0, 0, 2, 0x65, 7
            ]
        );
    }

    #[test]
    fn nothing_without_a_start_code() {
        assert!(length_prefixed(&[]).is_empty());
        assert!(length_prefixed(&[0, 0, 2, 1]).is_empty());
        assert!(length_prefixed(&[0, 0, 1]).is_empty());
    }

    /// A NAL unit as encoders make them: no start code inside, no zero byte at the end.
    fn nal() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..40).prop_map(|raw| {
            let mut nal = vec![0x41];
            for byte in raw {
                if byte <= 3 && nal.ends_with(&[0, 0]) {
                    nal.push(3);
                }
                nal.push(byte);
            }
            nal.push(0x80);
            nal
        })
    }

    proptest! {
        #[test]
        fn every_nal_unit_is_kept(nals in prop::collection::vec((nal(), any::<bool>()), 1..8)) {
            let (mut annex_b, mut expected) = (Vec::new(), Vec::new());
            for (nal, long) in &nals {
                annex_b.extend_from_slice(if *long { &[0, 0, 0, 1] } else { &[0, 0, 1] });
                annex_b.extend_from_slice(nal);
                expected.extend_from_slice(&(nal.len() as u32).to_be_bytes());
                expected.extend_from_slice(nal);
            }
            prop_assert_eq!(length_prefixed(&annex_b), expected);
        }
    }
}
