//! Recovery point messages (H.264, D.1.8; HEVC, D.2.8): from where on pictures are right although nothing before is
//! there.

use h264_reader::rbsp::{BitRead, BitReader};

/// `recovery_frame_cnt` of supplemental enhancement information of H.264: so many frames on, in `frame_num`.
pub(super) fn frame_count(messages: &[u8]) -> Option<u32> {
    BitReader::new(payload(messages)?)
        .read_ue("recovery_frame_cnt")
        .ok()
}

/// `recovery_poc_cnt` of HEVC: so far on, in picture order counts.
pub(super) fn order_distance(messages: &[u8]) -> Option<i32> {
    BitReader::new(payload(messages)?)
        .read_se("recovery_poc_cnt")
        .ok()
}

/// The first recovery point message (H.264, 7.3.2.3; HEVC, 7.3.2.4).
fn payload(messages: &[u8]) -> Option<&[u8]> {
    const RECOVERY_POINT: usize = 6;
    let mut rest = messages;
    // A type and a size, each the sum of bytes up to the first that is not 255.
    let number = |rest: &mut &[u8]| {
        let mut sum = 0;
        while let [first, tail @ ..] = *rest {
            *rest = tail;
            sum += usize::from(*first);
            if *first != 0xff {
                return Some(sum);
            }
        }
        None
    };
    while let (Some(kind), Some(size)) = (number(&mut rest), number(&mut rest)) {
        let payload = rest.get(..size)?;
        if kind == RECOVERY_POINT {
            return Some(payload);
        }
        rest = &rest[size..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_recovery_point_is_found_behind_other_messages() {
        let long = [&[5, 0xff, 1][..], &[9; 256], &[6, 1, 0x71]].concat();
        for (messages, frames, distance) in [
            // 0, then flags.
            (&[6, 1, 0xc0, 0x80][..], Some(0), Some(0)),
            // 011: 2 without a sign, -1 with one.
            (&[6, 1, 0x71, 0x80], Some(2), Some(-1)),
            // As x264 writes it: 000010011, which is 18 or -9.
            (&[6, 2, 0x09, 0xc4, 0x80], Some(18), Some(-9)),
            (&[1, 1, 6, 6, 1, 0x71, 0x80], Some(2), Some(-1)),
            // A payload of more than 255 bytes.
            (&long, Some(2), Some(-1)),
            // Of two the first.
            (&[6, 1, 0x71, 6, 1, 0xc0, 0x80], Some(2), Some(-1)),
        ] {
            assert_eq!(frame_count(messages), frames, "{messages:x?}");
            assert_eq!(order_distance(messages), distance, "{messages:x?}");
        }
    }

    #[test]
    fn other_messages_and_damage_are_none() {
        for messages in [
            &[][..],
            &[6],
            &[6, 1],
            &[6, 0, 0x80],
            &[6, 9, 0xc0],
            &[0xff; 40],
            // A payload whose type is 6 + 255.
            &[0xff, 6, 1, 0xc0, 0x80],
            &[5, 1, 6, 0x80],
            &[5, 200, 6, 1, 0xc0],
            // A number that does not end.
            &[6, 2, 0, 0],
        ] {
            assert_eq!(frame_count(messages), None, "{messages:x?}");
            assert_eq!(order_distance(messages), None, "{messages:x?}");
        }
    }
}
