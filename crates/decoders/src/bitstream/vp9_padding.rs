//! Zeros behind the frames of VP9 packets.
//!
//! The arithmetic decoder of a damaged frame may run past the frame's end. Software reads zeros there (VP9 bitstream
//! specification, 9.2.2: the padding behind a tile is zero); NVIDIA's chips stop for five seconds and drop the frame,
//! unless there is something to read.

use super::vpx;

/// Bytes that are enough for any frame of 64x64 pixels.
const LEAST: usize = 1024;
/// What a block of 64x64 pixels takes of zeros is about 4 bytes: no split, and six transform blocks without
/// coefficients.
const PER_BLOCK: usize = 16;
/// Blocks of the greatest picture that NVIDIA's chips decode, of 8192x8192 pixels. A damaged header may claim any size.
const MOST_BLOCKS: usize = 128 * 128;

/// How many zeros are enough for a picture of a size in pixels.
pub fn enough_for((width, height): (u32, u32)) -> usize {
    let blocks = |side: u32| side.div_ceil(64) as usize;
    LEAST + PER_BLOCK * MOST_BLOCKS.min(blocks(width) * blocks(height))
}

/// A VP9 packet with so many zeros behind each frame that is decoded. `None` if there is none, or an index that does not
/// agree with its packet.
pub fn padded(packet: &[u8], zeros: usize) -> Option<Vec<u8>> {
    let has_index = vpx::vp9_has_index(packet);
    let frames = match vpx::vp9_superframe(packet) {
        Some(frames) => frames,
        None if has_index => return None,
        None => vec![packet],
    };
    let is_decoded = |frame: &[u8]| !vpx::vp9_shows_existing(frame);
    if !frames.iter().any(|frame| is_decoded(frame)) {
        return None;
    }
    let mut data = Vec::with_capacity(packet.len() + frames.len() * (zeros + 4));
    let mut sizes = Vec::new();
    for frame in &frames {
        let begin = data.len();
        data.extend_from_slice(frame);
        if is_decoded(frame) {
            data.resize(data.len() + zeros, 0);
        }
        sizes.push(u32::try_from(data.len() - begin).ok()?);
    }
    if has_index {
        // Annex B: sizes of four bytes.
        let marker = 0b1101_1000 | u8::try_from(frames.len() - 1).ok()?;
        data.push(marker);
        data.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
        data.push(marker);
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shown frame, and one that shows what was decoded before.
    const SHOWN: &[u8] = &[0b1000_0110, 1, 2];
    const EXISTING: &[u8] = &[0b1000_1000];

    #[test]
    fn zeros_come_behind_what_is_decoded() {
        assert_eq!(padded(SHOWN, 2), Some([SHOWN, &[0, 0]].concat()));
        assert_eq!(padded(EXISTING, 2), None);
        let superframe = [SHOWN, EXISTING, &[0xc1, 3, 1, 0xc1]].concat();
        let longer = [
            SHOWN,
            &[0, 0],
            EXISTING,
            &[0xd9, 5, 0, 0, 0, 1, 0, 0, 0, 0xd9],
        ]
        .concat();
        assert_eq!(padded(&superframe, 2), Some(longer.clone()));
        let frames = vpx::vp9_superframe(&longer).expect("the index is right");
        assert_eq!(frames, [&longer[..5], EXISTING]);
    }

    #[test]
    fn an_index_that_is_wrong_is_left_alone() {
        assert_eq!(padded(&[1, 2, 3, 0xc1, 1, 9, 0xc1], 2), None);
    }

    #[test]
    fn greater_pictures_take_more_up_to_a_limit() {
        assert_eq!(enough_for((640, 360)), 1024 + 16 * 60);
        assert_eq!(enough_for((0, 0)), 1024);
        assert_eq!(enough_for((8192, 8192)), 1024 + (256 << 10));
        assert_eq!(enough_for((u32::MAX, u32::MAX)), enough_for((8192, 8192)));
    }
}
