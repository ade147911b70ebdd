//! Sequence parameter sets of HEVC (ITU-T H.265, 7.3.2.2).

use std::num::NonZeroUsize;

use h264_reader::rbsp::{BitRead, BitReaderError};
use surfaces::platform::ChromaFormat;

use super::samples::Samples;

/// Bytes of a NAL unit header.
pub(super) const HEADER: NonZeroUsize = NonZeroUsize::new(2).expect("it is not 0");

/// The parts of a sequence parameter set that slice headers and the choice of a decoder depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SequenceSet {
    pub samples: Samples,
    pub separate_colour_planes: bool,
    pub log2_max_lsb: u32,
    /// Bits of `slice_segment_address`.
    pub address_bits: u32,
}

impl SequenceSet {
    /// Reads a sequence parameter set (7.3.2.2.1) up to the size of the coding tree blocks; returns
    /// its id. `None` in place of a set that no stream can have.
    pub fn read(bits: &mut impl BitRead) -> Result<(usize, Option<Self>), BitReaderError> {
        bits.skip(4, "sps_video_parameter_set_id")?;
        let max_sub_layers_minus1 = bits.read::<3, u32>("sps_max_sub_layers_minus1")?;
        bits.skip(1, "sps_temporal_id_nesting_flag")?;
        skip_profile_tier_level(bits, max_sub_layers_minus1)?;
        let id = bits.read_ue("sps_seq_parameter_set_id")? as usize;
        let chroma_format_idc = bits.read_ue("chroma_format_idc")?;
        let separate_colour_planes =
            chroma_format_idc == 3 && bits.read_bit("separate_colour_plane_flag")?;
        let width = bits.read_ue("pic_width_in_luma_samples")?;
        let height = bits.read_ue("pic_height_in_luma_samples")?;
        if bits.read_bit("conformance_window_flag")? {
            for side in ["left", "right", "top", "bottom"] {
                bits.read_ue(side)?;
            }
        }
        let luma_depth = bits.read_ue("bit_depth_luma_minus8")? + 8;
        let chroma_depth = bits.read_ue("bit_depth_chroma_minus8")? + 8;
        let log2_max_lsb = bits.read_ue("log2_max_pic_order_cnt_lsb_minus4")? + 4;
        let all_layers = bits.read_bit("sps_sub_layer_ordering_info_present_flag")?;
        for _ in if all_layers { 0 } else { max_sub_layers_minus1 }..=max_sub_layers_minus1 {
            bits.read_ue("sps_max_dec_pic_buffering_minus1")?;
            bits.read_ue("sps_max_num_reorder_pics")?;
            bits.read_ue("sps_max_latency_increase_plus1")?;
        }
        let log2_min_block = bits.read_ue("log2_min_luma_coding_block_size_minus3")? + 3;
        let log2_block =
            log2_min_block + bits.read_ue("log2_diff_max_min_luma_coding_block_size")?;
        let chroma = match chroma_format_idc {
            0 => ChromaFormat::Monochrome,
            1 => ChromaFormat::Yuv420,
            2 => ChromaFormat::Yuv422,
            3 => ChromaFormat::Yuv444,
            _ => return Ok((id, None)),
        };
        if log2_max_lsb > 16 || log2_block > 6 {
            return Ok((id, None));
        }
        let blocks = |samples: u32| u64::from(samples.div_ceil(1 << log2_block));
        let address_bits = (blocks(width) * blocks(height))
            .next_power_of_two()
            .trailing_zeros();
        Ok((
            id,
            Some(Self {
                samples: Samples {
                    chroma,
                    bit_depth: luma_depth.max(chroma_depth),
                    size: Some((width, height)),
                    ..Samples::default()
                },
                separate_colour_planes,
                log2_max_lsb,
                address_bits,
            }),
        ))
    }
}

/// Skips `profile_tier_level(1, max_sub_layers_minus1)` (7.3.3).
pub(super) fn skip_profile_tier_level(
    bits: &mut impl BitRead,
    max_sub_layers_minus1: u32,
) -> Result<(), BitReaderError> {
    const PROFILE: u32 = 88;
    const LEVEL: u32 = 8;
    bits.skip(PROFILE + LEVEL, "general_profile")?;
    let mut sub_layers = 0;
    for _ in 0..max_sub_layers_minus1 {
        if bits.read_bit("sub_layer_profile_present_flag")? {
            sub_layers += PROFILE;
        }
        if bits.read_bit("sub_layer_level_present_flag")? {
            sub_layers += LEVEL;
        }
    }
    if max_sub_layers_minus1 > 0 {
        bits.skip(2 * (8 - max_sub_layers_minus1), "reserved_zero_2bits")?;
    }
    bits.skip(sub_layers, "sub_layers")
}
