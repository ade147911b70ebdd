//! Video parameter sets of HEVC (ITU-T H.265, 7.3.2.1), read only to see that they are whole.
//!
//! Nothing in them is needed to decode a stream of one layer. But NVIDIA's parser runs past the end of one that is cut
//! or damaged, and ends the process.

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader};

use super::hevc_sequence::{HEADER, skip_profile_tier_level};

/// NAL unit type of a video parameter set (table 7-1).
const VPS_NUT: u8 = 32;
/// The greatest values of 7.4.3.1 and E.3.2.
const MAX_SUB_LAYERS_MINUS1: u32 = 6;
const MAX_LAYER_SETS_MINUS1: u32 = 1023;
const MAX_CPB_CNT_MINUS1: u32 = 31;

/// Whether a NAL unit is a video parameter set that is damaged, or that of several layers.
pub fn is_damaged(unit: &[u8]) -> bool {
    let is_video_set = unit
        .first()
        .is_some_and(|header| (header >> 1) & 0x3f == VPS_NUT);
    is_video_set && !is_plain(unit)
}

fn is_plain(unit: &[u8]) -> bool {
    matches!(read(unit), Ok(true))
}

/// Reads a video parameter set to its end; whether its values are possible for a stream of one layer.
fn read(unit: &[u8]) -> Result<bool, BitReaderError> {
    let mut bits = BitReader::new(ByteReader::skipping_bytes(unit, HEADER));
    bits.skip(4, "vps_video_parameter_set_id")?;
    let is_base_layer_internal = bits.read_bit("vps_base_layer_internal_flag")?;
    bits.skip(1, "vps_base_layer_available_flag")?;
    let max_layers_minus1 = bits.read::<6, u32>("vps_max_layers_minus1")?;
    let max_sub_layers_minus1 = bits.read::<3, u32>("vps_max_sub_layers_minus1")?;
    bits.skip(1, "vps_temporal_id_nesting_flag")?;
    let reserved = bits.read::<16, u32>("vps_reserved_0xffff_16bits")?;
    if !is_base_layer_internal
        || max_layers_minus1 > 0
        || max_sub_layers_minus1 > MAX_SUB_LAYERS_MINUS1
        || reserved != 0xffff
    {
        return Ok(false);
    }
    skip_profile_tier_level(&mut bits, max_sub_layers_minus1)?;
    let all_sub_layers = bits.read_bit("vps_sub_layer_ordering_info_present_flag")?;
    for _ in if all_sub_layers {
        0
    } else {
        max_sub_layers_minus1
    }..=max_sub_layers_minus1
    {
        bits.read_ue("vps_max_dec_pic_buffering_minus1")?;
        bits.read_ue("vps_max_num_reorder_pics")?;
        bits.read_ue("vps_max_latency_increase_plus1")?;
    }
    let max_layer_id = bits.read::<6, u32>("vps_max_layer_id")?;
    let layer_sets_minus1 = bits.read_ue("vps_num_layer_sets_minus1")?;
    if layer_sets_minus1 > MAX_LAYER_SETS_MINUS1 {
        return Ok(false);
    }
    for _ in 0..layer_sets_minus1 {
        bits.skip(max_layer_id + 1, "layer_id_included_flag")?;
    }
    if bits.read_bit("vps_timing_info_present_flag")? {
        bits.skip(64, "vps_num_units_in_tick, vps_time_scale")?;
        if bits.read_bit("vps_poc_proportional_to_timing_flag")? {
            bits.read_ue("vps_num_ticks_poc_diff_one_minus1")?;
        }
        let parameters = bits.read_ue("vps_num_hrd_parameters")?;
        if parameters > layer_sets_minus1 + 1 {
            return Ok(false);
        }
        for index in 0..parameters {
            bits.read_ue("hrd_layer_set_idx")?;
            let has_common = index == 0 || bits.read_bit("cprms_present_flag")?;
            if !skip_hrd_parameters(&mut bits, has_common, max_sub_layers_minus1)? {
                return Ok(false);
            }
        }
    }
    if bits.read_bit("vps_extension_flag")? {
        return Ok(false);
    }
    bits.finish_rbsp()?;
    Ok(true)
}

/// Skips `hrd_parameters()` (E.2.2); whether its values are possible.
fn skip_hrd_parameters(
    bits: &mut impl BitRead,
    has_common: bool,
    max_sub_layers_minus1: u32,
) -> Result<bool, BitReaderError> {
    let mut kinds = 0;
    let mut has_sub_picture = false;
    if has_common {
        for name in [
            "nal_hrd_parameters_present_flag",
            "vcl_hrd_parameters_present_flag",
        ] {
            kinds += u32::from(bits.read_bit(name)?);
        }
        if kinds > 0 {
            has_sub_picture = bits.read_bit("sub_pic_hrd_params_present_flag")?;
            if has_sub_picture {
                bits.skip(8 + 5 + 1 + 5, "tick_divisor_minus2 and others")?;
            }
            bits.skip(4 + 4, "bit_rate_scale, cpb_size_scale")?;
            if has_sub_picture {
                bits.skip(4, "cpb_size_du_scale")?;
            }
            bits.skip(3 * 5, "initial_cpb_removal_delay_length_minus1 and others")?;
        }
    }
    for _ in 0..=max_sub_layers_minus1 {
        let is_fixed = bits.read_bit("fixed_pic_rate_general_flag")?
            || bits.read_bit("fixed_pic_rate_within_cvs_flag")?;
        let mut is_low_delay = false;
        if is_fixed {
            bits.read_ue("elemental_duration_in_tc_minus1")?;
        } else {
            is_low_delay = bits.read_bit("low_delay_hrd_flag")?;
        }
        let cpb_cnt_minus1 = if is_low_delay {
            0
        } else {
            bits.read_ue("cpb_cnt_minus1")?
        };
        if cpb_cnt_minus1 > MAX_CPB_CNT_MINUS1 {
            return Ok(false);
        }
        for _ in 0..kinds * (cpb_cnt_minus1 + 1) {
            for _ in 0..if has_sub_picture { 4 } else { 2 } {
                bits.read_ue("bit_rate_value_minus1 and others")?;
            }
            bits.skip(1, "cbr_flag")?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As x265 writes it.
    const PLAIN: &[u8] = &[
        0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00,
        0x03, 0x00, 0x00, 0x03, 0x00, 0x3f, 0x95, 0x94, 0x09,
    ];
    const SLICE: &[u8] = &[0x26, 0x01, 0xaf, 0x09];

    #[test]
    fn a_whole_set_stays() {
        assert!(is_plain(PLAIN));
        assert!(!is_damaged(PLAIN));
        assert!(!is_damaged(SLICE));
    }

    #[test]
    fn a_set_that_is_cut_anywhere_is_taken_out() {
        for length in 1..PLAIN.len() {
            assert!(is_damaged(&PLAIN[..length]), "{length} bytes");
        }
    }

    /// Damage of these kinds ended the process in NVIDIA's parser (driver 580.159).
    #[test]
    fn impossible_values_are_taken_out() {
        let with = |at: usize, bytes: &[u8]| {
            let mut set = PLAIN.to_vec();
            set[at..at + bytes.len()].copy_from_slice(bytes);
            set
        };
        for (what, set) in [
            ("sub-layers", with(3, &[0x0f])),
            ("32 layers", with(2, &[0x76])),
            ("base layer from elsewhere", with(2, &[0x25])),
            ("extension", with(22, &[0x84])),
            ("layer sets", with(22, &[0xb0])),
        ] {
            assert!(is_damaged(&set), "{what}");
        }
    }

    #[test]
    fn timing_and_buffer_parameters_are_read() {
        // One set of parameters with both kinds, one buffer each.
        let bits = [
            // Up to the profile as above, level, ordering information (5, 3, 1), one layer, one layer set.
            "0000 1 1 000000 000 1 1111111111111111",
            &"0".repeat(88),
            "01011101 1 00110 00100 010 000000 1",
            // 1 / 25 s, not proportional, one set, for layer set 0.
            "1 00000000000000000000000000000001 00000000000000000000000000011001 0 010 1",
            // Both kinds, no sub-pictures, scales, lengths.
            "1 1 0 0000 0000 10111 10111 10111",
            // Fixed rate, duration 1, one buffer; twice rate, size and flag.
            "1 1 1 00100 00101 0 00100 00101 0",
            // No extension, stop.
            "0 1",
        ]
        .concat()
        .replace(' ', "");
        let mut unit = vec![0x40, 0x01];
        let mut zeros = 0;
        for byte in bits.as_bytes().chunks(8) {
            let text = format!("{:0<8}", std::str::from_utf8(byte).expect("digits"));
            let byte = u8::from_str_radix(&text, 2).expect("bits");
            if zeros == 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        assert!(is_plain(&unit));
        for length in 2..unit.len() {
            assert!(!is_plain(&unit[..length]), "{length} bytes");
        }
    }
}
