//! Y, Cb, Cr to RGBA in 16-bit fixed point, written so that the compiler vectorises it.
//!
//! Decoders do produce luma below 16 in limited range. SIMD converters commonly clamp it before
//! they add the chroma, which is off by up to 19 levels; here nothing is clamped but the result,
//! which stays within one level of exact arithmetic.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::levels;
use super::picture::{Picture, PictureLayout};
use super::split::split;
use crate::colour::{Colour, Range};

/// Fractional bits of the sums. With 5, no sum of terms leaves 16 bits.
pub(super) const FRACTION_BITS: u32 = 5;

/// Pixels that are converted together.
pub(super) const BLOCK: usize = 32;

/// Bytes of RGBA from which on they are written past the caches. They would not stay there until somebody reads them, and
/// they would drive out what the decoders on the same cores work with.
#[cfg(target_arch = "x86_64")]
const STREAMED_BYTES: usize = 2 << 20;

/// The conversion as integer factors. Luma is multiplied by 128 and chroma by 256, which fills a
/// signed 16-bit number, so that the upper half of each product is the term with
/// [`FRACTION_BITS`].
#[derive(Clone, Copy)]
pub(super) struct Factors {
    pub(super) luma: i16,
    pub(super) luma_offset: i16,
    pub(super) red_cr: i16,
    pub(super) green_cb: i16,
    pub(super) green_cr: i16,
    pub(super) blue_cb: i16,
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

/// The samples of a row of pixels.
#[derive(Clone, Copy)]
pub(super) struct Row<'a, S> {
    pub luma: &'a [S],
    pub cb: &'a [S],
    pub cr: &'a [S],
    /// Whether two pixels share each sample of chroma.
    pub is_paired: bool,
}

/// Converts a checked picture of Y, Cb, Cr or grey to RGBA rows with alpha 255, `pitch` bytes apart.
pub(super) fn convert(picture: &Picture<'_>, to: &mut [u8], pitch: usize) {
    let factors = Factors::new(picture.colour, 8);
    let width = picture.width as usize;
    let mut separated = Separated::new(width);
    let rows = (0..picture.height).zip(to.chunks_mut(pitch));
    #[cfg(target_arch = "x86_64")]
    if width * 4 * picture.height as usize >= STREAMED_BYTES
        && std::arch::is_x86_feature_detected!("avx2")
    {
        for (row, to) in rows {
            let row = separated.row(picture, row);
            // SAFETY: the processor has AVX2.
            unsafe { avx2::ycbcr::stream_row(&factors, row, &mut to[..width * 4]) };
        }
        avx2::ycbcr::finish_streaming();
        return;
    }
    for (row, to) in rows {
        convert_row_of_8_bits(&factors, separated.row(picture, row), &mut to[..width * 4]);
    }
}

/// The samples of the current row that are packed together in the picture.
struct Separated {
    width: usize,
    luma: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
    chroma_row: Option<u32>,
}

impl Separated {
    fn new(width: usize) -> Self {
        let pairs = width.div_ceil(2);
        Self {
            width,
            luma: vec![0; pairs * 2],
            // They stay neutral if the picture is grey.
            cb: vec![128; pairs],
            cr: vec![128; pairs],
            chroma_row: None,
        }
    }

    fn row<'a>(&'a mut self, picture: &Picture<'a>, row: u32) -> Row<'a, u8> {
        use PictureLayout::{Gray8, I420, I444, Nv12, Nv21, Uyvy};
        let line = |plane: usize, row: u32| {
            &picture.planes[plane][row as usize * picture.strides[plane]..]
        };
        let (width, pairs) = (self.width, self.width.div_ceil(2));
        let chroma_row = match picture.layout {
            I420 | Nv12 | Nv21 => row / 2,
            _ => row,
        };
        let is_new = self.chroma_row.replace(chroma_row) != Some(chroma_row);
        match picture.layout {
            Uyvy => self.unpack(&line(0, row)[..pairs * 4]),
            Nv12 if is_new => split(
                line(1, chroma_row)[..pairs * 2].as_chunks().0,
                &mut self.cb,
                &mut self.cr,
            ),
            Nv21 if is_new => split(
                line(1, chroma_row)[..pairs * 2].as_chunks().0,
                &mut self.cr,
                &mut self.cb,
            ),
            _ => {}
        }
        let (luma, cb, cr) = match picture.layout {
            Uyvy => (&self.luma[..], &self.cb[..], &self.cr[..]),
            Nv12 | Nv21 | Gray8 => (line(0, row), &self.cb[..], &self.cr[..]),
            _ => (line(0, row), line(1, chroma_row), line(2, chroma_row)),
        };
        let is_paired = picture.layout != I444;
        let samples = if is_paired { pairs } else { width };
        Row {
            luma: &luma[..width],
            cb: &cb[..samples],
            cr: &cr[..samples],
            is_paired,
        }
    }

    fn unpack(&mut self, packed: &[u8]) {
        let targets = self.luma.as_chunks_mut::<2>().0.iter_mut();
        let targets = targets.zip(&mut self.cb).zip(&mut self.cr);
        for (&[u, y0, v, y1], ((luma, cb), cr)) in packed.as_chunks::<4>().0.iter().zip(targets) {
            (*luma, *cb, *cr) = ([y0, y1], u, v);
        }
    }
}

fn convert_row_of_8_bits(factors: &Factors, row: Row<'_, u8>, to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::ycbcr::convert_row(factors, row, to) };
        return;
    }
    convert_row_portable(factors, row, to);
}

/// Converts a row of levels, with chroma of single pixels.
pub(super) fn convert_levels(factors: &Factors, row: Row<'_, i16>, to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::ycbcr::convert_levels(factors, row, to) };
        return;
    }
    convert_row_portable(factors, row, to);
}

fn convert_row_portable<S: Sample>(factors: &Factors, row: Row<'_, S>, to: &mut [u8]) {
    let beside = if row.is_paired { BLOCK / 2 } else { BLOCK };
    let blocks = row
        .luma
        .chunks(BLOCK)
        .zip(row.cb.chunks(beside))
        .zip(row.cr.chunks(beside));
    for (((luma, cb), cr), to) in blocks.zip(to.as_chunks_mut::<4>().0.chunks_mut(BLOCK)) {
        let [cb, cr] = [cb, cr].map(|samples| {
            if row.is_paired {
                doubled(samples)
            } else {
                padded(samples)
            }
        });
        let block = convert_block(factors, &padded(luma), &cb, &cr);
        to.copy_from_slice(&block[..to.len()]);
    }
}

#[inline]
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

/// Samples, filled up to a whole block.
#[inline]
pub(super) fn padded<S: Sample, const N: usize>(samples: &[S]) -> [S; N] {
    let mut block = [S::default(); N];
    block[..samples.len()].copy_from_slice(samples);
    block
}

/// Samples for two pixels each.
#[inline]
fn doubled<S: Sample>(samples: &[S]) -> [S; BLOCK] {
    let mut block = [S::default(); BLOCK];
    for (pair, sample) in block.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
        *pair = [*sample; 2];
    }
    block
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::colour::Matrix;

    proptest! {
        #[test]
        fn instructions_do_the_same_arithmetic(
            samples in prop::collection::vec(any::<u8>(), 3..700),
            is_paired: bool,
            matrix in prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]),
            range in prop::sample::select(vec![Range::Limited, Range::Full]),
        ) {
            if !std::arch::is_x86_feature_detected!("avx2") {
                return Ok(());
            }
            let width = samples.len() / 3;
            let beside = if is_paired { width.div_ceil(2) } else { width };
            let (luma, chroma) = samples.split_at(width);
            let row = Row { luma, cb: &chroma[..beside], cr: &chroma[width..][..beside.min(width)], is_paired };
            let factors = Factors::new(Colour { matrix, range }, 8);
            let mut rows = [vec![0; width * 4], vec![0; width * 4]];
            convert_row_portable(&factors, row, &mut rows[0]);
            // SAFETY: the processor has AVX2.
            unsafe { avx2::ycbcr::convert_row(&factors, row, &mut rows[1]) };
            prop_assert_eq!(&rows[0], &rows[1]);
        }

        #[test]
        fn streamed_rows_are_the_same(
            samples in prop::collection::vec(any::<u8>(), 3..700),
            is_paired: bool,
            shift in 0..64usize,
        ) {
            if !std::arch::is_x86_feature_detected!("avx2") {
                return Ok(());
            }
            let width = samples.len() / 3;
            let beside = if is_paired { width.div_ceil(2) } else { width };
            let (luma, chroma) = samples.split_at(width);
            let row = Row { luma, cb: &chroma[..beside], cr: &chroma[width..][..beside.min(width)], is_paired };
            let factors = Factors::new(Colour::default(), 8);
            let mut rows = [vec![0; shift + width * 4], vec![0; shift + width * 4]];
            convert_row_portable(&factors, row, &mut rows[0][shift..]);
            // SAFETY: the processor has AVX2.
            unsafe { avx2::ycbcr::stream_row(&factors, row, &mut rows[1][shift..]) };
            avx2::ycbcr::finish_streaming();
            prop_assert_eq!(&rows[0], &rows[1]);
        }

        #[test]
        fn instructions_do_the_same_arithmetic_on_levels(
            levels in prop::collection::vec(0..=255i16 << levels::FRACTION_BITS, 3..700),
            matrix in prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]),
            range in prop::sample::select(vec![Range::Limited, Range::Full]),
        ) {
            if !std::arch::is_x86_feature_detected!("avx2") {
                return Ok(());
            }
            let width = levels.len() / 3;
            let (luma, chroma) = levels.split_at(width);
            let row = Row { luma, cb: &chroma[..width], cr: &chroma[width..][..width], is_paired: false };
            let factors = Factors::new(Colour { matrix, range }, 8);
            let mut rows = [vec![0; width * 4], vec![0; width * 4]];
            convert_row_portable(&factors, row, &mut rows[0]);
            // SAFETY: the processor has AVX2.
            unsafe { avx2::ycbcr::convert_levels(&factors, row, &mut rows[1]) };
            prop_assert_eq!(&rows[0], &rows[1]);
        }
    }
}
