//! Savant ids: the identity of the frames in a buffer.

use std::sync::OnceLock;

use super::carrier::{self, MetaInfo, Payload};
use crate::enums::SavantIdKind;

/// One id: what it denotes, and its 128-bit value.
pub type SavantId = (SavantIdKind, u128);

#[derive(Clone, Default)]
struct SavantIds(Vec<SavantId>);

// SAFETY: `info` returns the registration of `SavantIds`.
unsafe impl Payload for SavantIds {
    fn info() -> MetaInfo {
        static INFO: OnceLock<MetaInfo> = OnceLock::new();
        *INFO.get_or_init(|| carrier::register::<SavantIds>("SavantIdMeta"))
    }
}

/// Replaces the ids on the buffer; an empty list removes them.
pub fn replace(buffer: &mut gst::BufferRef, ids: Vec<SavantId>) {
    if ids.is_empty() {
        carrier::remove::<SavantIds>(buffer);
    } else {
        carrier::set(buffer, SavantIds(ids));
    }
}

/// The ids on the buffer, in the order in which they were given.
pub fn read(buffer: &gst::BufferRef) -> Vec<SavantId> {
    carrier::get::<SavantIds>(buffer)
        .map(|ids| ids.0.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_copies_and_stay_independent() {
        gst::init().unwrap();
        let ids = vec![
            (SavantIdKind::Batch, u128::MAX),
            (SavantIdKind::Frame, 5),
            (SavantIdKind::Frame, 5),
        ];
        let mut buffer = gst::Buffer::new();
        assert_eq!(read(&buffer), []);
        replace(buffer.make_mut(), ids.clone());
        let (shallow, deep) = (buffer.copy(), buffer.copy_deep().unwrap());
        replace(buffer.make_mut(), Vec::new());
        assert_eq!(read(&buffer), []);
        assert_eq!(read(&shallow), ids);
        assert_eq!(read(&deep), ids);
    }
}
