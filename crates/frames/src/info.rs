//! What a decoder needs to know of a frame, read at one moment.

use crate::Codec;

const NANOSECONDS_PER_SECOND: u128 = 1_000_000_000;

/// A consistent snapshot of a frame. Times are nanoseconds, rounded towards zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// The frame's UUID as an integer.
    pub uuid: u128,
    /// The declared codec, if any.
    pub codec: Option<Codec>,
    /// Declared width in pixels, at least 1.
    pub width: u32,
    /// Declared height in pixels, at least 1.
    pub height: u32,
    /// Frames per second as a fraction; not necessarily positive.
    pub fps: (i32, i32),
    /// Presentation time.
    pub pts_ns: u64,
    /// Decode time, if it is known.
    pub dts_ns: Option<u64>,
    /// How long the picture is shown, if that is known.
    pub duration_ns: Option<u64>,
    /// Whether the sender says that the payload can be decoded on its own.
    pub keyframe: Option<bool>,
}

/// `value` units of `time_base` seconds in nanoseconds, rounded towards zero, at most `u64::MAX`.
///
/// A negative value, which no frame can have, counts as 0. Both terms of `time_base` are positive.
pub(crate) fn nanoseconds(value: i64, time_base: (i32, i32)) -> u64 {
    let value = u128::try_from(value).unwrap_or(0);
    let numerator = u128::from(time_base.0.unsigned_abs());
    let denominator = u128::from(time_base.1.unsigned_abs());
    // 63 + 30 + 31 bits: the product cannot overflow.
    let product = value * NANOSECONDS_PER_SECOND * numerator;
    u64::try_from(product / denominator.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn common_time_bases() {
        assert_eq!(nanoseconds(1, (1, 1_000_000)), 1_000);
        assert_eq!(nanoseconds(1, (1, 90_000)), 11_111);
        assert_eq!(nanoseconds(3, (1001, 30_000)), 100_100_000);
        assert_eq!(nanoseconds(i64::MAX, (1, 1_000_000_000)), i64::MAX as u64);
        assert_eq!(nanoseconds(i64::MAX, (i32::MAX, 1)), u64::MAX);
        assert_eq!(nanoseconds(-5, (1, 1)), 0);
    }

    proptest! {
        #[test]
        fn nanoseconds_keep_the_order(
            a in 0..i64::MAX, b in 0..i64::MAX, num in 1..i32::MAX, den in 1..i32::MAX,
        ) {
            let (early, late) = (a.min(b), a.max(b));
            prop_assert!(nanoseconds(early, (num, den)) <= nanoseconds(late, (num, den)));
        }

        #[test]
        fn a_nanosecond_time_base_changes_nothing(value in 0..i64::MAX) {
            prop_assert_eq!(nanoseconds(value, (1, 1_000_000_000)), value as u64);
        }
    }
}
