//! Samples of a row put where the columns of a target want them.

#[cfg(target_arch = "x86_64")]
use super::avx2::{pairs, windows};
use super::axis::{Axis, Span, Taps};
use super::levels::{Level, mix_pairs};
use super::texels::Row;

/// Tables for the columns of samples of `N` values; kept from one picture to the next.
#[derive(Default)]
pub(super) struct Across<const N: usize> {
    axis: Axis,
    /// One for each value.
    weights: Vec<i16>,
    /// Those of samples of one value.
    #[cfg(target_arch = "x86_64")]
    windows: windows::Windows,
}

impl<const N: usize> Across<N> {
    pub(super) fn set(&mut self, span: &Span, taps: Taps) {
        self.axis.set(span, taps);
        self.axis.pair();
        let weights = self.axis.weights().iter();
        self.weights.clear();
        self.weights.extend(weights.flat_map(|weight| [*weight; N]));
        #[cfg(target_arch = "x86_64")]
        if N == 1 {
            self.windows.set(&self.axis);
        }
    }

    pub(super) fn axis(&self) -> &Axis {
        &self.axis
    }

    /// Makes a row of the target. Bytes there are only if the axis is exact.
    pub(super) fn portable(&self, from: Row<'_, N>, to: &mut [[i16; N]]) {
        let first = self.axis.first();
        match from {
            Row::Bytes(from) => pick_levels(from, first, to),
            Row::Levels(from) if self.axis.is_exact() => pick(from, first, to),
            Row::Levels(from) => mix_pairs(from, first, &self.weights, to),
        }
    }

    /// As [`portable`](Self::portable).
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(&self, from: Row<'_, N>, to: &mut [[i16; N]]) {
        let first = self.axis.first();
        match from {
            Row::Bytes(from) => {
                let values = (from.as_flattened(), to.as_flattened_mut());
                let done = windows::pick_levels(&self.windows, values.0, values.1);
                pick_levels(from, &first[done..], &mut to[done..]);
            }
            Row::Levels(from) if self.axis.is_exact() => pick(from, first, to),
            Row::Levels(from) => pairs::mix(from, &self.axis, &self.windows, &self.weights, to),
        }
    }
}

/// Picks samples as they are.
pub(super) fn pick<T: Copy>(from: &[T], first: &[u32], to: &mut [T]) {
    for (to, first) in to.iter_mut().zip(first) {
        *to = from[*first as usize];
    }
}

fn pick_levels<L: Level, const N: usize>(from: &[[L; N]], first: &[u32], to: &mut [[i16; N]]) {
    for (to, first) in to.iter_mut().zip(first) {
        *to = from[*first as usize].map(Level::level);
    }
}
