//! The clock over whole streams.

mod h264;
mod hevc;
mod streams;

/// Access units for tests of what builds on the clock.
pub(crate) mod samples {
    pub(crate) use super::h264::{gap, intact, random_access};
}

use h264_reader::rbsp::{BitWrite, BitWriter, ByteWriter};

use super::{PresentationClock, Stamp};
use crate::bitstream::nal::{self, Framing};

impl PresentationClock {
    /// Reads parameter sets that come in front of the access units.
    fn learn(&mut self, annex_b: &[u8]) {
        for unit in nal::units(annex_b, Framing::AnnexB).unwrap() {
            self.syntax.read(&annex_b[unit]);
        }
    }
}

/// A NAL unit that is being written, with its start code.
struct Unit {
    header: Vec<u8>,
    bits: BitWriter<Vec<u8>>,
}

impl Unit {
    fn new(header: &[u8]) -> Self {
        Self {
            header: header.to_vec(),
            bits: BitWriter::new(Vec::new()),
        }
    }

    fn u(mut self, bits: u32, value: u32) -> Self {
        self.bits.write_var(bits, value).unwrap();
        self
    }

    fn ue(mut self, values: &[u32]) -> Self {
        for &value in values {
            self.bits.write_ue(value).unwrap();
        }
        self
    }

    fn se(mut self, values: &[i32]) -> Self {
        for &value in values {
            self.bits.write_se(value).unwrap();
        }
        self
    }

    fn when(self, condition: bool, fields: impl FnOnce(Self) -> Self) -> Self {
        if condition { fields(self) } else { self }
    }

    fn end(mut self) -> Vec<u8> {
        self.bits.write_rbsp_trailing_bits().unwrap();
        let mut data = [&[0, 0, 0, 1], &self.header[..]].concat();
        std::io::Write::write_all(&mut ByteWriter::new(&mut data), &self.bits.into_writer())
            .unwrap();
        data
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
