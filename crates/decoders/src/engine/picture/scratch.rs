//! Memory for pictures on their way, one piece a thread: fresh memory for each of them would be paid for
//! page by page.

use std::cell::Cell;

/// What a thread keeps at most: a picture of 4096x4096.
const KEPT: usize = 64 << 20;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `work` with `size` bytes that hold anything.
pub(super) fn with_scratch<T>(size: usize, work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut memory = SCRATCH.take();
    if memory.len() < size {
        // What is there need not be copied.
        memory = vec![0; size];
    }
    let result = work(&mut memory[..size]);
    if memory.len() <= KEPT {
        SCRATCH.set(memory);
    }
    result
}
