//! The beginning of the video usability information, which is the same in H.264 (ITU-T H.264, E.1.1) and
//! HEVC (ITU-T H.265, E.2.1).

use h264_reader::rbsp::{BitRead, BitReaderError};
use surfaces::{Colour, Matrix, Range};

/// What it says of the samples. The default is that of samples which are not tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tags {
    pub colour: Colour,
    /// Whether the samples are G, B and R in place of Y, Cb and Cr.
    pub is_rgb: bool,
}

/// Reads up to `matrix_coeffs`. What is not tagged counts as BT.601, limited.
pub(super) fn tags(bits: &mut impl BitRead) -> Result<Tags, BitReaderError> {
    const EXTENDED_ASPECT_RATIO: u8 = 255;
    const IDENTITY: u8 = 0;
    const UNSPECIFIED: u8 = 2;
    if bits.read_bit("aspect_ratio_info_present_flag")?
        && bits.read::<8, u8>("aspect_ratio_idc")? == EXTENDED_ASPECT_RATIO
    {
        bits.skip(16 + 16, "sar_width, sar_height")?;
    }
    if bits.read_bit("overscan_info_present_flag")? {
        bits.skip(1, "overscan_appropriate_flag")?;
    }
    if !bits.read_bit("video_signal_type_present_flag")? {
        return Ok(Tags::default());
    }
    bits.skip(3, "video_format")?;
    let range = if bits.read_bit("video_full_range_flag")? {
        Range::Full
    } else {
        Range::Limited
    };
    let code = if bits.read_bit("colour_description_present_flag")? {
        bits.skip(8 + 8, "colour_primaries, transfer_characteristics")?;
        bits.read::<8, u8>("matrix_coeffs")?
    } else {
        UNSPECIFIED
    };
    Ok(Tags {
        colour: Colour {
            matrix: matrix(code),
            range,
        },
        is_rgb: code == IDENTITY,
    })
}

/// The matrix of a code point (ITU-T H.273, table 4); those that surfaces cannot name count as untagged.
fn matrix(code: u8) -> Matrix {
    match code {
        1 => Matrix::Bt709,
        9 => Matrix::Bt2020,
        _ => Matrix::Bt601,
    }
}
