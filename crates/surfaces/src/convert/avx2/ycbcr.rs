//! The conversion of rows of Y, Cb, Cr: the arithmetic of [`ycbcr`](super::super::ycbcr), 32 pixels at a time.
//! Chroma that two pixels share is worked on once.

#[allow(clippy::wildcard_imports)] // names of instructions
use std::arch::x86_64::*;

use super::super::levels::NEUTRAL;
use super::super::ycbcr::{BLOCK, FRACTION_BITS, Factors, Row, Sample, padded};

const FRACTION: i32 = FRACTION_BITS as i32;

/// Terms of the sums for the pixels 0 to 7 and 16 to 23, and for the others: the order in which registers
/// are unpacked.
type Halves = [__m256i; 2];

/// Red, green and blue terms of chroma.
struct Terms {
    red: Halves,
    green: Halves,
    blue: Halves,
}

/// Converts a row of 8-bit samples to RGBA.
#[target_feature(enable = "avx2")]
pub(in super::super) fn convert_row(factors: &Factors, row: Row<'_, u8>, to: &mut [u8]) {
    convert_samples::<false>(factors, row, to);
}

/// As [`convert_row`], but past the caches, for more pixels than they hold. Others see them after [`finish_streaming`]
/// only.
#[target_feature(enable = "avx2")]
pub(in super::super) fn stream_row(factors: &Factors, row: Row<'_, u8>, to: &mut [u8]) {
    if to.as_ptr().addr().is_multiple_of(size_of::<__m256i>()) {
        convert_samples::<true>(factors, row, to);
    } else {
        convert_samples::<false>(factors, row, to);
    }
}

/// Ends what [`stream_row`] has written.
pub(in super::super) fn finish_streaming() {
    // SAFETY: each processor of 64 bits has this instruction, which only waits.
    unsafe { _mm_sfence() };
}

#[inline]
#[target_feature(enable = "avx2")]
fn convert_samples<const STREAMED: bool>(factors: &Factors, row: Row<'_, u8>, to: &mut [u8]) {
    let registers = Registers::new(factors);
    let luma = |samples: &_| unpacked(samples).map(|samples| _mm256_slli_epi16::<7>(samples));
    if row.is_paired {
        each_block::<_, _, STREAMED>(row, to, |y, cb, cr| {
            registers.pixels(luma(y), &registers.pairs(widened(cb), widened(cr)))
        });
    } else {
        let chroma = |samples: &_| unpacked(samples).map(|samples| centred(samples));
        each_block::<_, _, STREAMED>(row, to, |y, cb, cr| {
            registers.pixels(luma(y), &registers.singles(chroma(cb), chroma(cr)))
        });
    }
}

/// Converts a row of levels, with chroma of single pixels, to RGBA.
#[target_feature(enable = "avx2")]
pub(in super::super) fn convert_levels(factors: &Factors, row: Row<'_, i16>, to: &mut [u8]) {
    let registers = Registers::new(factors);
    let luma = |levels: &_| loaded(levels).map(|levels| _mm256_slli_epi16::<1>(levels));
    let neutral = _mm256_set1_epi16(NEUTRAL);
    let chroma = |levels: &_| {
        loaded(levels).map(|levels| _mm256_slli_epi16::<2>(_mm256_sub_epi16(levels, neutral)))
    };
    each_block::<_, _, false>(row, to, |y, cb, cr| {
        registers.pixels(luma(y), &registers.singles(chroma(cb), chroma(cr)))
    });
}

/// Calls `convert` with every 32 samples of luma and the `N` of chroma beside them; the last ones are filled
/// up. What is streamed must be aligned to 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn each_block<S: Sample, const N: usize, const STREAMED: bool>(
    row: Row<'_, S>,
    to: &mut [u8],
    convert: impl Fn(&[S; BLOCK], &[S; N], &[S; N]) -> [__m256i; 3],
) {
    let (luma, luma_rest) = row.luma.as_chunks();
    let whole = luma.len();
    let ((cb, _), (cr, _)) = (row.cb.as_chunks(), row.cr.as_chunks());
    let (to, to_rest) = to.as_chunks_mut::<4>().0.as_chunks_mut();
    for (((luma, cb), cr), to) in luma.iter().zip(cb).zip(cr).zip(to) {
        store::<STREAMED>(convert(luma, cb, cr), to);
    }
    if !to_rest.is_empty() {
        let mut last = [[0; 4]; BLOCK];
        // Chroma of an odd width may fill its last block.
        let rest = |samples: &[S]| padded(&samples[whole * N..]);
        let (luma, cb, cr) = (padded(luma_rest), rest(row.cb), rest(row.cr));
        store::<false>(convert(&luma, &cb, &cr), &mut last);
        to_rest.copy_from_slice(&last[..to_rest.len()]);
    }
}

/// The factors, each in all lanes.
struct Registers {
    luma: __m256i,
    luma_offset: __m256i,
    red_cr: __m256i,
    green_cb: __m256i,
    green_cr: __m256i,
    blue_cb: __m256i,
}

impl Registers {
    #[target_feature(enable = "avx2")]
    fn new(factors: &Factors) -> Self {
        Self {
            luma: _mm256_set1_epi16(factors.luma),
            luma_offset: _mm256_set1_epi16(factors.luma_offset),
            red_cr: _mm256_set1_epi16(factors.red_cr),
            green_cb: _mm256_set1_epi16(factors.green_cb),
            green_cr: _mm256_set1_epi16(factors.green_cr),
            blue_cb: _mm256_set1_epi16(factors.blue_cb),
        }
    }

    /// Red, green and blue terms of 16 samples of chroma, without their bias and times 256.
    #[target_feature(enable = "avx2")]
    fn chroma(&self, cb: __m256i, cr: __m256i) -> [__m256i; 3] {
        let green = _mm256_add_epi16(
            _mm256_mulhi_epi16(cb, self.green_cb),
            _mm256_mulhi_epi16(cr, self.green_cr),
        );
        [
            _mm256_mulhi_epi16(cr, self.red_cr),
            green,
            _mm256_mulhi_epi16(cb, self.blue_cb),
        ]
    }

    /// The terms of samples that two pixels share.
    #[target_feature(enable = "avx2")]
    fn pairs(&self, cb: __m256i, cr: __m256i) -> Terms {
        let [red, green, blue] = self.chroma(cb, cr);
        let doubled = |term| {
            [
                _mm256_unpacklo_epi16(term, term),
                _mm256_unpackhi_epi16(term, term),
            ]
        };
        Terms {
            red: doubled(red),
            green: doubled(green),
            blue: doubled(blue),
        }
    }

    /// The terms of samples of single pixels.
    #[target_feature(enable = "avx2")]
    fn singles(&self, cb: Halves, cr: Halves) -> Terms {
        let [first, second] = [self.chroma(cb[0], cr[0]), self.chroma(cb[1], cr[1])];
        Terms {
            red: [first[0], second[0]],
            green: [first[1], second[1]],
            blue: [first[2], second[2]],
        }
    }

    /// Red, green and blue of 32 pixels, in order. Luma is times 128.
    #[target_feature(enable = "avx2")]
    fn pixels(&self, luma: Halves, terms: &Terms) -> [__m256i; 3] {
        let luma = luma
            .map(|luma| _mm256_add_epi16(_mm256_mulhi_epi16(luma, self.luma), self.luma_offset));
        let level = |luma, term| _mm256_srai_epi16::<FRACTION>(_mm256_add_epi16(luma, term));
        [terms.red, terms.green, terms.blue].map(|[first, second]| {
            // Saturates to 0 and 255, and restores the order.
            _mm256_packus_epi16(level(luma[0], first), level(luma[1], second))
        })
    }
}

/// Chroma without its bias, times 256.
#[target_feature(enable = "avx2")]
fn centred(samples: __m256i) -> __m256i {
    _mm256_slli_epi16::<8>(_mm256_sub_epi16(samples, _mm256_set1_epi16(128)))
}

/// Half a block of chroma, centred.
#[target_feature(enable = "avx2")]
fn widened(samples: &[u8; BLOCK / 2]) -> __m256i {
    // SAFETY: the array has the 16 bytes that are read.
    centred(_mm256_cvtepu8_epi16(unsafe {
        _mm_loadu_si128(samples.as_ptr().cast())
    }))
}

/// Levels, split as [`unpacked`] splits samples.
#[target_feature(enable = "avx2")]
fn loaded(levels: &[i16; BLOCK]) -> Halves {
    let [first, second] = [0, BLOCK / 2].map(|start| {
        // SAFETY: a half of the array has the 32 bytes that are read.
        unsafe { _mm256_loadu_si256(levels[start..].as_ptr().cast()) }
    });
    [
        _mm256_permute2x128_si256::<0x20>(first, second),
        _mm256_permute2x128_si256::<0x31>(first, second),
    ]
}

/// Samples in 16 bits.
#[target_feature(enable = "avx2")]
fn unpacked(samples: &[u8; BLOCK]) -> Halves {
    let zero = _mm256_setzero_si256();
    // SAFETY: the array has the 32 bytes that are read.
    let samples = unsafe { _mm256_loadu_si256(samples.as_ptr().cast()) };
    [
        _mm256_unpacklo_epi8(samples, zero),
        _mm256_unpackhi_epi8(samples, zero),
    ]
}

/// Interleaves the colours with an alpha of 255.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const STREAMED: bool>([red, green, blue]: [__m256i; 3], to: &mut [[u8; 4]; BLOCK]) {
    let alpha = _mm256_set1_epi8(-1);
    let (rg, ba) = (
        [
            _mm256_unpacklo_epi8(red, green),
            _mm256_unpackhi_epi8(red, green),
        ],
        [
            _mm256_unpacklo_epi8(blue, alpha),
            _mm256_unpackhi_epi8(blue, alpha),
        ],
    );
    let first = [
        _mm256_unpacklo_epi16(rg[0], ba[0]),
        _mm256_unpackhi_epi16(rg[0], ba[0]),
    ];
    let second = [
        _mm256_unpacklo_epi16(rg[1], ba[1]),
        _mm256_unpackhi_epi16(rg[1], ba[1]),
    ];
    let blocks = [
        _mm256_permute2x128_si256::<0x20>(first[0], first[1]),
        _mm256_permute2x128_si256::<0x20>(second[0], second[1]),
        _mm256_permute2x128_si256::<0x31>(first[0], first[1]),
        _mm256_permute2x128_si256::<0x31>(second[0], second[1]),
    ];
    for (block, to) in blocks.into_iter().zip(to.as_chunks_mut::<8>().0) {
        let to = to.as_mut_ptr().cast();
        if STREAMED {
            // SAFETY: eight pixels are the 32 bytes that are written, and they are aligned to as many.
            unsafe { _mm256_stream_si256(to, block) };
        } else {
            // SAFETY: eight pixels are the 32 bytes that are written.
            unsafe { _mm256_storeu_si256(to, block) };
        }
    }
}
