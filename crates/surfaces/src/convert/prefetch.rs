//! Memory that is asked for before it is read.

/// Bytes that a processor fetches at once.
const LINE: usize = 64;

/// Has the processor fetch `bytes` while it works on something else. Rows are too short for its own
/// prefetching, which begins anew at each page.
pub(super) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint that reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
