//! A zeroed, aligned block of heap memory behind a raw pointer.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::error::Error;

/// Alignment that `calloc` gives for free: larger ones would make the allocator touch each page.
const NATURAL_ALIGNMENT: usize = 16;

/// Memory whose address never changes and that many parties read and write through raw pointers.
pub(crate) struct ZeroedBlock {
    base: NonNull<u8>,
    layout: Layout,
    start: NonNull<u8>,
}

// SAFETY: the block owns its memory and only hands out raw pointers; whoever dereferences them
// answers for the synchronisation.
unsafe impl Send for ZeroedBlock {}
// SAFETY: as above; a shared reference gives a pointer only.
unsafe impl Sync for ZeroedBlock {}

impl ZeroedBlock {
    /// Allocates `size` zero bytes, aligned to `alignment` (a power of two). Pages are committed
    /// by the operating system when they are first touched.
    pub(crate) fn new(size: usize, alignment: usize) -> Result<Self, Error> {
        let failed = Error::OutOfMemory { bytes: size };
        let slack = alignment.saturating_sub(NATURAL_ALIGNMENT);
        let Some(padded) = size.max(1).checked_add(slack) else {
            return Err(failed);
        };
        let Ok(layout) = Layout::from_size_align(padded, NATURAL_ALIGNMENT) else {
            return Err(failed);
        };
        // SAFETY: the layout's size is at least 1.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(failed)?;
        let shift = base.as_ptr().align_offset(alignment);
        // SAFETY: `base` is aligned to 16, so `shift` is at most `alignment - 16`, which is the
        // slack that was added to the size.
        let start = unsafe { base.add(shift) };
        Ok(Self {
            base,
            layout,
            start,
        })
    }

    /// The first byte.
    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for ZeroedBlock {
    fn drop(&mut self) {
        // SAFETY: `base` came from `alloc_zeroed` with this layout and is freed once.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_zero() {
        for alignment in [8, 16, 64, 256] {
            let block = ZeroedBlock::new(1000, alignment).unwrap();
            assert_eq!(block.as_ptr().as_ptr() as usize % alignment, 0);
            // SAFETY: the block has 1000 initialised bytes that nobody else can reach.
            let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr().as_ptr(), 1000) };
            assert!(bytes.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(matches!(
            ZeroedBlock::new(usize::MAX, 256),
            Err(Error::OutOfMemory { .. })
        ));
        assert!(matches!(
            ZeroedBlock::new(isize::MAX as usize - 512, 256),
            Err(Error::OutOfMemory { .. })
        ));
    }
}
