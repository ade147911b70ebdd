//! The clock over whole streams.

mod h264;
mod hevc;
mod streams;

use super::{PresentationClock, Stamp};
use crate::bitstream::unit::Unit;

/// Stamps `access_units` and returns their indices in the order in which they are shown.
fn shown(clock: &mut PresentationClock, access_units: &[Vec<u8>]) -> Vec<usize> {
    let stamps: Vec<Stamp> = access_units.iter().map(|data| clock.stamp(data)).collect();
    let mut order: Vec<usize> = (0..stamps.len()).collect();
    order.sort_by_key(|&index| stamps[index].order);
    assert!(
        order
            .windows(2)
            .all(|pair| stamps[pair[0]].order < stamps[pair[1]].order)
    );
    order
}
