//! A zeroed, aligned block of memory behind a raw pointer.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::{self, NonNull};

use crate::error::Error;

/// Alignment that `calloc` gives for free: larger ones would make the allocator touch each page.
const NATURAL_ALIGNMENT: usize = 16;

/// Blocks from this size on get mappings of their own, of pages of this size where the system has them: a
/// picture then takes a few page faults and entries of the address cache instead of thousands.
const HUGE_PAGE: usize = 2 << 20;

/// Memory whose address never changes and that many parties read and write through raw pointers.
pub(crate) struct ZeroedBlock {
    base: NonNull<u8>,
    origin: Origin,
    start: NonNull<u8>,
}

/// What the memory at `base` is.
enum Origin {
    Heap(Layout),
    /// A mapping of so many bytes.
    Mapping(usize),
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
        let block = if size < HUGE_PAGE {
            Self::on_the_heap(size, alignment)
        } else {
            Self::mapped(size, alignment.max(HUGE_PAGE))
        };
        block.ok_or(Error::OutOfMemory { bytes: size })
    }

    fn on_the_heap(size: usize, alignment: usize) -> Option<Self> {
        let slack = alignment.saturating_sub(NATURAL_ALIGNMENT);
        let padded = size.max(1).checked_add(slack)?;
        let layout = Layout::from_size_align(padded, NATURAL_ALIGNMENT).ok()?;
        // SAFETY: the layout's size is at least 1.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self::aligned(base, Origin::Heap(layout), alignment))
    }

    fn mapped(size: usize, alignment: usize) -> Option<Self> {
        // What is left over is never touched, so it takes no memory.
        let length = size.checked_add(alignment)?;
        // SAFETY: a new mapping, at an address of the system's choice, touches nothing that exists.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        let block = Self::aligned(
            NonNull::new(base.cast())?,
            Origin::Mapping(length),
            alignment,
        );
        // SAFETY: the range lies in the mapping. A system without huge pages refuses, which changes nothing.
        unsafe { libc::madvise(block.start.as_ptr().cast(), size, libc::MADV_HUGEPAGE) };
        Some(block)
    }

    /// Of memory with `alignment` bytes to spare, or less where `base` is aligned in part.
    fn aligned(base: NonNull<u8>, origin: Origin, alignment: usize) -> Self {
        let shift = base.as_ptr().align_offset(alignment);
        // SAFETY: `shift` is at most `alignment` less the alignment that `base` has, which both callers
        // have added to the size.
        let start = unsafe { base.add(shift) };
        Self {
            base,
            origin,
            start,
        }
    }

    /// The first byte.
    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for ZeroedBlock {
    fn drop(&mut self) {
        match self.origin {
            // SAFETY: `base` came from `alloc_zeroed` with this layout and is freed once.
            Origin::Heap(layout) => unsafe { dealloc(self.base.as_ptr(), layout) },
            Origin::Mapping(length) => {
                // SAFETY: `base` is the start of a mapping of this length, which is unmapped once.
                let failed = unsafe { libc::munmap(self.base.as_ptr().cast(), length) } != 0;
                debug_assert!(!failed, "a block cannot be unmapped");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_zero() {
        for size in [1000, HUGE_PAGE - 1, HUGE_PAGE, 3 * HUGE_PAGE + 1] {
            for alignment in [8, 16, 64, 256, 2 * HUGE_PAGE] {
                let block = ZeroedBlock::new(size, alignment).unwrap();
                assert_eq!(block.as_ptr().as_ptr() as usize % alignment, 0);
                // SAFETY: the block has so many initialised bytes that nobody else can reach.
                let bytes =
                    unsafe { std::slice::from_raw_parts_mut(block.as_ptr().as_ptr(), size) };
                assert!(bytes.iter().all(|byte| *byte == 0));
                bytes.fill(1);
            }
        }
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        for size in [usize::MAX, isize::MAX as usize - 512, 1 << 60] {
            assert!(matches!(
                ZeroedBlock::new(size, 256),
                Err(Error::OutOfMemory { .. })
            ));
        }
    }
}
