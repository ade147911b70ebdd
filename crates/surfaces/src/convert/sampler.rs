//! One plane of a picture at the size of its target, row by row.

use std::ops::Range;

use super::axis::{Axis, Span, Taps};
use super::levels::{Level, mix_columns, mix_rows, narrow, widen};
use super::texels::{Row, Texels, Unpacked};

/// The samples that those of a target begin with, and their right neighbours.
type Picked<T> = [Vec<T>; 2];

/// Tables and rows for scaling a plane with samples of `N` values; kept from one picture to the next.
#[derive(Default)]
pub(super) struct Sampler<const N: usize> {
    x: Axis,
    y: Axis,
    /// The horizontal weights, one for each value.
    weights: Vec<i16>,
    unpacked: [Unpacked<N>; 2],
    /// Two source rows mixed.
    mixed: Vec<[i16; N]>,
    picked: Picked<[u8; N]>,
    picked_levels: Picked<[i16; N]>,
    row: Vec<[i16; N]>,
    /// The source row and the weight that `row` is made of.
    holds: Option<(u32, i16)>,
}

impl<const N: usize> Sampler<N> {
    /// Begins with a plane.
    pub(super) fn set(&mut self, x: (&Span, Taps), y: (&Span, Taps)) {
        self.x.set(x.0, x.1);
        self.x.pair();
        self.y.set(y.0, y.1);
        self.holds = None;
        let weights = self.x.weights.iter();
        self.weights.clear();
        self.weights.extend(weights.flat_map(|weight| [*weight; N]));
        let count = self.x.first.len();
        self.row.resize(count, [0; N]);
        for picked in &mut self.picked {
            picked.resize(count, [0; N]);
        }
        for picked in &mut self.picked_levels {
            picked.resize(count, [0; N]);
        }
        self.mixed.resize(self.x.sources.1 as usize, [0; N]);
    }

    /// The levels of a row of the target.
    pub(super) fn row(&mut self, texels: &Texels<'_>, row: u32) -> &[[i16; N]] {
        let wanted = (self.y.first[row as usize], self.y.weights[row as usize]);
        if self.holds.replace(wanted) != Some(wanted) {
            let (first, weight) = (self.y.sources.0 + wanted.0, wanted.1);
            self.scale(texels, first, weight);
        }
        &self.row
    }

    /// Writes a row of the target, rounded to 8 bits.
    pub(super) fn narrow_row(&mut self, texels: &Texels<'_>, row: u32, to: &mut [u8]) {
        if self.x.is_exact && self.y.weights[row as usize] == 0 {
            let columns = self.columns();
            let source = self.y.sources.0 + self.y.first[row as usize];
            if let Row::Bytes(from) = texels.row(source, columns, &mut self.unpacked[0]) {
                pick(from, &self.x.first, to.as_chunks_mut().0);
                return;
            }
        }
        narrow(self.row(texels, row).as_flattened(), to);
    }

    fn columns(&self) -> Range<usize> {
        let (first, count) = self.x.sources;
        first as usize..(first + count) as usize
    }

    fn scale(&mut self, texels: &Texels<'_>, row: u32, weight: i16) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            unsafe { self.scale_avx2(texels, row, weight) };
            return;
        }
        self.scale_portable(texels, row, weight);
    }

    /// The same code, compiled for wider registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn scale_avx2(&mut self, texels: &Texels<'_>, row: u32, weight: i16) {
        self.scale_portable(texels, row, weight);
    }

    /// Mixes the rows first: that is done in vectors and leaves one row to pick from.
    #[inline(always)]
    #[allow(clippy::inline_always)] // it must be compiled with the features of its caller
    fn scale_portable(&mut self, texels: &Texels<'_>, row: u32, weight: i16) {
        let columns = self.columns();
        let [upper, lower] = &mut self.unpacked;
        let upper = texels.row(row, columns.clone(), upper);
        let (x, weights, to) = (&self.x, &self.weights, &mut self.row);
        if weight == 0 {
            match upper {
                Row::Bytes(from) => scale_row(from, x, weights, &mut self.picked, to),
                Row::Levels(from) => scale_row(from, x, weights, &mut self.picked_levels, to),
            }
            return;
        }
        let mixed = self.mixed.as_flattened_mut();
        match (upper, texels.row(row + 1, columns, lower)) {
            (Row::Bytes(upper), Row::Bytes(lower)) => {
                mix_rows(upper.as_flattened(), lower.as_flattened(), weight, mixed);
            }
            (Row::Levels(upper), Row::Levels(lower)) => {
                mix_rows(upper.as_flattened(), lower.as_flattened(), weight, mixed);
            }
            // All rows of a plane are alike.
            _ => {}
        }
        scale_row(&self.mixed, x, weights, &mut self.picked_levels, to);
    }
}

/// Picks first, sample by sample, then mixes in vectors.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn scale_row<L: Level, const N: usize>(
    from: &[[L; N]],
    x: &Axis,
    weights: &[i16],
    [left, right]: &mut Picked<[L; N]>,
    to: &mut [[i16; N]],
) {
    if x.is_exact {
        pick(from, &x.first, left);
        widen(left.as_flattened(), to.as_flattened_mut());
    } else {
        pick_pairs(from, &x.first, left, right);
        let (left, right) = (left.as_flattened(), right.as_flattened());
        mix_columns(left, right, weights, to.as_flattened_mut());
    }
}

fn pick<T: Copy>(from: &[T], first: &[u32], to: &mut [T]) {
    for (to, first) in to.iter_mut().zip(first) {
        *to = from[*first as usize];
    }
}

fn pick_pairs<T: Copy>(from: &[T], first: &[u32], left: &mut [T], right: &mut [T]) {
    for ((left, right), first) in left.iter_mut().zip(right).zip(first) {
        let first = *first as usize;
        if let Some([sample, neighbour]) = from.get(first..first + 2) {
            (*left, *right) = (*sample, *neighbour);
        }
    }
}
