//! One plane of a picture at the size of its target, row by row.

use std::ops::Range;

use super::axis::{Axis, Span, Taps};
use super::levels::{Level, mix_into, mix_rows};
use super::texels::{Row, Texels, Unpacked};

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
    row: Vec<[i16; N]>,
    /// The right neighbours of what `row` is made of.
    right: Vec<[i16; N]>,
    /// The source row and the weight that `row` is made of.
    holds: Option<(u32, i16)>,
}

impl<const N: usize> Sampler<N> {
    /// Begins with a plane.
    pub(super) fn set(&mut self, x: &Span, y: &Span, taps: Taps) {
        self.x.set(x, taps);
        self.x.pair();
        self.y.set(y, taps);
        self.holds = None;
        let weights = self.x.weights.iter();
        self.weights.clear();
        self.weights.extend(weights.flat_map(|weight| [*weight; N]));
        self.row.resize(self.x.first.len(), [0; N]);
        self.right.resize(self.x.first.len(), [0; N]);
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
        let (x, to, right) = (&self.x, &mut self.row, &mut self.right);
        if weight == 0 {
            match upper {
                Row::Bytes(from) => pick(from, x, to, right),
                Row::Levels(from) => pick(from, x, to, right),
            }
        } else {
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
            pick(&self.mixed, x, to, right);
        }
        if !x.is_exact {
            mix_into(to.as_flattened_mut(), right.as_flattened(), &self.weights);
        }
    }
}

/// Takes the sample that each target sample begins with and, where there are weights, its right neighbour.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn pick<L: Level, const N: usize>(
    from: &[[L; N]],
    x: &Axis,
    to: &mut [[i16; N]],
    right: &mut [[i16; N]],
) {
    if x.is_exact {
        for (to, first) in to.iter_mut().zip(&x.first) {
            *to = from[*first as usize].map(Level::level);
        }
        return;
    }
    for ((to, right), first) in to.iter_mut().zip(right).zip(&x.first) {
        let first = *first as usize;
        if let Some([left, neighbour]) = from.get(first..first + 2) {
            *to = left.map(Level::level);
            *right = neighbour.map(Level::level);
        }
    }
}
