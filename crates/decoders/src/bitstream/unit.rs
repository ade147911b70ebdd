//! NAL units for tests, field by field.

use h264_reader::rbsp::{BitWrite, BitWriter, ByteWriter};

/// A NAL unit that is being written, with its start code.
pub(super) struct Unit {
    header: Vec<u8>,
    bits: BitWriter<Vec<u8>>,
}

impl Unit {
    pub fn new(header: &[u8]) -> Self {
        Self {
            header: header.to_vec(),
            bits: BitWriter::new(Vec::new()),
        }
    }

    pub fn u(mut self, bits: u32, value: u32) -> Self {
        self.bits.write_var(bits, value).unwrap();
        self
    }

    pub fn ue(mut self, values: &[u32]) -> Self {
        for &value in values {
            self.bits.write_ue(value).unwrap();
        }
        self
    }

    pub fn se(mut self, values: &[i32]) -> Self {
        for &value in values {
            self.bits.write_se(value).unwrap();
        }
        self
    }

    pub fn when(self, condition: bool, fields: impl FnOnce(Self) -> Self) -> Self {
        if condition { fields(self) } else { self }
    }

    pub fn end(mut self) -> Vec<u8> {
        self.bits.write_rbsp_trailing_bits().unwrap();
        let mut data = [&[0, 0, 0, 1], &self.header[..]].concat();
        std::io::Write::write_all(&mut ByteWriter::new(&mut data), &self.bits.into_writer())
            .unwrap();
        data
    }
}
