//! The rest of a sequence parameter set of HEVC (ITU-T H.265, 7.3.2.2.1), up to its video usability
//! information.

use h264_reader::rbsp::{BitRead, BitReaderError};

use super::bits::VUI_FLAG;
use super::hevc_references::ReferenceSets;
use super::hevc_sequence::SequenceSet;

/// Reads on from where [`SequenceSet::read`] ended, up to [`VUI_FLAG`].
pub(super) fn seek(bits: &mut impl BitRead, set: &SequenceSet) -> Result<(), BitReaderError> {
    ReferenceSets::read(bits, set.log2_max_lsb)?;
    bits.skip(2, "sps_temporal_mvp_enabled_flag, strong_intra_smoothing")?;
    bits.read_bit(VUI_FLAG).map(drop)
}
