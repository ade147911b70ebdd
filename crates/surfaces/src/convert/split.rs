//! Pairs of samples taken apart, written so that the compiler vectorises it.

/// Writes the first of each pair here, and the second there.
///
/// # Panics
/// If there is not room for all.
pub(super) fn split<T: Copy>(pairs: &[[T; 2]], first: &mut [T], second: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { split_avx2(pairs, first, second) };
        return;
    }
    split_portable(pairs, first, second);
}

/// The same code, compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn split_avx2<T: Copy>(pairs: &[[T; 2]], first: &mut [T], second: &mut [T]) {
    split_portable(pairs, first, second);
}

/// With one length for all, or else it would remain scalar.
#[inline(always)]
#[allow(clippy::inline_always)] // it must be compiled with the features of its caller
fn split_portable<T: Copy>(pairs: &[[T; 2]], first: &mut [T], second: &mut [T]) {
    let (first, second) = (&mut first[..pairs.len()], &mut second[..pairs.len()]);
    for (index, pair) in pairs.iter().enumerate() {
        (first[index], second[index]) = (pair[0], pair[1]);
    }
}
