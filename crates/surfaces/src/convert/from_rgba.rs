//! RGBA to formats of Y, Cb, Cr, written so that the compiler vectorises it.
//!
//! The result is within 0.51 of exact arithmetic, so rounded to the next integer but for ties that the fixed
//! point decides. Chroma is that of the mean over its block.

use std::ops::Range as Rows;

use super::canvas::Canvas;
use super::planar;
use crate::colour::{Colour, Range};
use crate::format::VideoFormat;

/// Fractional bits of the factors.
const FRACTION_BITS: u32 = 16;

/// Pixels of a chroma block: sums over a block are used, not means.
const BLOCK_BITS: u32 = 2;

/// One of Y, Cb, Cr as integer factors of R, G, B and a bias that includes the half for rounding.
#[derive(Clone, Copy)]
struct Row {
    factors: [i32; 3],
    bias: i32,
    shift: u32,
}

impl Row {
    fn new(factors: [f64; 3], zero: f64, block_bits: u32) -> Self {
        let one = f64::from(1 << FRACTION_BITS);
        let shift = FRACTION_BITS + block_bits;
        Self {
            factors: factors.map(|factor| (factor * one).round() as i32),
            bias: ((zero + 0.5) * f64::from(1 << shift)).round() as i32,
            shift,
        }
    }

    /// Plain wrapping operations: overflow checks would keep the loops scalar. Nothing wraps: factors are
    /// below one, sums of a block below 1021.
    #[inline(always)]
    #[allow(clippy::inline_always)] // it must be compiled with the features of its caller
    fn apply(self, [red, green, blue]: [i32; 3]) -> u8 {
        let sum = red
            .wrapping_mul(self.factors[0])
            .wrapping_add(green.wrapping_mul(self.factors[1]))
            .wrapping_add(blue.wrapping_mul(self.factors[2]))
            .wrapping_add(self.bias);
        (sum >> self.shift).clamp(0, 255) as u8
    }
}

#[derive(Clone, Copy)]
struct Factors {
    luma: Row,
    cb: Row,
    cr: Row,
}

impl Factors {
    fn new(Colour { matrix, range }: Colour) -> Self {
        let (kr, kb) = matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let (black, luma, chroma) = match range {
            Range::Limited => (16.0, 219.0 / 255.0, 224.0 / 255.0),
            Range::Full => (0.0, 1.0, 1.0),
        };
        let (blue, red) = (chroma / (2.0 * (1.0 - kb)), chroma / (2.0 * (1.0 - kr)));
        Self {
            luma: Row::new([kr, kg, kb].map(|weight| weight * luma), black, 0),
            cb: Row::new([-kr, -kg, 1.0 - kb].map(|w| w * blue), 128.0, BLOCK_BITS),
            cr: Row::new([1.0 - kr, -kg, -kb].map(|w| w * red), 128.0, BLOCK_BITS),
        }
    }
}

/// A conversion of RGBA rows of one width to a format of Y, Cb, Cr or of luma alone.
pub(super) struct FromRgba {
    factors: Factors,
    width: usize,
    /// Rows that share their chroma; the second is empty if the format does not halve them.
    luma: [Vec<u8>; 2],
    /// Cb and Cr of these rows; empty for grey.
    chroma: [Vec<u8>; 2],
}

impl FromRgba {
    pub(super) fn new(colour: Colour, format: VideoFormat, width: u32) -> Self {
        let line =
            |is_there: bool, samples: u32| vec![0; if is_there { samples as usize } else { 0 }];
        let halves_rows = rows_of_a_block(format) == 2;
        let has_chroma = format != VideoFormat::Gray8;
        Self {
            factors: Factors::new(colour),
            width: width as usize,
            luma: [true, halves_rows].map(|is_there| line(is_there, width)),
            chroma: [(); 2].map(|()| line(has_chroma, width.div_ceil(2))),
        }
    }

    /// Converts tightly packed RGBA rows to those rows of a canvas; the first one is even.
    pub(super) fn convert(&mut self, from: &[u8], rows: Rows<u32>, canvas: &mut Canvas<'_>) {
        let pixels = from.as_chunks::<4>().0;
        let line = |row: u32| &pixels[(row - rows.start) as usize * self.width..][..self.width];
        let step = rows_of_a_block(canvas.format());
        for upper in rows.clone().step_by(step as usize) {
            let lower = (upper + step).min(rows.end) - 1;
            let luma = self.luma.each_mut().map(Vec::as_mut_slice);
            let chroma = self.chroma.each_mut().map(Vec::as_mut_slice);
            convert_rows(&self.factors, [line(upper), line(lower)], luma, chroma);
            let luma = self.luma.each_ref().map(Vec::as_slice);
            let chroma = self.chroma.each_ref().map(Vec::as_slice);
            planar::write_rows(canvas, upper..=lower, luma, chroma);
        }
    }
}

/// Rows that share a row of chroma.
pub(super) fn rows_of_a_block(format: VideoFormat) -> u32 {
    let planes = format.info().planes;
    planes.last().map_or(1, |plane| 1 << plane.height_shift)
}

/// Converts two rows, which may be the same one, to luma each and chroma together. What is empty is left
/// out.
fn convert_rows(
    factors: &Factors,
    from: [&[[u8; 4]]; 2],
    luma: [&mut [u8]; 2],
    chroma: [&mut [u8]; 2],
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { convert_rows_avx2(factors, from, luma, chroma) };
        return;
    }
    convert_rows_portable(factors, from, luma, chroma);
}

/// The same code, compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_rows_avx2(
    factors: &Factors,
    from: [&[[u8; 4]]; 2],
    luma: [&mut [u8]; 2],
    chroma: [&mut [u8]; 2],
) {
    convert_rows_portable(factors, from, luma, chroma);
}

#[inline(always)]
#[allow(clippy::inline_always)] // it must be compiled with the features of its caller
fn convert_rows_portable(
    factors: &Factors,
    from: [&[[u8; 4]]; 2],
    luma: [&mut [u8]; 2],
    [cb, cr]: [&mut [u8]; 2],
) {
    for (from, to) in from.into_iter().zip(luma) {
        for (pixel, to) in from.iter().zip(to) {
            *to = factors.luma.apply(channels(*pixel));
        }
    }
    let [(upper, upper_rest), (lower, lower_rest)] = from.map(<[_]>::as_chunks::<2>);
    for (((upper, lower), cb), cr) in upper.iter().zip(lower).zip(&mut *cb).zip(&mut *cr) {
        let block = sum([upper[0], upper[1], lower[0], lower[1]]);
        *cb = factors.cb.apply(block);
        *cr = factors.cr.apply(block);
    }
    // The last column of an odd width counts twice.
    if let ([upper], [lower], [.., cb], [.., cr]) = (upper_rest, lower_rest, cb, cr) {
        let block = sum([*upper, *upper, *lower, *lower]);
        *cb = factors.cb.apply(block);
        *cr = factors.cr.apply(block);
    }
}

/// Red and blue in the lower and the upper half, and green: sums of four fit.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn halves(pixel: [u8; 4]) -> (u32, u32) {
    let pixel = u32::from_le_bytes(pixel);
    (pixel & 0x00ff_00ff, pixel >> 8 & 0xff)
}

#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn channels(pixel: [u8; 4]) -> [i32; 3] {
    let (red_blue, green) = halves(pixel);
    [
        (red_blue & 0xffff) as i32,
        green as i32,
        (red_blue >> 16) as i32,
    ]
}

#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn sum(block: [[u8; 4]; 4]) -> [i32; 3] {
    let [a, b, c, d] = block.map(halves);
    let red_blue = a.0.wrapping_add(b.0).wrapping_add(c.0.wrapping_add(d.0));
    let green = a.1.wrapping_add(b.1).wrapping_add(c.1.wrapping_add(d.1));
    [
        (red_blue & 0xffff) as i32,
        green as i32,
        (red_blue >> 16) as i32,
    ]
}
