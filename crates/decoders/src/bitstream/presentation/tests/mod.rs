//! The clock over whole streams.

mod boundaries;
mod h264;
mod hevc;
mod refresh;
mod streams;

/// Access units for tests of what builds on the clock.
pub(crate) mod samples {
    pub(crate) use super::h264::{gap, intact, random_access};
}

use super::{PresentationClock, Stamp};
use crate::bitstream::nal::{self, Framing};
use crate::bitstream::unit::Unit;

impl PresentationClock {
    /// Reads parameter sets that come in front of the access units.
    fn learn(&mut self, annex_b: &[u8]) {
        for unit in nal::units(annex_b, Framing::AnnexB).unwrap() {
            self.syntax.read(&annex_b[unit]);
        }
    }
}

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
