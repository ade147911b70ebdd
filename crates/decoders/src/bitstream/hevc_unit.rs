//! NAL units of HEVC that decoders ignore.

/// Whether decoders of a single layer ignore a NAL unit: one of a layer above the base, or a slice of a reserved type
/// (ITU-T H.265, 7.4.2.2).
pub fn is_ignored(unit: &[u8]) -> bool {
    let &[first, second, ..] = unit else {
        return false;
    };
    let layer = (first & 1) << 5 | second >> 3;
    layer != 0 || matches!(first >> 1 & 0x3f, 10..=15 | 22..=31)
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn further_layers_and_reserved_slices_are_ignored() {
        let unit = |kind: u8, layer: u8| [kind << 1 | layer >> 5, layer << 3 | 1, 0x80];
        for kind in 0..64 {
            let is_reserved_slice = matches!(kind, 10..=15 | 22..=31);
            assert_eq!(is_ignored(&unit(kind, 0)), is_reserved_slice, "{kind}");
            assert!(is_ignored(&unit(kind, 1)) && is_ignored(&unit(kind, 32)));
        }
        assert!(!is_ignored(&[0x30]));
    }
}
