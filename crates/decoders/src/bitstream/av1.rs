//! Temporal units of AV1: where decoding may begin.

/// Whether an AV1 temporal unit begins with a sequence header and a key frame that is shown (AV1 specification,
/// 5.3 to 5.9).
pub fn is_start(unit: &[u8]) -> bool {
    const SEQUENCE_HEADER: u8 = 1;
    const FRAME_HEADER: u8 = 3;
    const FRAME: u8 = 6;
    let mut rest = unit;
    let mut has_sequence_header = false;
    while let &[header, ..] = rest {
        let (has_extension, has_size) = (header & 4 != 0, header & 2 != 0);
        let Some(behind) = rest.get(1 + usize::from(has_extension)..) else {
            return false;
        };
        let Some((size, payload)) = (if has_size {
            leb128(behind)
        } else {
            Some((behind.len(), behind))
        }) else {
            return false;
        };
        match header >> 3 & 0xf {
            SEQUENCE_HEADER => has_sequence_header = true,
            FRAME_HEADER | FRAME => {
                // show_existing_frame 0, frame_type KEY_FRAME, show_frame 1.
                let is_key = payload.first().is_some_and(|byte| byte & 0xf0 == 0x10);
                return has_sequence_header && is_key;
            }
            _ => {}
        }
        rest = payload.get(size..).unwrap_or_default();
    }
    false
}

/// A number of seven bits a byte, and what is behind it (AV1 specification, 4.10.5).
fn leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let length = data.iter().take(8).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = data.split_at(length);
    let value = number
        .iter()
        .rev()
        .fold(0u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((usize::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn av1_key_frames_start() {
        let (delimiter, sequence) = ([0x12, 0], [0x0a, 1, 0xff]);
        let frame = |first| [0x32, 2, first, 0];
        let unit = |first| [&delimiter[..], &sequence, &frame(first)].concat();
        assert!(is_start(&unit(0x10)));
        assert!(!is_start(&unit(0x30)), "an inter frame");
        assert!(!is_start(&unit(0x90)), "a frame of before");
        assert!(!is_start(&[&delimiter[..], &frame(0x10)].concat()));
        for damaged in [&[][..], &[0x0a], &[0x0a, 0xff, 0xff], &[0x36]] {
            assert!(!is_start(damaged));
        }
    }
}
