//! Reference picture sets of HEVC (ITU-T H.265, 7.3.7), and the part of a sequence parameter set in front of them.

use h264_reader::rbsp::{BitRead, BitReaderError};

/// Limits of 7.4.3.2.1 and 7.4.8: damaged sets may say anything.
const MAX_SETS: u32 = 64;
const MAX_LONG_TERM_PICTURES: u32 = 32;
const MAX_PICTURES: u32 = 16;

const PREDICTION_FLAG: &str = "inter_ref_pic_set_prediction_flag";

/// A picture that is kept for a picture, or for those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference {
    pub place: Place,
    /// Whether the picture itself may refer to it.
    pub is_used: bool,
}

/// Which picture is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// That at this distance in picture order counts.
    Distance(i64),
    /// One of whose picture order count this remains, modulo the range of `slice_pic_order_cnt_lsb`.
    Remainder(i64),
}

/// A picture of a short-term set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShortTerm {
    distance: i64,
    is_used: bool,
}

/// What pictures choose from, in a sequence parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReferenceSets {
    short_term: Vec<Vec<ShortTerm>>,
    /// Picture order counts modulo their range, and whether the picture may refer to them; if there are long-term
    /// pictures at all.
    long_term: Option<Vec<(i64, bool)>>,
    log2_max_lsb: u32,
}

impl ReferenceSets {
    /// Reads on from where [`SequenceSet::read`](super::hevc_sequence::SequenceSet::read) ended.
    pub fn read(bits: &mut impl BitRead, log2_max_lsb: u32) -> Result<Self, BitReaderError> {
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
        let mut short_term: Vec<Vec<ShortTerm>> = Vec::new();
        for _ in 0..count(bits, "num_short_term_ref_pic_sets", MAX_SETS)? {
            let set = match short_term.last() {
                Some(previous) if bits.read_bit(PREDICTION_FLAG)? => predicted_set(bits, previous)?,
                _ => explicit_set(bits)?,
            };
            short_term.push(set);
        }
        let long_term = if bits.read_bit("long_term_ref_pics_present_flag")? {
            (0..count(bits, "num_long_term_ref_pics_sps", MAX_LONG_TERM_PICTURES)?)
                .map(|_| read_long_term(bits, log2_max_lsb))
                .collect::<Result<_, _>>()
                .map(Some)?
        } else {
            None
        };
        Ok(Self {
            short_term,
            long_term,
            log2_max_lsb,
        })
    }

    /// Reads the set of a picture from its slice segment header (7.3.6.1), from
    /// `short_term_ref_pic_set_sps_flag` on; `lsb` is its `slice_pic_order_cnt_lsb`.
    pub fn choose(
        &self,
        bits: &mut impl BitRead,
        lsb: i64,
    ) -> Result<Vec<Reference>, BitReaderError> {
        let short_term = self.choose_short_term(bits)?;
        let mut set: Vec<Reference> = short_term
            .into_iter()
            .map(|ShortTerm { distance, is_used }| Reference {
                place: Place::Distance(distance),
                is_used,
            })
            .collect();
        if let Some(known) = &self.long_term {
            self.choose_long_term(known, bits, lsb, &mut set)?;
        }
        Ok(set)
    }

    fn choose_short_term(&self, bits: &mut impl BitRead) -> Result<Vec<ShortTerm>, BitReaderError> {
        let sets = &self.short_term;
        if bits.read_bit("short_term_ref_pic_set_sps_flag")? {
            const INDEX: &str = "short_term_ref_pic_set_idx";
            let index = read_index(bits, sets.len(), INDEX)?;
            let set = sets.get(index).cloned();
            return set.ok_or(BitReaderError::ExpGolombTooLarge(INDEX));
        }
        if sets.is_empty() || !bits.read_bit(PREDICTION_FLAG)? {
            return explicit_set(bits);
        }
        let back = bits.read_ue("delta_idx_minus1")? as usize + 1;
        let predictor = sets
            .len()
            .checked_sub(back)
            .and_then(|index| sets.get(index));
        predicted_set(
            bits,
            predictor.ok_or(BitReaderError::ExpGolombTooLarge("delta_idx_minus1"))?,
        )
    }

    /// 7.4.7.1, (7-51) and (7-52).
    fn choose_long_term(
        &self,
        known: &[(i64, bool)],
        bits: &mut impl BitRead,
        lsb: i64,
        set: &mut Vec<Reference>,
    ) -> Result<(), BitReaderError> {
        let of_sequence = match known {
            [] => 0,
            _ => count(bits, "num_long_term_sps", MAX_LONG_TERM_PICTURES)?,
        };
        let own = count(bits, "num_long_term_pics", MAX_LONG_TERM_PICTURES)?;
        let mut cycles = 0;
        for index in 0..of_sequence + own {
            let (remainder, is_used) = if index < of_sequence {
                const INDEX: &str = "lt_idx_sps";
                let index = read_index(bits, known.len(), INDEX)?;
                let entry = known.get(index).copied();
                entry.ok_or(BitReaderError::ExpGolombTooLarge(INDEX))?
            } else {
                read_long_term(bits, self.log2_max_lsb)?
            };
            if index == of_sequence {
                cycles = 0;
            }
            let place = if bits.read_bit("delta_poc_msb_present_flag")? {
                cycles += i64::from(bits.read_ue("delta_poc_msb_cycle_lt")?);
                Place::Distance(remainder - lsb - (cycles << self.log2_max_lsb))
            } else {
                Place::Remainder(remainder)
            };
            set.push(Reference { place, is_used });
        }
        Ok(())
    }
}

/// A number that is at most `max`.
fn count(bits: &mut impl BitRead, name: &'static str, max: u32) -> Result<u32, BitReaderError> {
    match bits.read_ue(name)? {
        count if count <= max => Ok(count),
        _ => Err(BitReaderError::ExpGolombTooLarge(name)),
    }
}

/// An index into a list of so many, in as many bits as that takes.
fn read_index(
    bits: &mut impl BitRead,
    entries: usize,
    name: &'static str,
) -> Result<usize, BitReaderError> {
    match entries.next_power_of_two().trailing_zeros() {
        0 => Ok(0),
        width => Ok(bits.read_var::<u32>(width, name)? as usize),
    }
}

/// A long-term picture: its picture order count modulo the range, and whether the picture may refer to it.
fn read_long_term(
    bits: &mut impl BitRead,
    log2_max_lsb: u32,
) -> Result<(i64, bool), BitReaderError> {
    let remainder = bits.read_var::<u32>(log2_max_lsb, "lt_ref_pic_poc_lsb")?;
    Ok((remainder.into(), bits.read_bit("used_by_curr_pic_lt_flag")?))
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

/// A set that tells its pictures: the earlier ones (`DeltaPocS0`), then the later ones (`DeltaPocS1`), the nearest
/// first.
fn explicit_set(bits: &mut impl BitRead) -> Result<Vec<ShortTerm>, BitReaderError> {
    let counts = [
        count(bits, "num_negative_pics", MAX_PICTURES)?,
        count(bits, "num_positive_pics", MAX_PICTURES)?,
    ];
    let mut set = Vec::new();
    for (count, sign) in counts.into_iter().zip([-1, 1]) {
        let mut distance = 0;
        for _ in 0..count {
            distance += sign * (i64::from(bits.read_ue("delta_poc_minus1")?) + 1);
            let is_used = bits.read_bit("used_by_curr_pic_flag")?;
            set.push(ShortTerm { distance, is_used });
        }
    }
    Ok(set)
}

/// A set that is another one, moved, with pictures left out (7-61, 7-62).
fn predicted_set(
    bits: &mut impl BitRead,
    predictor: &[ShortTerm],
) -> Result<Vec<ShortTerm>, BitReaderError> {
    let is_negative = bits.read_bit("delta_rps_sign")?;
    let step = i64::from(bits.read_ue("abs_delta_rps_minus1")?) + 1;
    let step = if is_negative { -step } else { step };
    let mut set = Vec::new();
    // The last is the picture that the other set is for.
    let distances = predictor.iter().map(|reference| reference.distance);
    for distance in distances.chain([0]) {
        let is_used = bits.read_bit("used_by_curr_pic_flag")?;
        if is_used || bits.read_bit("use_delta_flag")? {
            set.push(ShortTerm {
                distance: distance + step,
                is_used,
            });
        }
    }
    set.retain(|reference| reference.distance != 0);
    set.sort_unstable_by_key(|reference| {
        (reference.distance.is_positive(), reference.distance.abs())
    });
    if set.len() > 2 * MAX_PICTURES as usize {
        return Err(BitReaderError::ExpGolombTooLarge("NumDeltaPocs"));
    }
    Ok(set)
}
