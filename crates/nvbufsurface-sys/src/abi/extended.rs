//! Structs that end in reserved space.

use core::ffi::c_void;
use core::ops::{Deref, DerefMut};

use super::STRUCTURE_PADDING;

/// Reserved space: four pointers, all null in inputs.
pub type Reserved = [*mut c_void; STRUCTURE_PADDING];

/// A struct followed by four reserved pointers.
///
/// DeepStream 8.0 gave this tail to the input structs that had none. Every library accepts the
/// longer form, so inputs are always passed in it. It dereferences to its head.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extended<T> {
    /// The fields.
    pub head: T,
    /// `_reserved`: null in inputs.
    pub reserved: Reserved,
}

impl<T> From<T> for Extended<T> {
    fn from(head: T) -> Self {
        Self {
            head,
            reserved: [core::ptr::null_mut(); STRUCTURE_PADDING],
        }
    }
}

impl<T> Deref for Extended<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.head
    }
}

impl<T> DerefMut for Extended<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.head
    }
}
