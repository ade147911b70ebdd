//! Frame headers of VP8 and VP9: whether a packet shows a picture.

/// Whether a VP8 frame is shown (RFC 6386, 9.1: bit 4 of the frame tag).
pub fn vp8_is_shown(packet: &[u8]) -> bool {
    packet.first().is_none_or(|tag| tag & 0x10 != 0)
}

/// Whether a VP9 packet shows a picture (VP9 bitstream specification, 6.2 uncompressed header).
///
/// A superframe (Annex B) ends in the frame that is shown, if any is.
pub fn vp9_is_shown(packet: &[u8]) -> bool {
    superframe_sizes(packet).map_or_else(
        || frame_is_shown(packet),
        |sizes| {
            let mut at = 0;
            sizes.into_iter().any(|size| {
                let frame = packet.get(at..at + size).unwrap_or_default();
                at += size;
                frame_is_shown(frame)
            })
        },
    )
}

fn frame_is_shown(frame: &[u8]) -> bool {
    let Some(&first) = frame.first() else {
        return true;
    };
    // frame_marker(2), profile_low, profile_high, reserved_zero in profile 3, show_existing_frame,
    // frame_type, show_frame, from the most significant bit down.
    let bit = |index: u32| first >> (7 - index) & 1 == 1;
    let after_profile = if bit(2) && bit(3) { 5 } else { 4 };
    bit(after_profile) || bit(after_profile + 2)
}

/// The frame sizes in the superframe index at the end of `packet`, if it has one.
fn superframe_sizes(packet: &[u8]) -> Option<Vec<usize>> {
    let marker = *packet.last()?;
    if marker & 0xe0 != 0xc0 {
        return None;
    }
    let bytes_per_size = usize::from(marker >> 3 & 3) + 1;
    let frames = usize::from(marker & 7) + 1;
    let index_size = 2 + bytes_per_size * frames;
    let index = packet.get(packet.len().checked_sub(index_size)?..)?;
    (index[0] == marker).then(|| {
        index[1..index_size - 1]
            .chunks(bytes_per_size)
            .map(|size| {
                size.iter()
                    .rev()
                    .fold(0, |value, &byte| value << 8 | usize::from(byte))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_alt_ref_frames_are_hidden() {
        assert!(vp8_is_shown(&[0x10, 0, 0]));
        assert!(!vp8_is_shown(&[0x01, 0, 0]));
    }

    #[test]
    fn vp9_show_frame_and_show_existing_frame() {
        assert!(vp9_is_shown(&[0b1000_0010]));
        assert!(!vp9_is_shown(&[0b1000_0100]));
        assert!(vp9_is_shown(&[0b1000_1000]));
    }

    #[test]
    fn a_superframe_shows_its_last_frame() {
        let (hidden, shown, marker) = (0b1000_0100, 0b1000_0110, 0xc1);
        assert!(vp9_is_shown(&[hidden, 0, shown, marker, 2, 1, marker]));
        assert!(!vp9_is_shown(&[hidden, 0, hidden, marker, 2, 1, marker]));
    }

    #[test]
    fn short_packets_do_not_panic() {
        for packet in [&[][..], &[0xc7], &[0xff, 0xff], &[0xc1, 9, 9, 0xc1]] {
            let _ = (vp8_is_shown(packet), vp9_is_shown(packet));
        }
    }
}
