//! Arithmetic on levels: 8-bit values with six fractional bits in 16 bits, written so that the compiler
//! vectorises it.

/// Fractional bits. With 6, twice the difference of two levels fits into 16 bits.
pub(super) const FRACTION_BITS: u32 = 6;

/// The level of chroma without colour.
pub(super) const NEUTRAL: i16 = 128 << FRACTION_BITS;

/// A sample that has a level.
pub(super) trait Level: Copy {
    fn level(self) -> i16;
}

impl Level for u8 {
    #[inline(always)]
    #[allow(clippy::inline_always)] // it must be compiled with the features of its caller
    fn level(self) -> i16 {
        i16::from(self) << FRACTION_BITS
    }
}

/// A level itself.
impl Level for i16 {
    #[inline(always)]
    #[allow(clippy::inline_always)] // as above
    fn level(self) -> i16 {
        self
    }
}

/// Between two levels; at most 1 / 64 below the exact value. `weight` is that of `second`, times 32768.
/// Plain wrapping operations: overflow checks would keep the loops scalar. Nothing wraps.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn between(first: i16, second: i16, weight: i16) -> i16 {
    let doubled = second.wrapping_sub(first).wrapping_shl(1);
    first.wrapping_add((i32::from(doubled).wrapping_mul(i32::from(weight)) >> 16) as i16)
}

/// Mixes two rows with one weight.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
pub(super) fn mix_rows<L: Level>(first: &[L], second: &[L], weight: i16, to: &mut [i16]) {
    for ((first, second), to) in first.iter().zip(second).zip(to) {
        *to = between(first.level(), second.level(), weight);
    }
}

/// Mixes each of the samples `first` with its right neighbour. There is a weight for each value.
pub(super) fn mix_pairs<const N: usize>(
    from: &[[i16; N]],
    first: &[u32],
    weights: &[i16],
    to: &mut [[i16; N]],
) {
    let weights = weights.as_chunks::<N>().0;
    for ((first, weights), to) in first.iter().zip(weights).zip(to) {
        let first = *first as usize;
        let (left, right) = (from[first], from[first + 1]);
        *to = std::array::from_fn(|index| between(left[index], right[index], weights[index]));
    }
}

/// Samples as levels.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
pub(super) fn widen<L: Level>(from: &[L], to: &mut [i16]) {
    for (from, to) in from.iter().zip(to) {
        *to = from.level();
    }
}

/// Rounds levels to 8 bits.
pub(super) fn narrow(levels: &[i16], to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { narrow_avx2(levels, to) };
        return;
    }
    narrow_portable(levels, to);
}

/// The same code, compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn narrow_avx2(levels: &[i16], to: &mut [u8]) {
    narrow_portable(levels, to);
}

#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn narrow_portable(levels: &[i16], to: &mut [u8]) {
    for (level, to) in levels.iter().zip(to) {
        let rounded = level.wrapping_add(1 << (FRACTION_BITS - 1)) >> FRACTION_BITS;
        *to = rounded.clamp(0, 255) as u8;
    }
}
