//! Windows of a row: 16 bytes with the samples of four neighbouring targets, which one instruction puts in
//! order. That takes a fraction of the time of reading them one by one, and is possible as long as a picture
//! is not reduced too much.

#[allow(clippy::wildcard_imports)] // names of instructions
use std::arch::x86_64::*;

use super::super::axis::Axis;
use super::super::levels::{FRACTION_BITS, Level};

const FRACTION: i32 = FRACTION_BITS as i32;

/// Targets of a window.
const TARGETS: usize = 4;

/// Windows that are worked on at once: values of 16 bits in a register.
const AT_ONCE: usize = 4;

/// Bytes of a window.
const BYTES: usize = size_of::<__m128i>();

/// In an order, a byte that becomes 0.
const ZERO: u8 = 0x80;

struct Window {
    /// The first byte in the row.
    start: usize,
    order: [u8; BYTES],
}

/// The windows of a row, as many as are worked on at once, or none if the samples of one lie too far apart.
#[derive(Default)]
pub(in super::super) struct Windows {
    windows: Vec<Window>,
    /// One past the last byte of all.
    end: usize,
}

impl Windows {
    /// Those of an axis over samples of one value; keeps the allocation of earlier ones. Of an exact axis it is
    /// 8-bit samples that are put in order, each as a value of 16 bits; of others 16-bit samples, and behind four
    /// of them their right neighbours.
    pub(in super::super) fn set(&mut self, x: &Axis) {
        self.windows.clear();
        self.end = 0;
        let (sample_bytes, samples) = if x.is_exact() { (1, 1) } else { (2, 2) };
        let Some(last_start) = (x.sources().1 as usize * sample_bytes).checked_sub(BYTES) else {
            return;
        };
        for first in x.first().as_chunks::<{ TARGETS * AT_ONCE }>().0 {
            for first in first.as_chunks::<TARGETS>().0 {
                let start = (first[0] as usize * sample_bytes).min(last_start);
                let mut order = [ZERO; BYTES];
                let places = (0..samples).flat_map(|at| first.map(|first| first as usize + at));
                for (place, to) in places.zip(order.as_chunks_mut::<2>().0) {
                    for (to, byte) in to[..sample_bytes].iter_mut().zip(place * sample_bytes..) {
                        let offset = byte.checked_sub(start).filter(|offset| *offset < BYTES);
                        let Some(offset) = offset else {
                            self.windows.clear();
                            return;
                        };
                        *to = offset as u8;
                    }
                }
                self.windows.push(Window { start, order });
                self.end = self.end.max(start + BYTES);
            }
        }
    }

    /// Calls `take` with the windows of every 16 targets: what is in the first halves of their orders, and in
    /// the second. Returns the number of targets.
    ///
    /// # Panics
    /// If the row is shorter than the axis said.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn each<L: Level>(
        &self,
        row: &[L],
        mut take: impl FnMut(usize, [__m256i; 2]),
    ) -> usize {
        assert!(self.end <= size_of_val(row));
        let row = row.as_ptr().cast::<u8>();
        let blocks = self.windows.as_chunks::<AT_ONCE>().0;
        for (index, windows) in blocks.iter().enumerate() {
            let quarters = windows.each_ref().map(|window| {
                // SAFETY: no window ends behind the row.
                let bytes = unsafe { _mm_loadu_si128(row.add(window.start).cast()) };
                // SAFETY: the array has the 16 bytes that are read.
                let order = unsafe { _mm_loadu_si128(window.order.as_ptr().cast()) };
                _mm_shuffle_epi8(bytes, order)
            });
            take(index, joined(quarters));
        }
        blocks.len() * TARGETS * AT_ONCE
    }
}

/// The first halves of four registers, and the second ones.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn joined([a, b, c, d]: [__m128i; AT_ONCE]) -> [__m256i; 2] {
    let (even, odd) = (_mm256_set_m128i(c, a), _mm256_set_m128i(d, b));
    [
        _mm256_unpacklo_epi64(even, odd),
        _mm256_unpackhi_epi64(even, odd),
    ]
}

/// Picks samples as levels for the first targets of an exact axis, and returns their number.
#[target_feature(enable = "avx2")]
pub(in super::super) fn pick_levels(windows: &Windows, from: &[u8], to: &mut [i16]) -> usize {
    let targets = to.as_chunks_mut().0;
    windows.each(from, |block, [samples, _]| {
        store(_mm256_slli_epi16::<FRACTION>(samples), &mut targets[block]);
    })
}

/// Writes 16 values.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(values: __m256i, to: &mut [i16; TARGETS * AT_ONCE]) {
    // SAFETY: the array has the 32 bytes that are written.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), values) };
}
