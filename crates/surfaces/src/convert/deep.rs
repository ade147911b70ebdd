//! Samples of more than 8 bits: two bytes each, least significant first.

use super::levels::FRACTION_BITS;

/// The levels of a row of samples of so many bits. Of the 15th bit nothing is left.
pub(super) fn levels(row: &[u8], bits: u32, to: &mut [i16]) {
    let greatest = ((1u32 << bits) - 1) as u16;
    let full = 8 + FRACTION_BITS;
    let (up, down) = (full.saturating_sub(bits), bits.saturating_sub(full));
    for (bytes, to) in row.as_chunks::<2>().0.iter().zip(to) {
        // No sample is greater than the depth allows.
        let sample = u16::from_le_bytes(*bytes).min(greatest);
        *to = (sample << up >> down) as i16;
    }
}
