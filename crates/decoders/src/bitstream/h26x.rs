//! NAL unit types of H.264 and HEVC, and what they say about an access unit.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use super::active_set::Sets;
use super::nal::{self, Framing};
use super::recovery;
use super::samples::{self, Samples};
use super::{hevc_sequence, hevc_unit};
use crate::outcome::NoPicture;

/// The role of a NAL unit in finding a random access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    VideoParameterSet,
    SequenceParameterSet,
    PictureParameterSet,
    /// Of a picture that no packet behind it refers past (IDR, HEVC BLA).
    RefreshSlice,
    /// Of another picture that decoding may begin with (HEVC CRA).
    RandomAccessSlice,
    /// Any other slice.
    Slice,
    /// A message that the pictures from here on, in the order in which they are shown, are right although
    /// nothing before is there (H.264 recovery point with `recovery_frame_cnt` 0).
    RecoveryPoint,
    /// A leading picture that refers to pictures before the random access point (HEVC RASL).
    SkippedLeadingSlice,
    /// A slice that decoders ignore (HEVC).
    IgnoredSlice,
    Other,
}

/// The parts of the two codecs that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// ITU-T H.264, NAL unit types of table 7-1.
    H264,
    /// ITU-T H.265, NAL unit types of table 7-1.
    Hevc,
}

/// What an access unit holds.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub struct AccessUnit {
    /// How its NAL units were delimited.
    pub framing: Framing,
    /// The data with start codes, whatever the framing was.
    pub annex_b: Arc<[u8]>,
    /// Whether decoding can begin here: parameter sets and a random access picture or a recovery point.
    pub is_random_access: bool,
    /// Whether a decoder that has the parameter sets may begin here too (H.264 recovery point).
    pub is_recovery_point: bool,
    /// Whether no picture from here on, in the order in which they are shown, refers to one before.
    pub restarts: bool,
    /// Whether neither this packet nor one behind it refers to one before it (IDR, HEVC BLA).
    pub refreshes: bool,
    /// Whether it brings any parameter set.
    pub brings_sets: bool,
    /// Whether it has NAL units, but none of a picture.
    pub is_empty: bool,
    /// Whether it holds nothing but NAL units that decoders ignore (HEVC).
    pub is_ignored: bool,
    /// Whether it is a picture of H.264 that may refer to others, though decoding may begin with it.
    pub has_gap_in_front: bool,
    /// The parameter sets with start codes, if they are complete.
    pub parameter_sets: Option<Arc<[u8]>>,
    /// The sequence parameter set to go by, if there is one.
    pub sequence_set: Option<Arc<[u8]>>,
    /// `profile_idc` of the sequence parameter set, if there is one (H.264 only).
    pub profile_idc: Option<u8>,
    /// What the sequence parameter set says of the samples, if there is one that can be read.
    pub samples: Option<Samples>,
    /// Why no picture may come out of this access unit, if none does.
    pub without_picture: NoPicture,
}

impl Role {
    fn is_parameter_set(self) -> bool {
        matches!(
            self,
            Self::VideoParameterSet | Self::SequenceParameterSet | Self::PictureParameterSet
        )
    }

    fn is_slice(self) -> bool {
        matches!(
            self,
            Self::RefreshSlice | Self::RandomAccessSlice | Self::Slice | Self::SkippedLeadingSlice
        )
    }
}

impl Syntax {
    fn role(self, unit: &[u8]) -> Role {
        let Some(&header) = unit.first() else {
            return Role::Other;
        };
        match self {
            Self::H264 => match header & 0x1f {
                1..=4 => Role::Slice,
                5 => Role::RefreshSlice,
                6 if recovery::frame_count(&unit[1..]) == Some(0) => Role::RecoveryPoint,
                7 => Role::SequenceParameterSet,
                8 => Role::PictureParameterSet,
                _ => Role::Other,
            },
            Self::Hevc if hevc_unit::is_ignored(unit) => match header >> 1 & 0x3f {
                0..=31 => Role::IgnoredSlice,
                _ => Role::Other,
            },
            Self::Hevc => match (header >> 1) & 0x3f {
                8 | 9 => Role::SkippedLeadingSlice,
                16..=20 => Role::RefreshSlice,
                21 => Role::RandomAccessSlice,
                0..=31 => Role::Slice,
                32 => Role::VideoParameterSet,
                33 => Role::SequenceParameterSet,
                34 => Role::PictureParameterSet,
                _ => Role::Other,
            },
        }
    }

    /// Whether `unit` begins with a possible NAL unit header.
    fn is_header(self, unit: &[u8]) -> bool {
        match (self, unit) {
            // forbidden_zero_bit, and the types that are in use.
            (Self::H264, [header, ..]) => header & 0x80 == 0 && matches!(header & 0x1f, 1..=21),
            // forbidden_zero_bit, and nuh_temporal_id_plus1, which is never 0.
            (Self::Hevc, [first, second, ..]) => first & 0x80 == 0 && second & 7 != 0,
            _ => false,
        }
    }

    /// Bytes of a NAL unit header.
    pub(super) fn header(self) -> NonZeroUsize {
        match self {
            Self::H264 => NonZeroUsize::MIN,
            Self::Hevc => hevc_sequence::HEADER,
        }
    }

    fn needs_video_parameter_set(self) -> bool {
        self == Self::Hevc
    }

    /// Reads the NAL unit headers of one access unit.
    ///
    /// Data that does not split into NAL units is passed on as it is, as no random access point.
    pub fn inspect(self, payload: &Arc<[u8]>) -> AccessUnit {
        let framing = nal::framing(payload, |unit| self.is_header(unit));
        let units = nal::units(payload, framing).unwrap_or_default();
        let annex_b = match framing {
            Framing::AnnexB => payload.clone(),
            Framing::LengthPrefixed => {
                let mut data = payload.to_vec();
                nal::to_annex_b(&mut data, &units);
                data.into()
            }
        };
        let roles: Vec<Role> = units
            .iter()
            .map(|unit| self.role(&payload[unit.clone()]))
            .collect();
        let has = |role| roles.contains(&role);
        let has_start = has(Role::RefreshSlice)
            || has(Role::RandomAccessSlice)
            || (has(Role::RecoveryPoint) && has(Role::Slice));
        let has_parameter_sets = has(Role::SequenceParameterSet)
            && has(Role::PictureParameterSet)
            && (has(Role::VideoParameterSet) || !self.needs_video_parameter_set());
        let is_empty = !roles.is_empty() && !roles.iter().any(|role| role.is_slice());
        let sequence_set = sets(&annex_b, &units, &roles).choose(self);
        AccessUnit {
            framing,
            is_random_access: has_parameter_sets && has_start,
            restarts: has_start,
            refreshes: roles.iter().find(|role| role.is_slice()) == Some(&Role::RefreshSlice),
            brings_sets: roles.iter().any(|role| role.is_parameter_set()),
            is_empty,
            is_ignored: self == Self::Hevc
                && !units.is_empty()
                && units
                    .iter()
                    .all(|unit| hevc_unit::is_ignored(&payload[unit.clone()])),
            is_recovery_point: has(Role::RecoveryPoint),
            has_gap_in_front: self == Self::H264 && !has(Role::RefreshSlice),
            parameter_sets: has_parameter_sets.then(|| parameter_sets(&annex_b, &units, &roles)),
            sequence_set: sequence_set.map(Into::into),
            profile_idc: sequence_set.and_then(|unit| self.profile_idc(unit)),
            samples: sequence_set.and_then(|unit| self.samples(unit)),
            without_picture: if has(Role::SkippedLeadingSlice) {
                NoPicture::MissingReference
            } else if has(Role::IgnoredSlice) && is_empty {
                NoPicture::NotShown
            } else {
                NoPicture::Corrupt
            },
            annex_b,
        }
    }

    fn profile_idc(self, sequence_set: &[u8]) -> Option<u8> {
        (self == Self::H264)
            .then(|| sequence_set.get(1).copied())
            .flatten()
    }

    pub(super) fn samples(self, sequence_set: &[u8]) -> Option<Samples> {
        match self {
            Self::H264 => samples::h264(sequence_set),
            Self::Hevc => samples::hevc(sequence_set),
        }
    }
}

/// What the choice of a sequence parameter set takes.
fn sets<'a>(annex_b: &'a [u8], units: &[Range<usize>], roles: &[Role]) -> Sets<'a> {
    let mut sets = Sets::default();
    for (unit, role) in units.iter().zip(roles) {
        let unit = &annex_b[unit.clone()];
        match role {
            Role::SequenceParameterSet => sets.sequence.push(unit),
            Role::PictureParameterSet => sets.picture.push(unit),
            role if role.is_slice() => {
                sets.slice.get_or_insert(unit);
            }
            _ => {}
        }
    }
    sets
}

fn parameter_sets(annex_b: &[u8], units: &[Range<usize>], roles: &[Role]) -> Arc<[u8]> {
    units
        .iter()
        .zip(roles)
        .filter(|(_, role)| role.is_parameter_set())
        .flat_map(|(unit, _)| [&nal::START_CODE[..], &annex_b[unit.clone()]].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annex_b(units: &[&[u8]]) -> Arc<[u8]> {
        units
            .iter()
            .flat_map(|unit| [&[0, 0, 0, 1], *unit].concat())
            .collect()
    }

    fn length_prefixed(units: &[&[u8]]) -> Arc<[u8]> {
        units
            .iter()
            .flat_map(|unit| [&(unit.len() as u32).to_be_bytes()[..], unit].concat())
            .collect()
    }

    const SPS: &[u8] = &[0x67, 100, 0, 30];
    const PPS: &[u8] = &[0x68, 0xee];
    const IDR: &[u8] = &[0x65, 0x88];

    #[test]
    fn an_h264_random_access_point_needs_sps_pps_and_idr() {
        for framed in [annex_b, length_prefixed] {
            assert!(
                Syntax::H264
                    .inspect(&framed(&[SPS, PPS, IDR]))
                    .is_random_access
            );
            assert!(!Syntax::H264.inspect(&framed(&[IDR])).is_random_access);
            assert!(!Syntax::H264.inspect(&framed(&[SPS, PPS])).is_random_access);
            assert!(
                !Syntax::H264
                    .inspect(&framed(&[SPS, PPS, &[0x41, 1]]))
                    .is_random_access
            );
        }
    }

    #[test]
    fn an_h264_recovery_point_with_parameter_sets_is_a_random_access_point() {
        let (recovery, refresh) = (&[0x06, 6, 1, 0xc4, 0x80][..], &[0x06, 6, 1, 0x48, 0x80][..]);
        let slice = &[0x41, 1][..];
        for (units, expected) in [
            (&[SPS, PPS, recovery, slice][..], true),
            (&[SPS, PPS, refresh, slice], false),
            (&[recovery, slice], false),
            (&[SPS, PPS, recovery], false),
        ] {
            let unit = Syntax::H264.inspect(&annex_b(units));
            assert_eq!(unit.is_random_access, expected, "{units:x?}");
        }
    }

    #[test]
    fn an_hevc_random_access_point_needs_a_vps_too() {
        let (vps, sps, pps) = (&[0x40, 1][..], &[0x42, 1][..], &[0x44, 1][..]);
        for irap in 16u8..=21 {
            let slice = [irap << 1, 1];
            assert!(
                Syntax::Hevc
                    .inspect(&annex_b(&[vps, sps, pps, &slice]))
                    .is_random_access
            );
            assert!(
                !Syntax::Hevc
                    .inspect(&annex_b(&[sps, pps, &slice]))
                    .is_random_access
            );
        }
        assert!(
            !Syntax::Hevc
                .inspect(&annex_b(&[vps, sps, pps, &[1 << 1, 1]]))
                .is_random_access
        );
    }

    #[test]
    fn length_prefixed_data_is_given_start_codes() {
        let unit = Syntax::H264.inspect(&length_prefixed(&[SPS, PPS, IDR]));
        assert_eq!(unit.framing, Framing::LengthPrefixed);
        assert_eq!(unit.annex_b, annex_b(&[SPS, PPS, IDR]));
        assert_eq!(unit.parameter_sets, Some(annex_b(&[SPS, PPS])));
        assert_eq!(unit.profile_idc, Some(100));
    }

    #[test]
    fn a_recovery_point_is_found_behind_other_messages() {
        let slice = [0x41, 1];
        for (messages, expected) in [
            (&[0x06, 6, 1, 0xc4, 0x80][..], true),
            (&[0x06, 5, 2, 9, 9, 6, 1, 0x80, 0x80], true),
            (&[0x06, 0xff, 1, 0, 6, 1, 0x80, 0x80], true),
            (&[0x06, 6, 1, 0x40, 0x80], false),
            (&[0x06, 5, 1, 6, 0x80], false),
            (&[0x06, 5, 200, 6], false),
            (&[0x06], false),
        ] {
            let unit = Syntax::H264.inspect(&annex_b(&[messages, &slice]));
            assert_eq!(unit.is_recovery_point, expected, "{messages:x?}");
            assert!(!unit.is_random_access);
        }
    }

    #[test]
    fn nothing_refers_past_idr_and_bla_pictures() {
        let refreshes = |syntax: Syntax, units: &[&[u8]]| syntax.inspect(&annex_b(units)).refreshes;
        assert!(refreshes(Syntax::H264, &[IDR]));
        let recovery = &[0x06, 6, 1, 0xc4, 0x80][..];
        assert!(!refreshes(Syntax::H264, &[recovery, &[0x41, 1]]));
        assert!(!refreshes(Syntax::H264, &[&[0x41, 1], IDR]), "two pictures");
        let of_type = |kind: u8| refreshes(Syntax::Hevc, &[&[kind << 1, 1]]);
        assert_eq!(
            (0..32).filter(|kind| of_type(*kind)).collect::<Vec<_>>(),
            [16, 17, 18, 19, 20]
        );
    }

    #[test]
    fn pictures_restart_at_idr_irap_and_recovery_points_and_parameter_sets_hold_none() {
        let recovery = &[0x06, 6, 1, 0xc4, 0x80][..];
        let inspect = |syntax: Syntax, units: &[&[u8]]| {
            let unit = syntax.inspect(&annex_b(units));
            (unit.restarts, unit.is_empty)
        };
        for (units, expected) in [
            (&[IDR][..], (true, false)),
            (&[recovery, &[0x41, 1]], (true, false)),
            (&[&[0x41, 1]], (false, false)),
            (&[recovery], (false, true)),
            (&[SPS, PPS], (false, true)),
        ] {
            assert_eq!(inspect(Syntax::H264, units), expected, "{units:x?}");
        }
        assert_eq!(inspect(Syntax::Hevc, &[&[21 << 1, 1]]), (true, false));
        assert_eq!(inspect(Syntax::Hevc, &[&[1 << 1, 1]]), (false, false));
        assert_eq!(inspect(Syntax::Hevc, &[&[8 << 1, 1]]), (false, false));
        assert_eq!(inspect(Syntax::Hevc, &[&[0x40, 1]]), (false, true));
        let garbage = Syntax::H264.inspect(&Arc::from(&[0xff; 40][..]));
        assert!(!garbage.is_empty, "it may have been a picture");
    }

    #[test]
    fn a_rasl_picture_may_lack_its_references() {
        let unit = Syntax::Hevc.inspect(&annex_b(&[&[8 << 1, 1, 0]]));
        assert_eq!(unit.without_picture, NoPicture::MissingReference);
    }

    #[test]
    fn slices_of_further_layers_and_reserved_types_hold_no_picture() {
        let (layer, reserved) = (&[1 << 1, 1 << 3 | 1, 0x80][..], &[22 << 1, 1, 0x80][..]);
        for ignored in [layer, reserved] {
            let unit = Syntax::Hevc.inspect(&annex_b(&[ignored]));
            assert!(unit.is_empty && unit.is_ignored && !unit.restarts);
            let with_sets = Syntax::Hevc.inspect(&annex_b(&[&[0x42, 1, 1], ignored]));
            assert!(with_sets.is_empty && !with_sets.is_ignored);
            assert_eq!(unit.without_picture, NoPicture::NotShown);
            let unit = Syntax::Hevc.inspect(&annex_b(&[&[19 << 1, 1, 0x80], ignored]));
            assert!(!unit.is_empty && unit.refreshes);
            assert_eq!(unit.without_picture, NoPicture::Corrupt);
        }
        let parameter_set = Syntax::Hevc.inspect(&annex_b(&[&[0x42, 1 << 3 | 1, 1]]));
        assert!(parameter_set.sequence_set.is_none() && parameter_set.is_ignored);
    }

    #[test]
    fn garbage_is_no_random_access_point() {
        for data in [&[][..], &[1, 2, 3], &[0, 0, 1], &[0xff; 40]] {
            let unit = Syntax::Hevc.inspect(&Arc::from(data));
            assert!(!unit.is_random_access);
            assert_eq!(&unit.annex_b[..], data);
        }
    }
}
