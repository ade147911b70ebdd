//! The rest of a sequence parameter set of HEVC (ITU-T H.265, 7.3.2.2.1), up to its video usability
//! information.

use h264_reader::rbsp::{BitRead, BitReaderError};

use super::bits::VUI_FLAG;
use super::hevc_sequence::SequenceSet;

/// Limits of 7.4.3.2.1 and 7.4.8: damaged sets may say anything.
const MAX_SHORT_TERM_SETS: u32 = 64;
const MAX_LONG_TERM_PICTURES: u32 = 32;
const MAX_PICTURES: u32 = 16;

/// Reads on from where [`SequenceSet::read`] ended, up to [`VUI_FLAG`].
pub(super) fn seek(bits: &mut impl BitRead, set: &SequenceSet) -> Result<(), BitReaderError> {
    for name in [
        "log2_min_luma_transform_block_size_minus2",
        "log2_diff_max_min_luma_transform_block_size",
        "max_transform_hierarchy_depth_inter",
        "max_transform_hierarchy_depth_intra",
    ] {
        bits.read_ue(name)?;
    }
    if bits.read_bit("scaling_list_enabled_flag")?
        && bits.read_bit("sps_scaling_list_data_present_flag")?
    {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2, "amp_enabled_flag, sample_adaptive_offset_enabled_flag")?;
    if bits.read_bit("pcm_enabled_flag")? {
        bits.skip(4 + 4, "pcm_sample_bit_depth")?;
        bits.read_ue("log2_min_pcm_luma_coding_block_size_minus3")?;
        bits.read_ue("log2_diff_max_min_pcm_luma_coding_block_size")?;
        bits.skip(1, "pcm_loop_filter_disabled_flag")?;
    }
    let mut previous = Vec::new();
    for index in 0..count(bits, "num_short_term_ref_pic_sets", MAX_SHORT_TERM_SETS)? {
        previous = short_term_set(bits, (index > 0).then_some(previous))?;
    }
    if bits.read_bit("long_term_ref_pics_present_flag")? {
        for _ in 0..count(bits, "num_long_term_ref_pics_sps", MAX_LONG_TERM_PICTURES)? {
            bits.skip(set.log2_max_lsb + 1, "lt_ref_pic_poc_lsb_sps")?;
        }
    }
    bits.skip(2, "sps_temporal_mvp_enabled_flag, strong_intra_smoothing")?;
    bits.read_bit(VUI_FLAG).map(drop)
}

fn count(bits: &mut impl BitRead, name: &'static str, max: u32) -> Result<u32, BitReaderError> {
    match bits.read_ue(name)? {
        count if count <= max => Ok(count),
        _ => Err(BitReaderError::ExpGolombTooLarge(name)),
    }
}

/// Skips `scaling_list_data()` (7.3.4).
fn skip_scaling_lists(bits: &mut impl BitRead) -> Result<(), BitReaderError> {
    // Coefficients, lists of that size, and whether the first coefficient of all comes apart.
    for (coefficients, lists, has_dc) in
        [(16, 6, false), (64, 6, false), (64, 6, true), (64, 2, true)]
    {
        for _ in 0..lists {
            if !bits.read_bit("scaling_list_pred_mode_flag")? {
                bits.read_ue("scaling_list_pred_matrix_id_delta")?;
                continue;
            }
            for _ in 0..coefficients + i32::from(has_dc) {
                bits.read_se("scaling_list_delta_coef")?;
            }
        }
    }
    Ok(())
}

/// Reads `st_ref_pic_set()` (7.3.7), given the one before it. Returns its pictures' distances in order
/// counts: the earlier ones (`DeltaPocS0`), then the later ones (`DeltaPocS1`), the nearest first.
fn short_term_set(
    bits: &mut impl BitRead,
    previous: Option<Vec<i64>>,
) -> Result<Vec<i64>, BitReaderError> {
    if let Some(previous) = previous
        && bits.read_bit("inter_ref_pic_set_prediction_flag")?
    {
        return predicted_set(bits, previous);
    }
    let counts = [
        count(bits, "num_negative_pics", MAX_PICTURES)?,
        count(bits, "num_positive_pics", MAX_PICTURES)?,
    ];
    let mut distances = Vec::new();
    for (count, sign) in counts.into_iter().zip([-1, 1]) {
        let mut distance = 0;
        for _ in 0..count {
            distance += sign * (i64::from(bits.read_ue("delta_poc_minus1")?) + 1);
            distances.push(distance);
            bits.skip(1, "used_by_curr_pic_flag")?;
        }
    }
    Ok(distances)
}

/// A set that is the one before it, moved, with pictures left out (7-61, 7-62).
fn predicted_set(bits: &mut impl BitRead, previous: Vec<i64>) -> Result<Vec<i64>, BitReaderError> {
    let is_negative = bits.read_bit("delta_rps_sign")?;
    let step = i64::from(bits.read_ue("abs_delta_rps_minus1")?) + 1;
    let step = if is_negative { -step } else { step };
    let mut distances = Vec::new();
    // The last is the picture that the set before this one was for.
    for distance in previous.into_iter().chain([0]) {
        let is_used = bits.read_bit("used_by_curr_pic_flag")?;
        if is_used || bits.read_bit("use_delta_flag")? {
            distances.push(distance + step);
        }
    }
    distances.retain(|&distance| distance != 0);
    distances.sort_unstable_by_key(|distance| (distance.is_positive(), distance.abs()));
    if distances.len() > 2 * MAX_PICTURES as usize {
        return Err(BitReaderError::ExpGolombTooLarge("NumDeltaPocs"));
    }
    Ok(distances)
}
