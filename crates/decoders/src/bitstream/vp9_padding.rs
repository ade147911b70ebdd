//! Zeros behind the frames of VP9 packets.
//!
//! The arithmetic decoder of a damaged frame may run past the frame's end. Software reads zeros there (VP9 bitstream
//! specification, 9.2.2: the padding behind a tile is zero); NVIDIA's chips stop for five seconds and drop the frame,
//! unless there is something to read.

/// Bytes that are enough for any frame of 64x64 pixels.
const LEAST: usize = 1024;
/// What a block of 64x64 pixels takes of zeros is about 4 bytes: no split, and six transform blocks without
/// coefficients.
const PER_BLOCK: usize = 16;
/// Blocks of the greatest picture that NVIDIA's chips decode, of 8192x8192 pixels. A damaged header may claim any size.
const MOST_BLOCKS: usize = 128 * 128;
/// Of a superframe (VP9 bitstream specification, Annex B).
const MOST_FRAMES: u8 = 8;

/// How many zeros are enough for a picture of a size in pixels.
pub fn enough_for((width, height): (u32, u32)) -> usize {
    let blocks = |side: u32| side.div_ceil(64) as usize;
    LEAST + PER_BLOCK * MOST_BLOCKS.min(blocks(width) * blocks(height))
}

/// A VP9 packet of these frames, with so many zeros behind each. `None` if there are none, or more than fit.
pub fn padded(frames: &[&[u8]], zeros: usize) -> Option<Vec<u8>> {
    let last = u8::try_from(frames.len().checked_sub(1)?)
        .ok()
        .filter(|&last| last < MOST_FRAMES)?;
    let mut data = Vec::new();
    let mut sizes = Vec::new();
    for frame in frames {
        let begin = data.len();
        data.extend_from_slice(frame);
        data.resize(data.len() + zeros, 0);
        sizes.push(u32::try_from(data.len() - begin).ok()?);
    }
    if last > 0 {
        // Annex B: sizes of four bytes.
        let marker = 0b1101_1000 | last;
        data.push(marker);
        data.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
        data.push(marker);
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::super::vpx;
    use super::*;

    #[test]
    fn zeros_come_behind_each_frame() {
        const HIDDEN: &[u8] = &[0b1000_0100, 1];
        const SHOWN: &[u8] = &[0b1000_0110, 1, 2];
        assert_eq!(padded(&[SHOWN], 2), Some([SHOWN, &[0, 0]].concat()));
        assert_eq!(padded(&[], 2), None);
        let superframe = padded(&[HIDDEN, SHOWN], 2).expect("two frames fit");
        let frames = vpx::vp9_superframe(&superframe).expect("the index is right");
        let longer = [HIDDEN, SHOWN].map(|frame| [frame, &[0, 0]].concat());
        assert_eq!(frames, longer);
    }

    #[test]
    fn greater_pictures_take_more_up_to_a_limit() {
        assert_eq!(enough_for((640, 360)), 1024 + 16 * 60);
        assert_eq!(enough_for((0, 0)), 1024);
        assert_eq!(enough_for((8192, 8192)), 1024 + (256 << 10));
        assert_eq!(enough_for((u32::MAX, u32::MAX)), enough_for((8192, 8192)));
    }
}
