//! Planes of green, blue and red as R, G, B, A pixels.

use super::picture::Picture;

/// Packs a checked picture of such planes into rows that lie `pitch` bytes apart. Samples of more than 8 bits are
/// rounded to the nearest of 8.
pub(super) fn pack(picture: &Picture<'_>, to: &mut [u8], pitch: usize) {
    let planes = picture.rows(0).zip(picture.rows(1)).zip(picture.rows(2));
    for (((green, blue), red), to) in planes.zip(to.chunks_mut(pitch)) {
        let to = &mut to.as_chunks_mut::<4>().0[..picture.width as usize];
        if picture.is_deep() {
            let rows = [red, green, blue].map(|row| row.as_chunks::<2>().0);
            pack_row(rows, to, |sample| narrow(sample, picture.bits));
        } else {
            pack_row([red, green, blue], to, |sample| sample);
        }
    }
}

fn pack_row<S: Copy>([red, green, blue]: [&[S]; 3], to: &mut [[u8; 4]], level: impl Fn(S) -> u8) {
    for (((to, red), green), blue) in to.iter_mut().zip(red).zip(green).zip(blue) {
        *to = [level(*red), level(*green), level(*blue), u8::MAX];
    }
}

fn narrow(sample: [u8; 2], bits: u32) -> u8 {
    let greatest = (1u32 << bits) - 1;
    // No sample is greater than the depth allows.
    let sample = u32::from(u16::from_le_bytes(sample)).min(greatest);
    ((sample * 255 + greatest / 2) / greatest) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Colour;
    use crate::convert::PictureLayout;

    #[test]
    fn samples_of_any_depth_become_the_nearest_of_eight_bits() {
        for bits in [8, 10, 12, 15] {
            let greatest = (1u32 << bits) - 1;
            let samples = |at: u32| -> Vec<u8> {
                let row = (0..16).map(|x| (at + x * 7919) % (greatest + 1));
                row.flat_map(|sample| sample.to_le_bytes()[..if bits > 8 { 2 } else { 1 }].to_vec())
                    .collect()
            };
            let planes = [0, greatest / 3, greatest].map(samples);
            let picture = Picture {
                layout: PictureLayout::Gbr,
                width: 8,
                height: 2,
                planes: planes.each_ref().map(Vec::as_slice),
                strides: [planes[0].len() / 2; 3],
                colour: Colour::default(),
                bits,
            };
            picture.check().unwrap();
            let mut packed = vec![7; 2 * 36];
            pack(&picture, &mut packed, 36);
            for (index, pixel) in (0..16).map(|index| (index, index / 8 * 36 + index % 8 * 4)) {
                for (channel, start) in [greatest, 0, greatest / 3].into_iter().enumerate() {
                    let sample = (start + index as u32 * 7919) % (greatest + 1);
                    let exact = f64::from(sample) * 255.0 / f64::from(greatest);
                    assert!((f64::from(packed[pixel + channel]) - exact).abs() <= 0.5);
                }
                assert_eq!(packed[pixel + 3], 255);
            }
            assert_eq!(packed[32..36], [7; 4], "padding is left alone");
        }
    }
}
