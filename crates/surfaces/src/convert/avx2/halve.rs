//! Halving of pictures: the arithmetic of [`halve`](super::super::halve), 32 values of the target at a time.

#[allow(clippy::wildcard_imports)] // names of instructions
use std::arch::x86_64::*;

use super::super::halve;

/// Bytes in a register.
const BYTES: usize = 32;

/// Halves rows of samples of `N` values, 1, 2 or 4.
#[target_feature(enable = "avx2")]
pub(in super::super) fn halve<const N: usize>(
    upper: &[[u8; N]],
    lower: &[[u8; N]],
    to: &mut [[u8; N]],
) {
    let whole = to.len() - to.len() % (BYTES / N);
    let (done, rest) = to.split_at_mut(whole);
    let blocks = done.as_flattened_mut().as_chunks_mut::<BYTES>().0;
    let [uppers, lowers] =
        [upper, lower].map(|row| row.as_flattened().as_chunks::<BYTES>().0.as_chunks::<2>().0);
    for ((upper, lower), to) in uppers.iter().zip(lowers).zip(blocks) {
        let [first, second] = [0, 1].map(|half| {
            let sums = _mm256_add_epi16(sums::<N>(&upper[half]), sums::<N>(&lower[half]));
            _mm256_srli_epi16::<2>(_mm256_add_epi16(sums, _mm256_set1_epi16(2)))
        });
        let packed = _mm256_packus_epi16(first, second);
        let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
        // SAFETY: the array has the 32 bytes that are written.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), ordered) };
    }
    halve::halve_portable(&upper[2 * whole..], &lower[2 * whole..], rest);
}

/// Sums of neighbouring samples.
#[inline]
#[target_feature(enable = "avx2")]
fn sums<const N: usize>(bytes: &[u8; BYTES]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are read.
    let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    // Values that belong together side by side.
    let order = match N {
        1 => return _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)),
        2 => _mm_set_epi8(15, 13, 14, 12, 11, 9, 10, 8, 7, 5, 6, 4, 3, 1, 2, 0),
        _ => _mm_set_epi8(15, 11, 14, 10, 13, 9, 12, 8, 7, 3, 6, 2, 5, 1, 4, 0),
    };
    let paired = _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(order));
    _mm256_maddubs_epi16(paired, _mm256_set1_epi8(1))
}
