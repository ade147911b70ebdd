//! One plane of a picture at the size of its target, row by row.

use std::ops::Range;

use super::across::{Across, pick};
use super::axis::{Axis, HALF, Span, Taps};
use super::halve::halve;
use super::levels::{mix_rows, narrow, widen};
use super::texels::{Row, Texels, Unpacked};

/// Tables and rows for scaling a plane with samples of `N` values; kept from one picture to the next.
#[derive(Default)]
pub(super) struct Sampler<const N: usize> {
    x: Across<N>,
    y: Axis,
    /// What the tables of both are for.
    placed: Option<[(Span, Taps); 2]>,
    unpacked: [Unpacked<N>; 2],
    /// A source row, or two of them mixed.
    mixed: Vec<[i16; N]>,
    row: Vec<[i16; N]>,
    /// The source row and the weight that `row` is made of.
    holds: Option<(u32, i16)>,
}

impl<const N: usize> Sampler<N> {
    /// Begins with a plane.
    pub(super) fn set(&mut self, x: (&Span, Taps), y: (&Span, Taps)) {
        self.holds = None;
        let placed = [x, y].map(|(span, taps)| (*span, taps));
        if self.placed.replace(placed) == Some(placed) {
            return;
        }
        self.x.set(x.0, x.1);
        self.y.set(y.0, y.1);
        let count = self.x.axis().first().len();
        self.row.resize(count, [0; N]);
        self.mixed
            .resize(self.x.axis().sources().1 as usize, [0; N]);
    }

    /// The levels of a row of the target.
    pub(super) fn row(&mut self, texels: &Texels<'_>, row: u32) -> &[[i16; N]] {
        let wanted = (self.y.first()[row as usize], self.y.weights()[row as usize]);
        if self.holds.replace(wanted) != Some(wanted) {
            let (first, weight) = (self.y.sources().0 + wanted.0, wanted.1);
            self.prefetch(texels, row + 1);
            self.scale(texels, first, weight);
        }
        &self.row
    }

    /// Writes a row of the target, rounded to 8 bits.
    pub(super) fn narrow_row(&mut self, texels: &Texels<'_>, row: u32, to: &mut [u8]) {
        let weight = self.y.weights()[row as usize];
        let is_picked = self.x.axis().is_exact() && weight == 0;
        let is_halved = self.x.axis().is_halved() && weight == HALF;
        if !(is_picked || is_halved) {
            return narrow(self.row(texels, row).as_flattened(), to);
        }
        self.prefetch(texels, row + 1);
        let columns = self.columns();
        let source = self.y.sources().0 + self.y.first()[row as usize];
        let [upper, lower] = &mut self.unpacked;
        let to = to.as_chunks_mut().0;
        match texels.row(source, columns.clone(), upper) {
            Row::Bytes(from) if is_picked => pick(from, self.x.axis().first(), to),
            Row::Bytes(upper) => {
                if let Row::Bytes(lower) = texels.row(source + 1, columns, lower) {
                    halve(upper, lower, to);
                }
            }
            Row::Levels(_) => narrow(self.row(texels, row).as_flattened(), to.as_flattened_mut()),
        }
    }

    /// Asks for the source rows of a row of the target, if there is one.
    fn prefetch(&self, texels: &Texels<'_>, row: u32) {
        let row = row as usize;
        let wanted = self.y.first().get(row).zip(self.y.weights().get(row));
        if let Some((first, weight)) = wanted {
            let first = self.y.sources().0 + first;
            for row in first..=first + u32::from(*weight != 0) {
                texels.prefetch::<N>(row, self.columns());
            }
        }
    }

    fn columns(&self) -> Range<usize> {
        let (first, count) = self.x.axis().sources();
        first as usize..(first + count) as usize
    }

    fn scale(&mut self, texels: &Texels<'_>, row: u32, weight: i16) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            unsafe { self.scale_avx2(texels, row, weight) };
            return;
        }
        self.scale_with(texels, row, weight, Across::portable);
    }

    /// The same code, compiled for wider registers, with instructions for the columns.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn scale_avx2(&mut self, texels: &Texels<'_>, row: u32, weight: i16) {
        self.scale_with(texels, row, weight, |x, from, to| x.avx2(from, to));
    }

    /// Mixes the rows first: that is done in vectors and leaves one row to pick from.
    #[inline(always)]
    #[allow(clippy::inline_always)] // it must be compiled with the features of its caller
    fn scale_with(
        &mut self,
        texels: &Texels<'_>,
        row: u32,
        weight: i16,
        columns_of: impl Fn(&Across<N>, Row<'_, N>, &mut [[i16; N]]),
    ) {
        let columns = self.columns();
        let [upper, lower] = &mut self.unpacked;
        let upper = texels.row(row, columns.clone(), upper);
        let mixed = self.mixed.as_flattened_mut();
        if weight == 0 {
            let from = match upper {
                Row::Bytes(from) if !self.x.axis().is_exact() => {
                    widen(from.as_flattened(), mixed);
                    Row::Levels(&self.mixed)
                }
                as_it_is => as_it_is,
            };
            return columns_of(&self.x, from, &mut self.row);
        }
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
        columns_of(&self.x, Row::Levels(&self.mixed), &mut self.row);
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use proptest::prelude::*;

    use super::super::texels::Texel;
    use super::*;

    fn agree<const N: usize>(bytes: &[u8], count: u32) -> Result<(), TestCaseError> {
        let sources = (bytes.len() / N / 2) as u32;
        let span = |source, target| Span {
            source: (0, source),
            target: (0, target),
            source_shift: 0,
            target_shift: 0,
        };
        let texels = Texels {
            bytes: bytes.into(),
            stride: sources as usize * N,
            texel: Texel::Plain,
        };
        let mut sampler = Sampler::<N>::default();
        let (x, y) = (span(sources, count), span(2, 3));
        sampler.set((&x, Taps::Two), (&y, Taps::Two));
        for weight in [0, HALF, 1234] {
            sampler.scale_with(&texels, 0, weight, Across::portable);
            let portable = sampler.row.clone();
            // SAFETY: the processor has AVX2.
            unsafe { sampler.scale_avx2(&texels, 0, weight) };
            prop_assert_eq!(&portable, &sampler.row);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn instructions_do_the_same_arithmetic(
            bytes in prop::collection::vec(any::<u8>(), 8..1000),
            count in 1u32..200,
        ) {
            if std::arch::is_x86_feature_detected!("avx2") {
                agree::<1>(&bytes, count)?;
                agree::<2>(&bytes, count)?;
                agree::<4>(&bytes, count)?;
            }
        }

        #[test]
        fn halved_rows_are_what_levels_come_to(bytes in prop::collection::vec(any::<u8>(), 4..400)) {
            let sources = (bytes.len() / 4 * 2) as u32;
            let span = |pixels| Span {
                source: (0, pixels),
                target: (0, pixels / 2),
                source_shift: 0,
                target_shift: 0,
            };
            let texels = Texels { bytes: (&bytes).into(), stride: sources as usize, texel: Texel::Plain };
            let mut sampler = Sampler::<1>::default();
            sampler.set((&span(sources), Taps::Two), (&span(2), Taps::Two));
            prop_assert!(sampler.x.axis().is_halved());
            let mut rows = [vec![0; sources as usize / 2], vec![0; sources as usize / 2]];
            narrow(sampler.row(&texels, 0).as_flattened(), &mut rows[0]);
            sampler.narrow_row(&texels, 0, &mut rows[1]);
            prop_assert_eq!(&rows[0], &rows[1]);
        }
    }
}
