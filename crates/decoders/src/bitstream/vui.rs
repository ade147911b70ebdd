//! The beginning of the video usability information, which is the same in H.264 (ITU-T H.264, E.1.1) and
//! HEVC (ITU-T H.265, E.2.1).

use h264_reader::rbsp::{BitRead, BitReaderError};
use surfaces::{Colour, Matrix, Range};

/// Reads up to `matrix_coeffs`. What is not tagged counts as BT.601, limited.
pub(super) fn colour(bits: &mut impl BitRead) -> Result<Colour, BitReaderError> {
    const EXTENDED_ASPECT_RATIO: u8 = 255;
    if bits.read_bit("aspect_ratio_info_present_flag")?
        && bits.read::<8, u8>("aspect_ratio_idc")? == EXTENDED_ASPECT_RATIO
    {
        bits.skip(16 + 16, "sar_width, sar_height")?;
    }
    if bits.read_bit("overscan_info_present_flag")? {
        bits.skip(1, "overscan_appropriate_flag")?;
    }
    if !bits.read_bit("video_signal_type_present_flag")? {
        return Ok(Colour::default());
    }
    bits.skip(3, "video_format")?;
    let range = if bits.read_bit("video_full_range_flag")? {
        Range::Full
    } else {
        Range::Limited
    };
    let matrix = if bits.read_bit("colour_description_present_flag")? {
        bits.skip(8 + 8, "colour_primaries, transfer_characteristics")?;
        matrix(bits.read::<8, u8>("matrix_coeffs")?)
    } else {
        Matrix::default()
    };
    Ok(Colour { matrix, range })
}

/// The matrix of a code point (ITU-T H.273, table 4); those that surfaces cannot name count as untagged.
fn matrix(code: u8) -> Matrix {
    match code {
        1 => Matrix::Bt709,
        9 => Matrix::Bt2020,
        _ => Matrix::Bt601,
    }
}
