//! Blocks of memory that are used again.

use std::ptr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::error::Error;
use crate::memory::ZeroedBlock;

/// Bytes of a block and their alignment, a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub size: usize,
    pub alignment: usize,
}

/// Blocks of one shape that nobody uses. Fresh memory costs a page fault for every 4 KiB, which is as much as a copy.
#[derive(Default)]
pub(super) struct Stock(Mutex<Option<(Shape, Vec<ZeroedBlock>)>>);

impl Stock {
    /// A block whose contents may be anything. With another shape than the last one, the free blocks of that are
    /// freed.
    pub(super) fn take(self: &Arc<Self>, shape: Shape) -> Result<Lease, Error> {
        let used = {
            let mut free = self.0.lock();
            match &mut *free {
                Some((known, blocks)) if *known == shape => blocks.pop(),
                other => {
                    *other = Some((shape, Vec::new()));
                    None
                }
            }
        };
        let block = match used {
            Some(block) => block,
            None => ZeroedBlock::new(shape.size, shape.alignment)?,
        };
        Ok(Lease {
            block: Some(block),
            shape,
            stock: Arc::downgrade(self),
        })
    }

    fn put(&self, shape: Shape, block: ZeroedBlock) {
        if let Some((known, blocks)) = &mut *self.0.lock()
            && *known == shape
        {
            blocks.push(block);
        }
    }
}

/// A block in use, which goes back to the stock that it is from, if that still has use for it.
pub(super) struct Lease {
    /// There until the lease ends.
    block: Option<ZeroedBlock>,
    shape: Shape,
    stock: Weak<Stock>,
}

impl Lease {
    /// The first byte.
    pub(super) fn start(&self) -> *mut u8 {
        self.block
            .as_ref()
            .map_or(ptr::null_mut(), |block| block.as_ptr().as_ptr())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(stock), Some(block)) = (self.stock.upgrade(), self.block.take()) {
            stock.put(self.shape, block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        size: 5000,
        alignment: 64,
    };

    #[test]
    fn a_block_that_came_back_is_used_again() {
        let stock = Arc::new(Stock::default());
        let first = stock.take(SHAPE).unwrap();
        let address = first.start();
        assert_eq!(address as usize % SHAPE.alignment, 0);
        let second = stock.take(SHAPE).unwrap();
        assert_ne!(second.start(), address);
        drop(first);
        assert_eq!(stock.take(SHAPE).unwrap().start(), address);
    }

    #[test]
    fn blocks_of_another_shape_are_not_kept() {
        let stock = Arc::new(Stock::default());
        let kept = |stock: &Stock| stock.0.lock().as_ref().map(|(_, blocks)| blocks.len());
        let old = [SHAPE; 2].map(|shape| stock.take(shape).unwrap());
        let [first, second] = old;
        drop(first);
        assert_eq!(kept(&stock), Some(1));
        let larger = Shape {
            size: 6000,
            ..SHAPE
        };
        drop(stock.take(larger).unwrap());
        drop(second);
        assert_eq!(kept(&stock), Some(1));
        assert_eq!(stock.take(larger).unwrap().shape, larger);
    }

    #[test]
    fn a_block_may_outlive_its_stock() {
        let stock = Arc::new(Stock::default());
        let lease = stock.take(SHAPE).unwrap();
        drop(stock);
        assert!(!lease.start().is_null());
    }
}
