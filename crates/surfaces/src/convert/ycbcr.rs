//! Y, Cb, Cr to RGBA in 16-bit fixed point, written so that the compiler vectorises it.
//!
//! Decoders do produce luma below 16 in limited range. SIMD converters commonly clamp it before
//! they add the chroma, which is off by up to 19 levels; here nothing is clamped but the result,
//! which stays within one level of exact arithmetic.

use super::levels;
use super::picture::{Picture, PictureLayout};
use crate::colour::{Colour, Range};

/// Fractional bits of the sums. With 5, no sum of terms leaves 16 bits.
const FRACTION_BITS: u32 = 5;

/// Pixels that are converted together.
const BLOCK: usize = 32;

/// The conversion as integer factors. Luma is multiplied by 128 and chroma by 256, which fills a
/// signed 16-bit number, so that the upper half of each product is the term with
/// [`FRACTION_BITS`].
#[derive(Clone, Copy)]
pub(super) struct Factors {
    luma: i16,
    luma_offset: i16,
    red_cr: i16,
    green_cb: i16,
    green_cr: i16,
    blue_cb: i16,
}

/// Samples that go into the sums: luma times 128, and chroma without its bias times 256.
pub(super) trait Sample: Copy + Default {
    fn luma(self) -> i16;
    fn chroma(self) -> i16;
}

impl Sample for u8 {
    #[inline]
    fn luma(self) -> i16 {
        i16::from(self).wrapping_mul(128)
    }

    #[inline]
    fn chroma(self) -> i16 {
        i16::from(self).wrapping_sub(128).wrapping_mul(256)
    }
}

/// A level, see [`levels`](super::levels).
impl Sample for i16 {
    #[inline]
    fn luma(self) -> i16 {
        self.wrapping_mul(2)
    }

    #[inline]
    fn chroma(self) -> i16 {
        self.wrapping_sub(levels::NEUTRAL).wrapping_mul(4)
    }
}

impl Factors {
    /// `bits` is the depth of the samples, which have been brought to the scale of 8 bits: full range
    /// ends a little short of 256 there.
    pub(super) fn new(Colour { matrix, range }: Colour, bits: u32) -> Self {
        let (kr, kb) = matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let (black, luma_scale, chroma_scale) = match range {
            Range::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            Range::Full => {
                let end = (1u32 << bits) as f64;
                let scale = 255.0 / 256.0 * end / (end - 1.0);
                (0.0, scale, scale)
            }
        };
        let (red_cr, blue_cb) = (
            2.0 * (1.0 - kr) * chroma_scale,
            2.0 * (1.0 - kb) * chroma_scale,
        );
        let one = f64::from(1 << FRACTION_BITS);
        let chroma = |factor: f64| (factor * one * 65_536.0 / 256.0).round() as i16;
        Self {
            luma: (luma_scale * one * 65_536.0 / 128.0).round() as i16,
            luma_offset: (one / 2.0 - black * luma_scale * one).round() as i16,
            red_cr: chroma(red_cr),
            green_cb: chroma(-blue_cb * kb / kg),
            green_cr: chroma(-red_cr * kr / kg),
            blue_cb: chroma(blue_cb),
        }
    }
}

/// Converts a checked picture of Y, Cb, Cr or grey to RGBA rows with alpha 255, `pitch` bytes apart.
pub(super) fn convert(picture: &Picture<'_>, to: &mut [u8], pitch: usize) {
    let factors = Factors::new(picture.colour, 8);
    let width = picture.width as usize;
    let mut expanded = Expanded::new(width);
    for (row, to) in (0..picture.height).zip(to.chunks_mut(pitch)) {
        let (luma, cb, cr) = expanded.row(picture, row);
        convert_row(&factors, luma, cb, cr, &mut to[..width * 4]);
    }
}

/// Chroma (and packed luma) of the current row, one sample for each pixel.
struct Expanded {
    width: usize,
    luma: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
    chroma_row: Option<u32>,
}

impl Expanded {
    fn new(width: usize) -> Self {
        // Pairs are written whole, so an odd width needs room for one more.
        let samples = width.next_multiple_of(2);
        Self {
            width,
            luma: vec![0; samples],
            // They stay neutral if the picture is grey.
            cb: vec![128; samples],
            cr: vec![128; samples],
            chroma_row: None,
        }
    }

    /// Luma, Cb and Cr of a row, each of them `width` samples.
    fn row<'a>(&'a mut self, picture: &Picture<'a>, row: u32) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let line = |plane: usize, row: u32| {
            &picture.planes[plane][row as usize * picture.strides[plane]..]
        };
        let width = self.width;
        let pairs = width.div_ceil(2);
        let chroma_row = match picture.layout {
            PictureLayout::I420 | PictureLayout::Nv12 | PictureLayout::Nv21 => row / 2,
            _ => row,
        };
        let is_new = self.chroma_row.replace(chroma_row) != Some(chroma_row);
        match picture.layout {
            PictureLayout::I444 => {
                return (
                    &line(0, row)[..width],
                    &line(1, row)[..width],
                    &line(2, row)[..width],
                );
            }
            PictureLayout::Gray8 => {}
            PictureLayout::Uyvy => self.unpack(&line(0, row)[..pairs * 4]),
            PictureLayout::Nv12 if is_new => split(
                &line(1, chroma_row)[..pairs * 2],
                &mut self.cb,
                &mut self.cr,
            ),
            PictureLayout::Nv21 if is_new => split(
                &line(1, chroma_row)[..pairs * 2],
                &mut self.cr,
                &mut self.cb,
            ),
            _ if is_new => {
                double(&line(1, chroma_row)[..pairs], &mut self.cb);
                double(&line(2, chroma_row)[..pairs], &mut self.cr);
            }
            _ => {}
        }
        let luma = if picture.layout == PictureLayout::Uyvy {
            &self.luma
        } else {
            line(0, row)
        };
        (&luma[..width], &self.cb[..width], &self.cr[..width])
    }

    fn unpack(&mut self, packed: &[u8]) {
        let targets = self.luma.as_chunks_mut::<2>().0.iter_mut();
        let targets = targets
            .zip(self.cb.as_chunks_mut::<2>().0)
            .zip(self.cr.as_chunks_mut::<2>().0);
        for (&[u, y0, v, y1], ((luma, cb), cr)) in packed.as_chunks::<4>().0.iter().zip(targets) {
            *luma = [y0, y1];
            *cb = [u, u];
            *cr = [v, v];
        }
    }
}

fn double(samples: &[u8], to: &mut [u8]) {
    for (sample, pair) in samples.iter().zip(to.as_chunks_mut::<2>().0) {
        *pair = [*sample; 2];
    }
}

fn split(pairs: &[u8], first: &mut [u8], second: &mut [u8]) {
    let targets = first
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(second.as_chunks_mut::<2>().0);
    for (&[a, b], (first, second)) in pairs.as_chunks::<2>().0.iter().zip(targets) {
        *first = [a; 2];
        *second = [b; 2];
    }
}

/// Converts a row of samples, one of each kind for each pixel.
pub(super) fn convert_row<S: Sample>(
    factors: &Factors,
    luma: &[S],
    cb: &[S],
    cr: &[S],
    to: &mut [u8],
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { convert_row_avx2(factors, luma, cb, cr, to) };
        return;
    }
    convert_row_portable(factors, luma, cb, cr, to);
}

/// The same code, compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_row_avx2<S: Sample>(factors: &Factors, luma: &[S], cb: &[S], cr: &[S], to: &mut [u8]) {
    convert_row_portable(factors, luma, cb, cr, to);
}

#[inline(always)]
#[allow(clippy::inline_always)] // it must be compiled with the features of its caller
fn convert_row_portable<S: Sample>(
    factors: &Factors,
    luma: &[S],
    cb: &[S],
    cr: &[S],
    to: &mut [u8],
) {
    let rows = [luma, cb, cr].map(|samples| samples.as_chunks::<BLOCK>());
    let [(luma, _), (cb, _), (cr, _)] = rows;
    let (to, to_rest) = to.as_chunks_mut::<4>().0.as_chunks_mut::<BLOCK>();
    for (((luma, cb), cr), to) in luma.iter().zip(cb).zip(cr).zip(to) {
        *to = convert_block(factors, luma, cb, cr);
    }
    if !to_rest.is_empty() {
        let [luma, cb, cr] = rows.map(|(_, rest)| padded(rest));
        let block = convert_block(factors, &luma, &cb, &cr);
        to_rest.copy_from_slice(&block[..to_rest.len()]);
    }
}

#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn convert_block<S: Sample>(
    factors: &Factors,
    luma: &[S; BLOCK],
    cb: &[S; BLOCK],
    cr: &[S; BLOCK],
) -> [[u8; 4]; BLOCK] {
    // Plain wrapping operations throughout: overflow checks would keep the loops scalar. Nothing
    // wraps, see FRACTION_BITS. The loops are separate because the widest number in a loop decides
    // how many pixels are done at once.
    let upper = |a: i16, b: i16| (i32::from(a).wrapping_mul(i32::from(b)) >> 16) as i16;
    let level = |sum: i16| (sum >> FRACTION_BITS).clamp(0, 255) as u16;
    let mut red_green = [0u16; BLOCK];
    let mut blue_alpha = [0u16; BLOCK];
    for index in 0..BLOCK {
        let luma = upper(luma[index].luma(), factors.luma).wrapping_add(factors.luma_offset);
        let (cb, cr) = (cb[index].chroma(), cr[index].chroma());
        let red = luma.wrapping_add(upper(cr, factors.red_cr));
        let green = luma
            .wrapping_add(upper(cb, factors.green_cb))
            .wrapping_add(upper(cr, factors.green_cr));
        let blue = luma.wrapping_add(upper(cb, factors.blue_cb));
        red_green[index] = level(red) | level(green) << 8;
        blue_alpha[index] = level(blue) | 0xff00;
    }
    let mut pixels = [0u32; BLOCK];
    for index in 0..BLOCK {
        pixels[index] = u32::from(red_green[index]) | u32::from(blue_alpha[index]) << 16;
    }
    pixels.map(u32::to_le_bytes)
}

fn padded<S: Sample>(samples: &[S]) -> [S; BLOCK] {
    let mut block = [S::default(); BLOCK];
    block[..samples.len()].copy_from_slice(samples);
    block
}
