//! Frame headers of VP8 and VP9: whether a packet shows a picture, and of what size.

use h264_reader::rbsp::{BitRead, BitReader};

/// How much larger than its reference a VP9 frame may be (VP9 bitstream specification, 7.2.5).
const MAX_GROWTH: u32 = 16;
/// `frame_marker` (6.2).
const FRAME_MARKER: u8 = 2;
/// Bytes of a frame that shows another again: its header is one byte, or two in profile 3; encoders may pad it.
const MAX_REPEAT: usize = 16;

/// Whether a VP8 frame is shown (RFC 6386, 9.1: bit 4 of the frame tag).
pub fn vp8_is_shown(packet: &[u8]) -> bool {
    packet.first().is_none_or(|tag| tag & 0x10 != 0)
}

/// Whether a VP9 packet shows a picture (VP9 bitstream specification, 6.2 uncompressed header).
///
/// A superframe (Annex B) ends in the frame that is shown, if any is.
pub fn vp9_is_shown(packet: &[u8]) -> bool {
    frames(packet).into_iter().any(frame_is_shown)
}

/// The size in pixels that a predicted VP9 frame claims, where it does not take that of a reference.
pub fn vp9_predicted_size(packet: &[u8]) -> Option<(u32, u32)> {
    frames(packet).into_iter().find_map(predicted_size)
}

/// Whether a frame of this size can be predicted from one of size `reference`, as far as growing goes.
pub fn vp9_can_grow(reference: (u32, u32), size: (u32, u32)) -> bool {
    let fits = |reference: u32, side: u32| side <= reference.saturating_mul(MAX_GROWTH);
    fits(reference.0, size.0) && fits(reference.1, size.1)
}

/// Whether no picture refers to one of a VP9 packet's.
pub fn vp9_is_unreferenced(packet: &[u8]) -> bool {
    let refreshes_nothing = |frame| {
        let predicted = PredictedFrame::read(&mut BitReader::new(frame));
        predicted.is_some_and(|frame| frame.refresh_flags == 0)
    };
    frames(packet).into_iter().all(refreshes_nothing)
}

/// Whether a VP9 packet may be read with the probabilities, motion vectors and segments of the frame in front of it.
/// Frames that are error resilient reset all of that (7.2, `setup_past_independence`).
pub fn vp9_leans_on_previous(packet: &[u8]) -> bool {
    let first = frames(packet).first().copied().unwrap_or_default();
    let predicted = PredictedFrame::read(&mut BitReader::new(first));
    !predicted.is_some_and(|frame| frame.is_resilient) && super::samples::vp9(packet).is_none()
}

/// What a predicted frame says of itself first.
struct PredictedFrame {
    is_resilient: bool,
    refresh_flags: u32,
}

impl PredictedFrame {
    /// `uncompressed_header` up to `refresh_frame_flags` (6.2); `None` for other frames.
    fn read(bits: &mut impl BitRead) -> Option<Self> {
        let mut read = |count: u32| bits.read_var::<u32>(count, "uncompressed_header").ok();
        if read(2)? != 2 {
            return None;
        }
        let profile = read(1)? | read(1)? << 1;
        if profile == 3 {
            read(1)?;
        }
        let (shows_existing, is_inter) = (read(1)?, read(1)?);
        let (is_shown, is_resilient) = (read(1)?, read(1)?);
        if shows_existing == 1 || is_inter == 0 {
            return None;
        }
        let is_intra_only = is_shown == 0 && read(1)? == 1;
        if is_intra_only {
            return None;
        }
        if is_resilient == 0 {
            read(2)?; // reset_frame_context
        }
        Some(Self {
            is_resilient: is_resilient == 1,
            refresh_flags: read(8)?,
        })
    }
}

/// `uncompressed_header` up to `frame_size_with_refs` (6.2).
fn predicted_size(frame: &[u8]) -> Option<(u32, u32)> {
    let mut bits = BitReader::new(frame);
    PredictedFrame::read(&mut bits)?;
    let mut read = |count: u32| bits.read_var::<u32>(count, "uncompressed_header").ok();
    for _ in 0..3 {
        read(4)?; // ref_frame_idx, ref_frame_sign_bias
    }
    for _ in 0..3 {
        if read(1)? == 1 {
            return None;
        }
    }
    Some((read(16)? + 1, read(16)? + 1))
}

/// The frames of a VP9 superframe (Annex B); `None` for other packets, and where an index does not agree with its packet.
pub fn vp9_superframe(packet: &[u8]) -> Option<Vec<&[u8]>> {
    let frames = superframe(packet).map(|_| frames(packet))?;
    frames
        .iter()
        .all(|frame| !frame.is_empty())
        .then_some(frames)
}

/// Whether a VP9 frame shows a picture that was decoded before, and nothing else.
fn vp9_shows_existing(frame: &[u8]) -> bool {
    frame
        .first()
        .is_some_and(|&first| first >> 6 == FRAME_MARKER && show_bits(first).0)
}

/// The same, if the frame is as short as such frames are: a longer one was most likely damaged into one.
fn vp9_repeats(frame: &[u8]) -> bool {
    vp9_shows_existing(frame) && frame.len() <= MAX_REPEAT
}

/// Whether a VP9 packet holds nothing that is decoded, but shows pictures that were.
pub fn vp9_decodes_nothing(packet: &[u8]) -> bool {
    frames(packet).into_iter().all(vp9_shows_existing)
}

/// The frames of a VP9 packet that are decoded, without those that show what was. None where the index of a superframe
/// does not agree with its packet, or points at what is no frame.
pub fn vp9_decoded(packet: &[u8]) -> Vec<&[u8]> {
    let is_frame = |frame: &&[u8]| {
        frame
            .first()
            .is_some_and(|first| first >> 6 == FRAME_MARKER)
    };
    let frames = match superframe(packet) {
        Some(_) => vp9_superframe(packet).filter(|frames| frames.iter().all(is_frame)),
        None => Some(vec![packet]),
    };
    let mut frames = frames.unwrap_or_default();
    frames.retain(|frame| !vp9_shows_existing(frame));
    frames
}

/// Whether a VP9 packet shows only what a frame in front decoded, which may be a hidden one of the same packet.
pub fn vp9_only_repeats(packet: &[u8]) -> bool {
    let mut shown = frames(packet)
        .into_iter()
        .filter(|frame| frame_is_shown(frame))
        .peekable();
    shown.peek().is_some() && shown.all(vp9_repeats)
}

/// The frames of a packet, which may be a superframe.
fn frames(packet: &[u8]) -> Vec<&[u8]> {
    let Some((body, sizes)) = superframe(packet) else {
        return vec![packet];
    };
    let mut at = 0usize;
    sizes
        .into_iter()
        .map(|size| {
            let frame = body.get(at..at.saturating_add(size));
            at = at.saturating_add(size);
            frame.unwrap_or_default()
        })
        .collect()
}

fn frame_is_shown(frame: &[u8]) -> bool {
    frame.first().is_none_or(|&first| {
        let (shows_existing, is_shown) = show_bits(first);
        shows_existing || is_shown
    })
}

/// `show_existing_frame` and `show_frame` in the first byte of a frame (6.2): behind `frame_marker`, two bits of the
/// profile and, in profile 3, a reserved one; `frame_type` is between them.
fn show_bits(first: u8) -> (bool, bool) {
    let bit = |index: u32| first >> (7 - index) & 1 == 1;
    let after_profile = if bit(2) && bit(3) { 5 } else { 4 };
    (bit(after_profile), bit(after_profile + 2))
}

/// What is in front of the superframe index at the end of `packet`, and the frame sizes in it, if it has one.
fn superframe(packet: &[u8]) -> Option<(&[u8], Vec<usize>)> {
    let marker = *packet.last()?;
    if marker & 0xe0 != 0xc0 {
        return None;
    }
    let bytes_per_size = usize::from(marker >> 3 & 3) + 1;
    let frames = usize::from(marker & 7) + 1;
    let index_size = 2 + bytes_per_size * frames;
    let (body, index) = packet.split_at_checked(packet.len().checked_sub(index_size)?)?;
    let value = |size: &[u8]| {
        let bytes = size.iter().rev();
        bytes.fold(0, |value, &byte| value << 8 | usize::from(byte))
    };
    (index[0] == marker).then(|| {
        let sizes = index[1..index_size - 1].chunks(bytes_per_size);
        (body, sizes.map(value).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_only_repeat() {
        let (existing, shown, hidden) = (0b1000_1000, 0b1000_0010, 0b1000_0000);
        assert!(vp9_only_repeats(&[existing]));
        assert!(vp9_only_repeats(&[existing, existing, 0xc1, 1, 1, 0xc1]));
        assert!(!vp9_only_repeats(&[existing, shown, 0xc1, 1, 1, 0xc1]));
        assert!(vp9_only_repeats(&[hidden, existing, 0xc1, 1, 1, 0xc1]));
        assert!(!vp9_only_repeats(&[hidden]));
        assert!(!vp9_only_repeats(&[shown]));
        assert!(!vp9_only_repeats(&[0xff]), "no frame");
        let long = [&[existing][..], &[0; 16]].concat();
        assert!(!vp9_only_repeats(&long) && vp9_decodes_nothing(&long));
        assert!(!vp9_only_repeats(&[]));
    }

    #[test]
    fn what_is_shown_again_is_not_decoded() {
        const HIDDEN: &[u8] = &[0b1000_0100];
        const EXISTING: &[u8] = &[0b1000_1000];
        let pair = |index: [u8; 4]| [HIDDEN, EXISTING, &index].concat();
        assert_eq!(vp9_decoded(&pair([0xc1, 1, 1, 0xc1])), [HIDDEN]);
        let beyond = pair([0xc1, 1, 9, 0xc1]);
        let no_frame = [HIDDEN, &[0x08, 0xc1, 1, 1, 0xc1]].concat();
        assert!(vp9_decoded(&beyond).is_empty() && vp9_decoded(&no_frame).is_empty());
        assert_eq!(vp9_decoded(HIDDEN), [HIDDEN]);
        assert!(vp9_decoded(EXISTING).is_empty());
    }

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
    fn a_superframe_is_cut_into_its_frames() {
        let packet = [1, 2, 3, 0xc1, 1, 2, 0xc1];
        assert_eq!(vp9_superframe(&packet), Some(vec![&[1][..], &[2, 3]]));
        let with_sizes = |sizes: [u8; 2]| [1, 2, 3, 0xc1, sizes[0], sizes[1], 0xc1];
        let (empty, beyond, into_the_index) = ([0, 3], [1, 9], [1, 3]);
        for sizes in [empty, beyond, into_the_index] {
            assert_eq!(vp9_superframe(&with_sizes(sizes)), None, "{sizes:?}");
        }
        assert_eq!(vp9_superframe(&packet[..3]), None);
        assert_eq!(vp9_superframe(&[]), None);
    }

    #[test]
    fn a_predicted_frame_may_claim_a_size() {
        // Flags, refresh flags, references, and no size of a reference taken; then 14337x48387.
        let claims = [0x96, 0x01, 0x80, 0x90, 0x1c, 0x00, 0x5e, 0x81, 0x00];
        assert_eq!(vp9_predicted_size(&claims), Some((14337, 48387)));
        assert_eq!(vp9_predicted_size(&claims[..7]), None);
        let takes_the_first = [0x86, 0x01, 0x80, 0x90, 0xdc, 0x00, 0x5e, 0x81, 0x00];
        assert_eq!(vp9_predicted_size(&takes_the_first), None);
        let is_key_frame = [0x82, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0];
        assert_eq!(vp9_predicted_size(&is_key_frame), None);
        assert!(vp9_can_grow((640, 360), (10240, 5760)));
        assert!(!vp9_can_grow((640, 360), (10241, 360)));
        assert!(!vp9_can_grow((640, 360), (640, 5761)));
    }

    #[test]
    fn a_frame_may_refresh_nothing_and_lean_on_nothing() {
        // Shown, error resilient or not with 2 bits more; then the refresh flags.
        let (resilient, keeps) = ([0x87, 0x00, 0x80], [0x87, 0x01, 0x80]);
        let leans = [0x86, 0x00, 0x00, 0x80];
        let key = [0x82, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0, 0];
        let shows_existing = [0x88, 0];
        let (hidden, marker) = ([0x85, 0x00, 0x00], 0xc1);
        let both = [&hidden[..], &leans, &[marker, 3, 4, marker]].concat();
        let keeps_one = [&keeps[..], &leans, &[marker, 3, 4, marker]].concat();
        for (packet, is_unreferenced, leans) in [
            (&resilient[..], true, false),
            (&keeps, false, false),
            (&leans, true, true),
            (&key, false, false),
            (&shows_existing, false, true),
            (&both, true, false),
            (&keeps_one, false, false),
            (&[], false, true),
        ] {
            assert_eq!(vp9_is_unreferenced(packet), is_unreferenced, "{packet:x?}");
            assert_eq!(vp9_leans_on_previous(packet), leans, "{packet:x?}");
        }
    }

    #[test]
    fn short_packets_do_not_panic() {
        for packet in [&[][..], &[0xc7], &[0xff, 0xff], &[0xc1, 9, 9, 0xc1]] {
            let _ = (vp8_is_shown(packet), vp9_is_shown(packet));
            assert_eq!(vp9_predicted_size(packet), None);
        }
    }
}
