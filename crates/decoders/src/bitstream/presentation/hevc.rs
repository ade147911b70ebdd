//! Picture order counts of HEVC (ITU-T H.265, 8.3.1).

use std::sync::Arc;

use h264_reader::rbsp::{BitRead, BitReaderError};

use super::hevc_kept::KeptPictures;
use super::timeline::{Picture, Refresh};
use crate::bitstream::bits::bits;
use crate::bitstream::hevc_references::{Reference, ReferenceSets};
use crate::bitstream::hevc_sequence::{HEADER, SequenceSet};
use crate::bitstream::recovery;

/// NAL unit types (table 7-1).
mod unit {
    use std::ops::RangeInclusive;

    /// Sub-layer non-reference pictures have the even types up to here.
    pub const LAST_NON_REFERENCE: u8 = 14;
    /// RADL and RASL pictures.
    pub const LEADING: RangeInclusive<u8> = 6..=9;
    /// RASL pictures.
    pub const SKIPPED_LEADING: RangeInclusive<u8> = 8..=9;
    /// Slices of all pictures but random access pictures.
    pub const PLAIN: RangeInclusive<u8> = 0..=9;
    /// Slices of random access pictures.
    pub const RANDOM_ACCESS: RangeInclusive<u8> = 16..=21;
    pub const IDR: RangeInclusive<u8> = 19..=20;
    pub const CLEAN_RANDOM_ACCESS: u8 = 21;
    pub const SEQUENCE_PARAMETER_SET: u8 = 33;
    pub const PICTURE_PARAMETER_SET: u8 = 34;
    /// Supplemental enhancement information in front of a picture.
    pub const MESSAGES: u8 = 39;
    /// End of sequence and end of bitstream.
    pub const END: RangeInclusive<u8> = 36..=37;
}

/// Reads the NAL units of an HEVC stream in decoding order.
#[derive(Debug, Clone)]
pub(super) struct OrderCounts {
    sequence_sets: [Option<SequenceSet>; 16],
    /// The reference picture sets of each, where they can be read.
    reference_sets: [Option<Arc<ReferenceSets>>; 16],
    picture_sets: [Option<PictureSet>; 64],
    kept: KeptPictures,
    start: Start,
    /// `recovery_poc_cnt` in front of the picture of the current access unit.
    recovery_message: Option<i32>,
    /// The picture order count with which the gradual refresh that runs is complete.
    refresh_until: Option<i64>,
    /// A slice of the current access unit was read.
    in_picture: bool,
    /// An IDR slice of the current access unit could not be read.
    unread_idr: bool,
    /// Picture order count of the previous picture in decoding order that others refer to
    /// (`prevTid0Pic`).
    previous: i64,
}

/// The parts of a picture parameter set that slice headers depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PictureSet {
    sequence_set: usize,
    dependent_slices: bool,
    output_flag_present: bool,
    extra_slice_header_bits: u32,
}

/// Where coded video sequences begin.
#[derive(Debug, Clone)]
struct Start {
    /// No random access picture has come since the beginning or the end of a sequence.
    is_awaited: bool,
    /// The latest random access picture began a sequence: what its leading pictures refer to is not
    /// there (`NoRaslOutputFlag`).
    was_latest: bool,
}

impl Default for OrderCounts {
    fn default() -> Self {
        Self {
            sequence_sets: [None; 16],
            reference_sets: [const { None }; 16],
            picture_sets: [None; 64],
            kept: KeptPictures::default(),
            start: Start {
                is_awaited: true,
                was_latest: true,
            },
            recovery_message: None,
            refresh_until: None,
            in_picture: false,
            unread_idr: false,
            previous: 0,
        }
    }
}

impl OrderCounts {
    /// Forgets the picture of the last access unit.
    pub fn begin_access_unit(&mut self) {
        self.recovery_message = None;
        self.in_picture = false;
        self.unread_idr = false;
    }

    /// Reads a NAL unit; returns the picture that begins with it.
    pub fn read(&mut self, unit: &[u8]) -> Option<Picture> {
        let &[first, second, ..] = unit else {
            return None;
        };
        let (kind, layer) = (first >> 1, (first & 1) << 5 | second >> 3);
        let temporal_id = (second & 7).checked_sub(1)?;
        if layer != 0 {
            return None;
        }
        match kind {
            unit::SEQUENCE_PARAMETER_SET => {
                let mut bits = bits(unit, HEADER);
                if let Ok((id, set)) = SequenceSet::read(&mut bits)
                    && let Some(slot) = self.sequence_sets.get_mut(id)
                {
                    *slot = set;
                    let sets =
                        set.and_then(|set| ReferenceSets::read(&mut bits, set.log2_max_lsb).ok());
                    self.reference_sets[id] = sets.map(Arc::new);
                }
                None
            }
            unit::PICTURE_PARAMETER_SET => {
                if let Ok((id, set)) = PictureSet::read(&mut bits(unit, HEADER))
                    && let Some(slot) = self.picture_sets.get_mut(id)
                {
                    *slot = Some(set);
                }
                None
            }
            unit::MESSAGES => {
                let message = recovery::order_distance(&unit[HEADER.get()..]);
                self.recovery_message = message.or(self.recovery_message);
                None
            }
            _ if unit::END.contains(&kind) => {
                self.start.is_awaited = true;
                None
            }
            _ if unit::PLAIN.contains(&kind) || unit::RANDOM_ACCESS.contains(&kind) => {
                self.read_slice(unit, kind, temporal_id)
            }
            _ => None,
        }
    }

    /// The picture of an access unit of which no slice header could be read: an IDR picture is known by
    /// its type, and counts from 0.
    pub fn end_access_unit(&mut self) -> Option<Picture> {
        (std::mem::take(&mut self.unread_idr) && !self.in_picture)
            .then(|| self.count(*unit::IDR.start(), 0, &SliceHeader::of_idr()))
    }

    fn read_slice(&mut self, unit: &[u8], kind: u8, temporal_id: u8) -> Option<Picture> {
        let is_first = unit.get(HEADER.get()).is_some_and(|byte| byte & 0x80 != 0);
        if self.in_picture && !is_first {
            return None;
        }
        let Ok(Some(header)) = self.read_header(&mut bits(unit, HEADER), kind) else {
            self.unread_idr |= unit::IDR.contains(&kind);
            return None;
        };
        self.in_picture = true;
        Some(self.count(kind, temporal_id, &header))
    }

    /// Reads a slice segment header (7.3.6.1) up to the reference picture set. `None` for a slice segment that has
    /// none of its own or whose parameter sets are unknown.
    fn read_header(
        &self,
        bits: &mut impl BitRead,
        kind: u8,
    ) -> Result<Option<SliceHeader>, BitReaderError> {
        let is_first = bits.read_bit("first_slice_segment_in_pic_flag")?;
        if unit::RANDOM_ACCESS.contains(&kind) {
            bits.skip(1, "no_output_of_prior_pics_flag")?;
        }
        let picture_set = bits.read_ue("slice_pic_parameter_set_id")? as usize;
        let Some(&Some(picture_set)) = self.picture_sets.get(picture_set) else {
            return Ok(None);
        };
        let Some(&Some(sequence_set)) = self.sequence_sets.get(picture_set.sequence_set) else {
            return Ok(None);
        };
        if !is_first {
            if picture_set.dependent_slices && bits.read_bit("dependent_slice_segment_flag")? {
                return Ok(None);
            }
            bits.skip(sequence_set.address_bits, "slice_segment_address")?;
        }
        bits.skip(picture_set.extra_slice_header_bits, "slice_reserved_flag")?;
        bits.read_ue("slice_type")?;
        if picture_set.output_flag_present {
            bits.skip(1, "pic_output_flag")?;
        }
        if sequence_set.separate_colour_planes {
            bits.skip(2, "colour_plane_id")?;
        }
        if unit::IDR.contains(&kind) {
            return Ok(Some(SliceHeader::of_idr()));
        }
        let lsb = bits.read_var::<u32>(sequence_set.log2_max_lsb, "slice_pic_order_cnt_lsb")?;
        let lsb = lsb.into();
        let sets = self.reference_sets[picture_set.sequence_set].as_ref();
        Ok(Some(SliceHeader {
            lsb,
            max_lsb: 1 << sequence_set.log2_max_lsb,
            references: sets.and_then(|sets| sets.choose(bits, lsb).ok()),
        }))
    }

    fn count(&mut self, kind: u8, temporal_id: u8, header: &SliceHeader) -> Picture {
        let &SliceHeader { lsb, max_lsb, .. } = header;
        let is_random_access = unit::RANDOM_ACCESS.contains(&kind);
        // NoRaslOutputFlag
        let begins_sequence =
            is_random_access && (kind != unit::CLEAN_RANDOM_ACCESS || self.start.is_awaited);
        let order_count = if begins_sequence {
            lsb
        } else {
            super::order_count(lsb, self.previous, max_lsb)
        };
        self.start.is_awaited &= !is_random_access;
        if is_random_access {
            self.start.was_latest = begins_sequence;
        }
        let is_reference = kind > unit::LAST_NON_REFERENCE || kind % 2 == 1;
        if temporal_id == 0 && is_reference && !unit::LEADING.contains(&kind) {
            self.previous = order_count;
        }
        if begins_sequence {
            self.kept = KeptPictures::default();
        }
        let refresh = self.follow_refresh(is_random_access, order_count);
        let lacks_references = self.start.was_latest && unit::SKIPPED_LEADING.contains(&kind);
        let references = header.references.as_deref();
        Picture {
            order_count,
            begins_sequence,
            second_field: false,
            lacks_references,
            follows_loss: !lacks_references && self.kept.follow(order_count, max_lsb, references),
            refresh,
        }
    }

    /// Whether the gradual refresh that runs ends with this picture, and another begins (D.3.8).
    fn follow_refresh(&mut self, is_random_access: bool, order_count: i64) -> Refresh {
        let message = self.recovery_message.take();
        if is_random_access {
            self.refresh_until = None;
            return Refresh::default();
        }
        let completes = self.refresh_until.take_if(|until| order_count >= *until);
        let begins = self.refresh_until.is_none() && message.is_some();
        if let Some(distance) = message
            && begins
        {
            self.refresh_until = Some(order_count.saturating_add(distance.into()));
        }
        Refresh {
            begins,
            completes: completes.is_some(),
        }
    }
}

/// What a slice segment header tells.
#[derive(Debug)]
struct SliceHeader {
    lsb: i64,
    /// The range of `lsb`.
    max_lsb: i64,
    /// The pictures that are kept, if they could be read.
    references: Option<Vec<Reference>>,
}

impl SliceHeader {
    /// That of an IDR picture, which tells nothing.
    fn of_idr() -> Self {
        Self {
            lsb: 0,
            max_lsb: 1,
            references: Some(Vec::new()),
        }
    }
}

impl PictureSet {
    /// Reads the beginning of a picture parameter set (7.3.2.3.1); returns its id.
    fn read(bits: &mut impl BitRead) -> Result<(usize, Self), BitReaderError> {
        let id = bits.read_ue("pps_pic_parameter_set_id")? as usize;
        let set = Self {
            sequence_set: bits.read_ue("pps_seq_parameter_set_id")? as usize,
            dependent_slices: bits.read_bit("dependent_slice_segments_enabled_flag")?,
            output_flag_present: bits.read_bit("output_flag_present_flag")?,
            extra_slice_header_bits: bits.read::<3, u32>("num_extra_slice_header_bits")?,
        };
        Ok((id, set))
    }
}
