//! Parameter sets before every random access point.
//!
//! The parsers repeat them before IDR pictures and, for HEVC, before all IRAP pictures. An H.264
//! stream can also be entered at an intra picture with a recovery point (an open GOP); there they
//! are repeated here. Parameter sets of HEVC's further layers are not: they have identifiers of their own, and decoders of
//! the base layer pass them over.

use frames::Codec;

use crate::annex_b;

/// The types of NAL units of one codec, as far as they matter here.
struct NalTypes {
    of: fn(u8) -> u8,
    /// Of the base layer, which is all that there is in H.264.
    is_base: fn(&[u8]) -> bool,
    access_unit_delimiter: u8,
    parameter_sets: &'static [u8],
    slices: std::ops::RangeInclusive<u8>,
}

const H264: NalTypes = NalTypes {
    of: |header| header & 0x1f,
    is_base: |_| true,
    access_unit_delimiter: 9,
    parameter_sets: &[7, 8],
    slices: 1..=5,
};

const HEVC: NalTypes = NalTypes {
    of: |header| header >> 1 & 0x3f,
    is_base: annex_b::is_hevc_base_layer,
    access_unit_delimiter: 35,
    parameter_sets: &[32, 33, 34],
    slices: 0..=31,
};

/// The parameter sets of an H.264 or HEVC stream, as far as it has been read.
pub(crate) struct ParameterSets {
    types: &'static NalTypes,
    /// Those of the last access unit that had one of each type, and all since, in their order, so
    /// that a decoder that takes them one after the other ends up with the ones in force.
    nal_units: Vec<Vec<u8>>,
}

impl ParameterSets {
    /// `None` for codecs that have no NAL units.
    pub(crate) fn of(codec: Codec) -> Option<Self> {
        let types = match codec {
            Codec::H264 => &H264,
            Codec::Hevc => &HEVC,
            _ => return None,
        };
        Some(Self {
            types,
            nal_units: Vec::new(),
        })
    }

    /// Takes note of an Annex B access unit's parameter sets. For a random access point that
    /// lacks some, returns the access unit with all those in force.
    pub(crate) fn complete(&mut self, unit: &[u8], is_random_access: bool) -> Option<Vec<u8>> {
        let types = self.types;
        let type_of = |nal: &[u8]| (types.of)(nal[0]);
        let mut own: Vec<&[u8]> = Vec::new();
        let mut after_delimiter = 0;
        for (nal, end) in
            annex_b::nal_units(unit, |header| types.slices.contains(&(types.of)(header)))
        {
            if types.parameter_sets.contains(&type_of(nal)) && (types.is_base)(nal) {
                own.push(nal);
            } else if type_of(nal) == types.access_unit_delimiter {
                after_delimiter = end;
            }
        }
        let is_complete = types
            .parameter_sets
            .iter()
            .all(|kind| own.iter().any(|nal| type_of(nal) == *kind));
        if is_complete {
            self.nal_units.clear();
        }
        self.nal_units
            .retain(|known| !own.contains(&known.as_slice()));
        self.nal_units.extend(own.iter().map(|nal| nal.to_vec()));
        if !is_random_access || is_complete || self.nal_units.is_empty() {
            return None;
        }
        let (delimiter, rest) = unit.split_at(after_delimiter);
        let mut completed = delimiter.to_vec();
        for nal in &self.nal_units {
            completed.extend_from_slice(&[0, 0, 0, 1]);
            completed.extend_from_slice(nal);
        }
        completed.extend_from_slice(rest);
        Some(completed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter()
            .flat_map(|nal| [&[0, 0, 0, 1], *nal].concat())
            .collect()
    }

    const DELIMITER: &[u8] = &[9, 0xf0];
    const SPS: &[u8] = &[0x67, 1, 2, 0x80];
    const PPS: &[u8] = &[0x68, 3, 0x80];
    const IDR: &[u8] = &[0x65, 7, 7, 0x80];
    const SLICE: &[u8] = &[0x41, 8, 8, 0x80];

    #[test]
    fn they_are_repeated_after_the_delimiter() {
        let mut sets = ParameterSets::of(Codec::H264).unwrap();
        assert_eq!(
            sets.complete(&unit(&[DELIMITER, SPS, PPS, IDR]), true),
            None
        );
        assert_eq!(sets.complete(&unit(&[DELIMITER, SLICE]), false), None);
        assert_eq!(
            sets.complete(&unit(&[DELIMITER, SLICE]), true),
            Some(unit(&[DELIMITER, SPS, PPS, SLICE]))
        );
        assert_eq!(
            sets.complete(&unit(&[SLICE]), true),
            Some(unit(&[SPS, PPS, SLICE]))
        );
    }

    #[test]
    fn changed_ones_come_after_those_they_replace() {
        const CHANGED_PPS: &[u8] = &[0x68, 4, 0x80];
        let mut sets = ParameterSets::of(Codec::H264).unwrap();
        sets.complete(&unit(&[SPS, PPS, IDR]), true);
        for _ in 0..3 {
            assert_eq!(sets.complete(&unit(&[CHANGED_PPS, SLICE]), false), None);
        }
        assert_eq!(
            sets.complete(&unit(&[SLICE]), true),
            Some(unit(&[SPS, PPS, CHANGED_PPS, SLICE]))
        );
        sets.complete(&unit(&[SPS, CHANGED_PPS, IDR]), true);
        assert_eq!(
            sets.complete(&unit(&[SLICE]), true),
            Some(unit(&[SPS, CHANGED_PPS, SLICE]))
        );
    }

    #[test]
    fn hevc_has_three_types() {
        let (vps, sps, pps): (&[u8], &[u8], &[u8]) = (&[64, 1, 9], &[66, 1, 8], &[68, 1, 7]);
        let cra: &[u8] = &[42, 1, 6];
        let mut sets = ParameterSets::of(Codec::Hevc).unwrap();
        assert_eq!(sets.complete(&unit(&[vps, sps, pps, cra]), true), None);
        assert_eq!(
            sets.complete(&unit(&[cra]), true),
            Some(unit(&[vps, sps, pps, cra]))
        );
    }

    #[test]
    fn those_of_further_layers_replace_none() {
        let (vps, sps, pps): (&[u8], &[u8], &[u8]) = (&[64, 1, 9], &[66, 1, 8], &[68, 1, 7]);
        let (layer_sequence, layer_picture): (&[u8], &[u8]) = (&[66, 9, 8], &[69, 1, 7]);
        let cra: &[u8] = &[42, 1, 6];
        let mut sets = ParameterSets::of(Codec::Hevc).unwrap();
        let first = unit(&[vps, sps, pps, layer_sequence, layer_picture, cra]);
        assert_eq!(sets.complete(&first, true), None);
        let lacking = unit(&[layer_sequence, layer_picture, cra]);
        let completed = unit(&[vps, sps, pps, layer_sequence, layer_picture, cra]);
        assert_eq!(sets.complete(&lacking, true), Some(completed));
    }

    #[test]
    fn without_any_nothing_is_added() {
        let mut sets = ParameterSets::of(Codec::H264).unwrap();
        assert_eq!(sets.complete(&unit(&[IDR]), true), None);
        assert_eq!(sets.complete(&[], true), None);
        assert!(ParameterSets::of(Codec::Vp9).is_none());
    }
}
