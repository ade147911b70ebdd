//! Pictures of more than 8 bits a sample: two bytes each, least significant first.

use super::picture::{Picture, PictureLayout};
use super::ycbcr::{Factors, Row, convert_row};

/// Converts a checked picture of a layout with separate planes to RGBA rows, `pitch` bytes apart.
pub(super) fn convert(picture: &Picture<'_>, to: &mut [u8], pitch: usize) {
    let factors = Factors::new(picture.colour, picture.bits);
    let width = picture.width as usize;
    let mut luma = vec![0; width];
    // Without chroma planes, these stay neutral.
    let (mut cb, mut cr) = (vec![0; width], vec![0; width]);
    let (shift_x, shift_y) = match picture.layout.planes().get(1) {
        Some(chroma) => (chroma.width_shift, chroma.height_shift),
        None => (0, 0),
    };
    let has_chroma = picture.layout != PictureLayout::Gray8;
    let line = |plane: usize, row: u32| {
        let start = row as usize * picture.strides[plane];
        samples(&picture.planes[plane][start..], picture.bits)
    };
    for (row, to) in (0..picture.height).zip(to.chunks_mut(pitch)) {
        let scale = 15 - picture.bits.min(15);
        for (place, sample) in luma.iter_mut().zip(line(0, row)) {
            *place = (sample << scale) as i16;
        }
        if has_chroma && row & ((1 << shift_y) - 1) == 0 {
            for (places, plane) in [(&mut cb, 1), (&mut cr, 2)] {
                let chroma =
                    line(plane, row >> shift_y).map(|sample| centred(sample, picture.bits));
                for (places, sample) in places.chunks_mut(1 << shift_x).zip(chroma) {
                    places.fill(sample);
                }
            }
        }
        let row = Row {
            luma: &luma,
            cb: &cb,
            cr: &cr,
            is_paired: false,
        };
        convert_row(&factors, row, &mut to[..width * 4]);
    }
}

/// The samples of a row; none is greater than the depth allows.
fn samples(row: &[u8], bits: u32) -> impl Iterator<Item = u16> {
    let greatest = ((1u32 << bits) - 1) as u16;
    row.as_chunks::<2>()
        .0
        .iter()
        .map(move |bytes| u16::from_le_bytes(*bytes).min(greatest))
}

/// A chroma sample around 0, in 16 bits.
fn centred(sample: u16, bits: u32) -> i16 {
    ((i32::from(sample) - (1 << (bits - 1))) << (16 - bits)) as i16
}

/// The planes of a checked picture rounded to 8 bits, tightly packed one after the other.
pub(super) fn reduced(picture: &Picture<'_>) -> Vec<u8> {
    let shift = picture.bits - 8;
    let half = 1u32 << shift >> 1;
    (0..picture.layout.planes().len())
        .flat_map(|plane| picture.rows(plane))
        .flat_map(|row| samples(row, picture.bits))
        .map(|sample| ((u32::from(sample) + half) >> shift).min(255) as u8)
        .collect()
}
