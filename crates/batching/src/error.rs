//! What can go wrong with batches.

use surfaces::Error;

/// Why a call on a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The buffers or their pixels.
    #[error(transparent)]
    Surface(#[from] Error),
    /// A slot that the batch does not have.
    #[error("Slot {slot} is out of bounds: the batch has {slots} slots")]
    SlotOutOfBounds {
        /// The slot that was asked for.
        slot: u32,
        /// Slots of the batch.
        slots: u32,
    },
    /// The batch takes no more pictures.
    #[error("the batch has been finalized")]
    Finalized,
    /// Nothing was added.
    #[error("the batch is empty")]
    Empty,
}
