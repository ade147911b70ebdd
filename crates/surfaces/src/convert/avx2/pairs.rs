//! Mixing of neighbouring samples of a row: the arithmetic of [`levels::mix_pairs`], 16 values at a time.

#[allow(clippy::wildcard_imports)] // names of instructions
use std::arch::x86_64::*;

use super::super::axis::Axis;
use super::super::levels;
use super::windows::{Windows, joined, store};

/// Values in a register.
const LANES: usize = 16;

/// Makes samples of `N` values, 1, 2 or 4, of the pairs that the axis tells. There is a weight for each
/// value. `windows` are those of the axis; samples of more values have none.
#[target_feature(enable = "avx2")]
pub(in super::super) fn mix<const N: usize>(
    from: &[[i16; N]],
    x: &Axis,
    windows: &Windows,
    weights: &[i16],
    to: &mut [[i16; N]],
) {
    const { assert!(matches!(N, 1 | 2 | 4)) };
    assert!(x.end() <= from.len());
    let samples = LANES / N;
    let targets = to.as_flattened_mut().as_chunks_mut::<LANES>().0;
    let each_weight = weights.as_chunks::<LANES>().0;
    let mut mix = |block: usize, [left, right]: [__m256i; 2]| {
        // SAFETY: the array has the 32 bytes that are read.
        let weights = unsafe { _mm256_loadu_si256(each_weight[block].as_ptr().cast()) };
        let doubled = _mm256_slli_epi16::<1>(_mm256_sub_epi16(right, left));
        let step = _mm256_mulhi_epi16(doubled, weights);
        store(_mm256_add_epi16(left, step), &mut targets[block]);
    };
    let mut done = windows.each(from.as_flattened(), &mut mix);
    if done == 0 {
        let blocks = x.first().chunks_exact(samples);
        done = blocks.len() * samples;
        for (block, first) in blocks.enumerate() {
            // SAFETY: `first` is a block of samples; the axis reads none from its end on, and the row has
            // those before it.
            mix(block, unsafe {
                pairs::<N>(from.as_ptr().cast(), first.as_ptr())
            });
        }
    }
    let rest = &x.first()[done..];
    levels::mix_pairs(from, rest, &weights[done * N..], &mut to[done..]);
}

/// A block of samples, and their right neighbours.
///
/// # Safety
/// `first` points to the places of `LANES / N` samples, and each has a right neighbour.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn pairs<const N: usize>(values: *const i16, first: *const u32) -> [__m256i; 2] {
    let samples = LANES / 4 / N;
    // SAFETY: four quarters are the block.
    let quarters = unsafe {
        [
            quarter::<N>(values, first),
            quarter::<N>(values, first.add(samples)),
            quarter::<N>(values, first.add(2 * samples)),
            quarter::<N>(values, first.add(3 * samples)),
        ]
    };
    joined(quarters)
}

/// A quarter of a block of samples, and behind it their right neighbours.
///
/// # Safety
/// As [`pairs`], for `LANES / 4 / N` samples.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn quarter<const N: usize>(values: *const i16, first: *const u32) -> __m128i {
    // SAFETY: the caller vouches for the samples.
    unsafe {
        let pair = |index: usize| values.add((*first.add(index) as usize).wrapping_mul(N));
        match N {
            1 => {
                let pair = |index| pair(index).cast::<i32>().read_unaligned();
                let order = _mm_set_epi8(15, 14, 11, 10, 7, 6, 3, 2, 13, 12, 9, 8, 5, 4, 1, 0);
                _mm_shuffle_epi8(_mm_set_epi32(pair(3), pair(2), pair(1), pair(0)), order)
            }
            2 => {
                let pair = |index| pair(index).cast::<i64>().read_unaligned();
                _mm_shuffle_epi32::<0b11_01_10_00>(_mm_set_epi64x(pair(1), pair(0)))
            }
            _ => _mm_loadu_si128(pair(0).cast()),
        }
    }
}
