//! Pictures of half the size in both directions: the mean of four samples.
//!
//! Scaling by way of levels comes to the same values, but takes longer; and 720p is halved to fit into the
//! 640x640 of many models.

#[cfg(target_arch = "x86_64")]
use super::avx2;

/// Makes a row of the target of two source rows, each at least twice as long.
pub(super) fn halve<const N: usize>(upper: &[[u8; N]], lower: &[[u8; N]], to: &mut [[u8; N]]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::halve::halve(upper, lower, to) };
        return;
    }
    halve_portable(upper, lower, to);
}

pub(super) fn halve_portable<const N: usize>(
    upper: &[[u8; N]],
    lower: &[[u8; N]],
    to: &mut [[u8; N]],
) {
    let rows = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
    for (([a, b], [c, d]), to) in rows.zip(to) {
        *to = std::array::from_fn(|index| {
            let sum: u16 = [a, b, c, d]
                .map(|sample| u16::from(sample[index]))
                .iter()
                .sum();
            ((sum + 2) / 4) as u8
        });
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agree<const N: usize>(bytes: &[u8]) -> Result<(), TestCaseError> {
        let (upper, lower) = bytes.as_chunks::<N>().0.split_at(bytes.len() / N / 2);
        let mut rows = [vec![[0; N]; upper.len() / 2], vec![[0; N]; upper.len() / 2]];
        halve_portable(upper, lower, &mut rows[0]);
        // SAFETY: the processor has AVX2.
        unsafe { avx2::halve::halve(upper, lower, &mut rows[1]) };
        prop_assert_eq!(&rows[0], &rows[1]);
        Ok(())
    }

    proptest! {
        #[test]
        fn instructions_do_the_same_arithmetic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            if std::arch::is_x86_feature_detected!("avx2") {
                agree::<1>(&bytes)?;
                agree::<2>(&bytes)?;
                agree::<4>(&bytes)?;
            }
        }
    }
}
