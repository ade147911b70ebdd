//! Bits of a NAL unit, read so that no damaged value can upset the parser above.

use std::num::NonZeroUsize;

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader, Integer, Primitive};

use super::vui::{self, Tags};

/// Greater Exp-Golomb values are in no stream; refusing them here keeps sums in the parser in range.
const MAX_VALUE: u32 = 1 << 26;

/// Where a sequence parameter set tells whether video usability information follows.
pub(super) const VUI_FLAG: &str = "vui_parameters_present_flag";

/// The bits of `unit` after its header, without emulation prevention bytes.
pub(super) fn bits(unit: &[u8], header: NonZeroUsize) -> HeaderBits<'static, impl BitRead> {
    HeaderBits {
        bits: BitReader::new(ByteReader::skipping_bytes(unit, header)),
        tags: None,
    }
}

/// Reads parameter sets and slice headers up to what the order of the pictures depends on.
///
/// Cameras that write a wrong level, invalid video usability information or padding are common, and
/// decoders do not mind. So `level_idc` reads as 0 (unknown), the video usability information at the end
/// of a sequence parameter set as absent, and any end of a parameter set is a good one.
pub(super) struct HeaderBits<'a, R> {
    bits: R,
    tags: Option<&'a mut Tags>,
}

impl<R: BitRead> HeaderBits<'_, R> {
    /// Has `tags` replaced by those of the video usability information, when the parser gets there and
    /// as much of it can be read.
    pub fn noting(self, tags: &mut Tags) -> HeaderBits<'_, R> {
        HeaderBits {
            bits: self.bits,
            tags: Some(tags),
        }
    }
}

impl<R: BitRead> BitRead for HeaderBits<'_, R> {
    fn read_ue(&mut self, name: &'static str) -> Result<u32, BitReaderError> {
        match self.bits.read_ue(name)? {
            value @ 0..=MAX_VALUE => Ok(value),
            _ => Err(BitReaderError::ExpGolombTooLarge(name)),
        }
    }

    fn read_se(&mut self, name: &'static str) -> Result<i32, BitReaderError> {
        match self.bits.read_se(name)? {
            value if value.unsigned_abs() <= MAX_VALUE => Ok(value),
            _ => Err(BitReaderError::ExpGolombTooLarge(name)),
        }
    }

    fn read_bit(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        let bit = self.bits.read_bit(name)?;
        if name != VUI_FLAG {
            return Ok(bit);
        }
        if bit
            && let Some(to) = &mut self.tags
            && let Ok(tags) = vui::tags(&mut self.bits)
        {
            **to = tags;
        }
        Ok(false)
    }

    fn read<const BITS: u32, I: Integer>(
        &mut self,
        name: &'static str,
    ) -> Result<I, BitReaderError> {
        if name == "level_idc" {
            self.bits.skip(BITS, name)?;
            return self.bits.read_var(0, name);
        }
        self.bits.read::<BITS, I>(name)
    }

    fn read_var<I: Integer>(
        &mut self,
        bit_count: u32,
        name: &'static str,
    ) -> Result<I, BitReaderError> {
        self.bits.read_var(bit_count, name)
    }

    fn read_to<V: Primitive>(&mut self, name: &'static str) -> Result<V, BitReaderError> {
        self.bits.read_to(name)
    }

    fn skip(&mut self, bit_count: u32, name: &'static str) -> Result<(), BitReaderError> {
        self.bits.skip(bit_count, name)
    }

    fn byte_aligned(&self) -> bool {
        self.bits.byte_aligned()
    }

    fn has_more_rbsp_data(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.bits.has_more_rbsp_data(name)
    }

    fn finish_rbsp(self) -> Result<(), BitReaderError> {
        Ok(())
    }

    fn finish_sei_payload(self) -> Result<(), BitReaderError> {
        Ok(())
    }
}
