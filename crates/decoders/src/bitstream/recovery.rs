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
