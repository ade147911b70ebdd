//! The uncompressed start of a VP8 frame (RFC 6386, 9.1). VP8 has no parser element, and not all
//! containers say which frames are key frames or how large they are.

/// Whether a VP8 frame is a key frame.
pub(crate) fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|byte| byte & 1 == 0)
}

/// Width and height in pixels that a VP8 key frame gives.
pub(crate) fn key_frame_size(frame: &[u8]) -> Option<(i64, i64)> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = frame else {
        return None;
    };
    // The upper two bits of each are a scaling hint.
    let size = |low, high| i64::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (tag & 1 == 0).then_some((size(w0, w1), size(h0, h1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a 320x240 key frame as libvpx writes it.
    const KEY_FRAME: [u8; 10] = [0x50, 0x1c, 0x01, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];

    #[test]
    fn key_frames_give_their_size() {
        assert!(is_key_frame(&KEY_FRAME));
        assert_eq!(key_frame_size(&KEY_FRAME), Some((320, 240)));
        let mut scaled = KEY_FRAME;
        scaled[7] |= 0xc0;
        assert_eq!(key_frame_size(&scaled), Some((320, 240)));
    }

    #[test]
    fn other_data_does_not() {
        let mut inter_frame = KEY_FRAME;
        inter_frame[0] |= 1;
        assert!(!is_key_frame(&inter_frame) && !is_key_frame(&[]));
        assert_eq!(key_frame_size(&inter_frame), None);
        assert_eq!(key_frame_size(&KEY_FRAME[..9]), None);
    }
}
