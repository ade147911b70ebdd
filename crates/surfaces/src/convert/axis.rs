//! Where the samples of one axis of a target come from.

/// How a target sample is made of source samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taps {
    /// One sample: target pixel `i` shows source pixel `floor(i * source / target)`, as NVIDIA's
    /// transform does, and the chroma of that pixel.
    One,
    /// The two nearest to `(i + 0.5) * source / target - 0.5`: sample centres, no smoothing.
    Two,
}

/// One axis of a part of a picture and of the rectangle that shows it. Lengths are in pixels and not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// First source pixel and their number.
    pub source: (u32, u32),
    /// First target pixel and their number.
    pub target: (u32, u32),
    /// Base-2 logarithm of the pixels that share a source sample.
    pub source_shift: u32,
    /// Base-2 logarithm of the pixels that share a target sample.
    pub target_shift: u32,
}

impl Span {
    /// First target sample and their number: those that lie at least in part in the rectangle.
    pub(super) fn targets(&self) -> (u32, u32) {
        let first = self.target.0 >> self.target_shift;
        let end = (self.target.0 + self.target.1).div_ceil(1 << self.target_shift);
        (first, end - first)
    }

    /// First source sample and their number.
    pub(super) fn sources(&self) -> (u32, u32) {
        let first = self.source.0 >> self.source_shift;
        let end = (self.source.0 + self.source.1).div_ceil(1 << self.source_shift);
        (first, end - first)
    }

    /// Where the targets begin among the sources, and the length of one, in source samples. A sample
    /// that several pixels share lies in their middle.
    pub(super) fn scale(&self) -> (f64, f64) {
        let pixels = f64::from(self.source.1) / f64::from(self.target.1);
        let first = f64::from(self.targets().0 << self.target_shift) - f64::from(self.target.0);
        let share = f64::from(1 << self.source_shift);
        let start = (f64::from(self.source.0) + first * pixels) / share;
        let step = pixels * f64::from(1 << self.target_shift) / share;
        (start - f64::from(self.sources().0), step)
    }

    /// The same targets, out of as many samples that begin with the first.
    pub(super) fn unscaled(&self) -> Self {
        let samples = (0, self.targets().1);
        Self {
            source: samples,
            target: samples,
            source_shift: 0,
            target_shift: 0,
        }
    }

    fn pick(&self, index: u32) -> u32 {
        let first_pixel = (self.targets().0 + index) << self.target_shift;
        let pixel = u64::from(first_pixel.saturating_sub(self.target.0));
        let source = pixel * u64::from(self.source.1) / u64::from(self.target.1);
        ((self.source.0 + source as u32) >> self.source_shift) - self.sources().0
    }
}

/// Weights are in units of 1 / 32768.
const WEIGHT_BITS: u32 = 15;

/// The weight of both samples in their mean.
pub(super) const HALF: i16 = 1 << (WEIGHT_BITS - 1);

/// Source samples, counted from the first of the span, and weights for each target sample.
#[derive(Debug, Default)]
pub(super) struct Axis {
    sources: (u32, u32),
    first: Vec<u32>,
    weights: Vec<i16>,
    is_exact: bool,
    is_halved: bool,
    end: usize,
}

impl Axis {
    /// First source sample and their number.
    pub(super) fn sources(&self) -> (u32, u32) {
        self.sources
    }

    /// The first of two samples. Only where a weight is not 0 is there a second one.
    pub(super) fn first(&self) -> &[u32] {
        &self.first
    }

    /// Of the second sample.
    pub(super) fn weights(&self) -> &[i16] {
        &self.weights
    }

    /// Whether no second sample has a weight.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether each target sample is the mean of the next two source samples, from the first one on.
    pub(super) fn is_halved(&self) -> bool {
        self.is_halved
    }

    /// One past the last sample of all pairs.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Keeps the allocations of an earlier one.
    pub(super) fn set(&mut self, span: &Span, taps: Taps) {
        let count = span.targets().1;
        self.sources = span.sources();
        self.first.clear();
        self.weights.clear();
        match taps {
            Taps::One => {
                self.first.extend((0..count).map(|index| span.pick(index)));
                self.weights.resize(count as usize, 0);
            }
            Taps::Two => self.set_two(span, count),
        }
        self.is_exact = self.weights.iter().all(|weight| *weight == 0);
        let mut pairs = (0..).step_by(2).zip(&self.first).zip(&self.weights);
        self.is_halved = pairs.all(|((pair, first), weight)| (pair, HALF) == (*first, *weight));
        self.set_end();
    }

    fn set_end(&mut self) {
        let last = self.first.iter().max();
        self.end = last.map_or(0, |last| *last as usize + 2);
    }

    fn set_two(&mut self, span: &Span, count: u32) {
        let (start, step) = span.scale();
        let last = self.sources.1 - 1;
        let one = f64::from(1 << WEIGHT_BITS);
        for index in 0..count {
            let position = start + (f64::from(index) + 0.5) * step - 0.5;
            let position = (position.clamp(0.0, f64::from(last)) * one).round() as u64;
            self.first.push((position >> WEIGHT_BITS) as u32);
            self.weights
                .push((position & ((1 << WEIGHT_BITS) - 1)) as i16);
        }
    }

    /// Makes the second sample readable everywhere: the last one becomes the second of its pair.
    pub(super) fn pair(&mut self) {
        if self.is_exact {
            return;
        }
        let last = self.sources.1 - 1;
        for (first, weight) in self.first.iter_mut().zip(&mut self.weights) {
            if *first == last {
                (*first, *weight) = (last - 1, i16::MAX);
            }
        }
        self.set_end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(source: (u32, u32), target: (u32, u32), shifts: (u32, u32), taps: Taps) -> Axis {
        let span = Span {
            source,
            target,
            source_shift: shifts.0,
            target_shift: shifts.1,
        };
        let mut axis = Axis::default();
        axis.set(&span, taps);
        axis
    }

    #[test]
    fn three_to_one_is_exact_and_two_to_one_the_mean() {
        let three = axis((0, 9), (5, 3), (0, 0), Taps::Two);
        assert_eq!((three.first, three.is_exact), (vec![1, 4, 7], true));
        let two = axis((2, 6), (5, 3), (0, 0), Taps::Two);
        assert_eq!((two.first, two.weights), (vec![0, 2, 4], vec![1 << 14; 3]));
    }

    #[test]
    fn chroma_moves_between_blocks_without_change_if_they_meet() {
        let even = axis((4, 8), (2, 8), (1, 1), Taps::Two);
        assert_eq!((even.sources, even.is_exact), ((2, 4), true));
        assert_eq!(even.first, [0, 1, 2, 3]);
        let odd = axis((3, 5), (1, 5), (1, 1), Taps::Two);
        assert_eq!(
            (odd.sources, odd.is_exact, odd.first),
            ((1, 3), true, vec![0, 1, 2])
        );
    }

    #[test]
    fn a_block_of_pixels_becomes_the_mean_of_their_samples() {
        let halved = axis((0, 8), (0, 8), (0, 1), Taps::Two);
        assert_eq!(
            (halved.first, halved.weights),
            (vec![0, 2, 4, 6], vec![1 << 14; 4])
        );
    }

    #[test]
    fn one_tap_is_the_floor() {
        assert_eq!(axis((10, 7), (0, 3), (0, 0), Taps::One).first, [0, 2, 4]);
        // Chroma of pixels 3, 5 and 7.
        assert_eq!(axis((3, 6), (0, 3), (1, 0), Taps::One).first, [0, 1, 2]);
    }

    #[test]
    fn every_pair_can_be_read() {
        let mut enlarged = axis((0, 2), (0, 8), (0, 0), Taps::Two);
        enlarged.pair();
        assert!(enlarged.first.iter().all(|first| *first == 0));
        assert_eq!(enlarged.weights[7], i16::MAX);
    }
}
