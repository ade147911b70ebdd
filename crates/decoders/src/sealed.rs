//! Frames that may be used once the callback that delivered them is over.

use std::sync::Arc;

use surfaces::SharedBuffer;
use surfaces::sync::{Condvar, Mutex};
use surfaces::wait::{Wait, WaitError};

use crate::callback;

/// Opens once, when the output it belongs to is dropped.
#[derive(Default)]
pub(crate) struct Seal {
    released: Mutex<bool>,
    opened: Condvar,
}

impl Seal {
    pub(crate) fn release(&self) {
        *self.released.lock() = true;
        self.opened.notify_all();
    }

    fn is_released(&self) -> bool {
        *self.released.lock()
    }

    fn wait(&self, wait: Wait<'_>) -> Result<(), WaitError> {
        wait.on(&self.opened, &mut self.released.lock(), |released| {
            released.then_some(())
        })
    }
}

/// Why a delivery could not be unsealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It has been unsealed before.
    #[error("the sealed delivery has been consumed: it can be unsealed only once")]
    Consumed,
    /// The call would wait for the callback that it is made from.
    #[error(
        "unseal() without a timeout inside the callback that delivers this frame would never return: \
         unseal after the callback, in another thread, or with timeout_ms"
    )]
    InsideCallback,
    /// The wait ended.
    #[error("the seal is still closed: {0}")]
    Wait(#[from] WaitError),
}

/// A frame and its buffer, sealed until the output that it was taken from is dropped.
pub struct SealedDelivery<T> {
    seal: Arc<Seal>,
    contents: Mutex<Option<(T, SharedBuffer)>>,
}

impl<T> SealedDelivery<T> {
    pub(crate) fn new(seal: Arc<Seal>, frame: T, buffer: SharedBuffer) -> Self {
        Self {
            seal,
            contents: Mutex::new(Some((frame, buffer))),
        }
    }

    /// Whether the contents have been taken.
    pub fn is_consumed(&self) -> bool {
        self.contents.lock().is_none()
    }

    /// Whether the seal is open. Does not block.
    pub fn is_released(&self) -> Result<bool, UnsealError> {
        if self.is_consumed() {
            Err(UnsealError::Consumed)
        } else {
            Ok(self.seal.is_released())
        }
    }

    /// Takes the contents if the seal is open. Does not block.
    pub fn try_unseal(&self) -> Result<Option<(T, SharedBuffer)>, UnsealError> {
        if self.is_released()? {
            self.take().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Waits for the seal to open and takes the contents; a wait that ends leaves them in place.
    pub fn unseal(&self, wait: Wait<'_>) -> Result<(T, SharedBuffer), UnsealError> {
        if !self.is_released()? {
            if !wait.has_deadline() && callback::is_delivering(&self.seal) {
                return Err(UnsealError::InsideCallback);
            }
            self.seal.wait(wait)?;
        }
        self.take()
    }

    fn take(&self) -> Result<(T, SharedBuffer), UnsealError> {
        self.contents.lock().take().ok_or(UnsealError::Consumed)
    }
}
