//! Picture order counts of H.264 (ITU-T H.264, 8.2.1).

use std::num::NonZeroUsize;

use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::slice::{
    DecRefPicMarking, Field, FieldPic, MemoryManagementControlOperation, PicOrderCountLsb,
    SliceHeader,
};
use h264_reader::nal::sps::{PicOrderCntType, SeqParameterSet};
use h264_reader::nal::{NalHeader, UnitType};

use super::parameter_sets::ParameterSets;
use super::timeline::{Picture, Refresh};
use crate::bitstream::bits::bits;
use crate::bitstream::recovery;

/// Reads the NAL units of an H.264 stream in decoding order.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderCounts {
    parameter_sets: ParameterSets,
    /// The picture whose slices are being read, in the current access unit.
    current: Option<Identity>,
    /// A NAL unit has come that stands between access units, behind the slices of `current`.
    is_delimited: bool,
    /// The first field of a frame whose second has not come yet.
    first_field: Option<Identity>,
    /// Picture order count of the picture that the stream began with, if that was no IDR picture: what is
    /// shown before it refers to pictures that are not there.
    began_at: Option<i64>,
    /// `PrevRefFrameNum`: of the latest reference picture (7.4.3).
    reference_frame_num: Option<u16>,
    /// `recovery_frame_cnt` in front of the picture of the current access unit.
    recovery_message: Option<u32>,
    /// The gradual refresh that runs: `frame_num` where it began, and how many on it ends.
    refresh: Option<(u16, u32)>,
    /// An IDR slice of the current access unit whose header could not be read.
    unread_idr: bool,
    previous: Previous,
}

/// What the picture order count of the next picture depends on.
#[derive(Debug, Clone, Copy, Default)]
struct Previous {
    /// `prevPicOrderCntMsb` + `prevPicOrderCntLsb` (type 0).
    reference: i64,
    /// `prevFrameNum` and `prevFrameNumOffset` (types 1 and 2).
    frame_num: i64,
    frame_num_offset: i64,
}

/// What tells the slices of one picture from those of the next (7.4.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    frame_num: u16,
    structure: Structure,
    is_reference: bool,
    is_idr: bool,
    idr_pic_id: Option<u32>,
    /// `pic_order_cnt_lsb` and the deltas.
    order_count: [i64; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Structure {
    Frame,
    TopField,
    BottomField,
}

/// `TopFieldOrderCnt` and `BottomFieldOrderCnt` of one picture, with what the next depends on.
struct Counts {
    top: i64,
    bottom: i64,
    next: Previous,
}

impl OrderCounts {
    /// Forgets the picture of the last access unit: an equal one that follows is another picture.
    pub fn begin_access_unit(&mut self) {
        self.current = None;
        self.is_delimited = false;
        self.recovery_message = None;
        self.unread_idr = false;
    }

    /// Reads a NAL unit; returns the picture that begins with it.
    pub fn read(&mut self, unit: &[u8]) -> Option<Picture> {
        let header = NalHeader::new(*unit.first()?).ok()?;
        match header.nal_unit_type() {
            UnitType::AccessUnitDelimiter => {
                self.is_delimited = true;
                None
            }
            UnitType::SeqParameterSet => {
                self.is_delimited = true;
                if let Ok(set) = SeqParameterSet::from_bits(bits(unit, NonZeroUsize::MIN)) {
                    self.parameter_sets.put_sequence(set);
                }
                None
            }
            UnitType::PicParameterSet => {
                let bits = bits(unit, NonZeroUsize::MIN);
                if let Ok(set) = PicParameterSet::from_bits(&self.parameter_sets, bits) {
                    self.parameter_sets.put_picture(set);
                }
                None
            }
            UnitType::SEI => {
                // Other messages may come in NAL units of their own.
                let message = recovery::frame_count(&unit[1..]);
                self.recovery_message = message.or(self.recovery_message);
                None
            }
            UnitType::SliceLayerWithoutPartitioningIdr
            | UnitType::SliceLayerWithoutPartitioningNonIdr
            | UnitType::SliceDataPartitionALayer => self.read_slice(unit, header),
            _ => None,
        }
    }

    /// The picture of an access unit of which no slice header could be read: an IDR picture is known by
    /// its type, and counts from 0.
    pub fn end_access_unit(&mut self) -> Option<Picture> {
        if !std::mem::take(&mut self.unread_idr) || self.current.is_some() {
            return None;
        }
        self.previous = Previous::default();
        self.reference_frame_num = Some(0);
        self.first_field = None;
        Some(Picture {
            order_count: 0,
            begins_sequence: true,
            second_field: false,
            lacks_references: false,
            follows_loss: false,
            refresh: Refresh::default(),
        })
    }

    fn read_slice(&mut self, unit: &[u8], header: NalHeader) -> Option<Picture> {
        let is_idr = header.nal_unit_type() == UnitType::SliceLayerWithoutPartitioningIdr;
        let mut bits = bits(unit, NonZeroUsize::MIN);
        let Ok((slice, sequence, _)) =
            SliceHeader::from_bits(&self.parameter_sets, &mut bits, header, None)
        else {
            self.unread_idr |= is_idr;
            return None;
        };
        let identity = Identity::new(header, is_idr, &slice);
        // Some encoders give all IDR pictures the same `idr_pic_id`.
        let begins_again = std::mem::take(&mut self.is_delimited) && slice.first_mb_in_slice == 0;
        let is_same = self.current == Some(identity) && !begins_again;
        if slice.redundant_pic_cnt.unwrap_or(0) > 0 || is_same {
            return None;
        }
        let before = if is_idr {
            Previous::default()
        } else {
            self.previous
        };
        let follows_loss = !is_idr
            && !sequence.gaps_in_frame_num_value_allowed_flag
            && self.reference_frame_num.is_some_and(|reference| {
                let step = i64::from(identity.frame_num) - i64::from(reference);
                step.rem_euclid(1 << sequence.log2_max_frame_num()) > 1
            });
        let max_frame_num = 1 << sequence.log2_max_frame_num();
        let counts = before.count(&identity, sequence);
        let resets = resets_order(&slice);
        self.current = Some(identity);
        let refresh = self.follow_refresh(&identity, max_frame_num);
        let second_field = !resets
            && self
                .first_field
                .take()
                .is_some_and(|first| first.is_completed_by(&identity));
        self.first_field =
            (!second_field && identity.structure != Structure::Frame).then_some(Identity {
                // 7.4.3: inferred after decoding.
                frame_num: if resets { 0 } else { identity.frame_num },
                ..identity
            });
        let order_count = counts.of(identity.structure);
        if is_idr || resets {
            self.began_at = None;
        } else if self.reference_frame_num.is_none() {
            self.began_at = Some(order_count);
        }
        if resets {
            self.reference_frame_num = Some(0);
        } else if identity.is_reference {
            self.reference_frame_num = Some(identity.frame_num);
        }
        self.previous = if resets {
            counts.reset(identity.structure)
        } else {
            counts.next
        };
        Some(Picture {
            // tempPicOrderCnt is taken off when memory_management_control_operation is 5.
            order_count: if resets { 0 } else { order_count },
            begins_sequence: (is_idr || resets) && !second_field,
            second_field,
            lacks_references: self.began_at.is_some_and(|first| order_count < first),
            follows_loss,
            refresh,
        })
    }
}

impl OrderCounts {
    /// Whether the gradual refresh that runs ends with this picture, and another begins (D.2.8).
    fn follow_refresh(&mut self, picture: &Identity, max_frame_num: i64) -> Refresh {
        if picture.is_idr {
            self.refresh = None;
            return Refresh::default();
        }
        let completes = self.refresh.is_some_and(|(from, count)| {
            let frames = i64::from(picture.frame_num) - i64::from(from);
            frames.rem_euclid(max_frame_num) >= i64::from(count)
        });
        if completes {
            self.refresh = None;
        }
        let message = self.recovery_message.take().filter(|&count| count > 0);
        let begins = self.refresh.is_none() && message.is_some();
        if let Some(count) = message
            && begins
        {
            self.refresh = Some((picture.frame_num, count));
        }
        Refresh { begins, completes }
    }
}

/// Whether the picture has `memory_management_control_operation` 5, which makes it begin a sequence.
fn resets_order(slice: &SliceHeader) -> bool {
    match &slice.dec_ref_pic_marking {
        Some(DecRefPicMarking::Adaptive(operations)) => operations.iter().any(|operation| {
            matches!(
                operation,
                MemoryManagementControlOperation::AllRefPicturesUnused
            )
        }),
        _ => false,
    }
}

impl Identity {
    fn new(header: NalHeader, is_idr: bool, slice: &SliceHeader) -> Self {
        Self {
            frame_num: slice.frame_num,
            structure: match slice.field_pic {
                FieldPic::Frame => Structure::Frame,
                FieldPic::Field(Field::Top) => Structure::TopField,
                FieldPic::Field(Field::Bottom) => Structure::BottomField,
            },
            is_reference: header.nal_ref_idc() != 0,
            is_idr,
            idr_pic_id: slice.idr_pic_id,
            order_count: match slice.pic_order_cnt_lsb {
                None => [0; 3],
                Some(PicOrderCountLsb::Frame(lsb)) => [lsb.into(), 0, 0],
                Some(PicOrderCountLsb::FieldsAbsolute {
                    pic_order_cnt_lsb,
                    delta_pic_order_cnt_bottom,
                }) => [
                    pic_order_cnt_lsb.into(),
                    delta_pic_order_cnt_bottom.into(),
                    0,
                ],
                Some(PicOrderCountLsb::FieldsDelta([first, second])) => {
                    [0, first.into(), second.into()]
                }
            },
        }
    }

    /// Whether `self`, a first field, and `second` are the fields of one frame (3.30, 3.31).
    fn is_completed_by(&self, second: &Self) -> bool {
        let parities = [self.structure, second.structure];
        (parities == [Structure::TopField, Structure::BottomField]
            || parities == [Structure::BottomField, Structure::TopField])
            && self.frame_num == second.frame_num
            && self.is_reference == second.is_reference
            && (!second.is_idr || self.idr_pic_id == second.idr_pic_id)
    }
}

impl Previous {
    fn count(self, picture: &Identity, sequence: &SeqParameterSet) -> Counts {
        match &sequence.pic_order_cnt {
            PicOrderCntType::TypeZero {
                log2_max_pic_order_cnt_lsb_minus4,
            } => self.count_lsb(picture, 1 << (log2_max_pic_order_cnt_lsb_minus4 + 4)),
            PicOrderCntType::TypeOne {
                offset_for_non_ref_pic,
                offset_for_top_to_bottom_field,
                offsets_for_ref_frame,
                ..
            } => {
                let next = self.count_frames(picture, sequence);
                let offsets: Vec<i64> = offsets_for_ref_frame.iter().map(|&o| o.into()).collect();
                let mut expected = expected_order(picture, next.frame_num_offset, &offsets);
                if !picture.is_reference {
                    expected = expected.saturating_add((*offset_for_non_ref_pic).into());
                }
                let [_, delta, delta_bottom] = picture.order_count;
                let top = expected.saturating_add(delta);
                let bottom = top
                    .saturating_add((*offset_for_top_to_bottom_field).into())
                    .saturating_add(delta_bottom);
                Counts { top, bottom, next }
            }
            PicOrderCntType::TypeTwo => {
                let next = self.count_frames(picture, sequence);
                let doubled = 2 * (next.frame_num_offset + next.frame_num);
                let count = doubled - i64::from(!picture.is_reference);
                Counts {
                    top: count,
                    bottom: count,
                    next,
                }
            }
        }
    }

    /// Type 0 (8.2.1.1).
    fn count_lsb(self, picture: &Identity, max_lsb: i64) -> Counts {
        let [lsb, delta_bottom, _] = picture.order_count;
        let count = super::order_count(lsb, self.reference, max_lsb);
        Counts {
            top: count,
            bottom: count + delta_bottom,
            next: Self {
                reference: if picture.is_reference {
                    count
                } else {
                    self.reference
                },
                ..self
            },
        }
    }

    /// `FrameNumOffset` of types 1 and 2.
    fn count_frames(self, picture: &Identity, sequence: &SeqParameterSet) -> Self {
        let frame_num = picture.frame_num.into();
        let wrapped = !picture.is_idr && self.frame_num > frame_num;
        Self {
            frame_num,
            frame_num_offset: self.frame_num_offset
                + if wrapped {
                    1 << sequence.log2_max_frame_num()
                } else {
                    0
                },
            ..self
        }
    }
}

/// `expectedPicOrderCnt` of type 1 (8.2.1.2), without `offset_for_non_ref_pic`.
fn expected_order(picture: &Identity, frame_num_offset: i64, offsets: &[i64]) -> i64 {
    let frames = if offsets.is_empty() {
        0
    } else {
        frame_num_offset + i64::from(picture.frame_num)
    };
    let frames = frames - i64::from(!picture.is_reference && frames > 0);
    if frames == 0 {
        return 0;
    }
    let cycle = offsets.len() as i64;
    let whole: i64 = offsets.iter().sum();
    let rest: i64 = offsets[..=((frames - 1) % cycle) as usize].iter().sum();
    ((frames - 1) / cycle)
        .saturating_mul(whole)
        .saturating_add(rest)
}

impl Counts {
    /// `PicOrderCnt` of the picture (8-1).
    fn of(&self, structure: Structure) -> i64 {
        match structure {
            Structure::Frame => self.top.min(self.bottom),
            Structure::TopField => self.top,
            Structure::BottomField => self.bottom,
        }
    }

    /// What the next picture depends on after `memory_management_control_operation` 5.
    fn reset(&self, structure: Structure) -> Previous {
        Previous {
            reference: match structure {
                Structure::Frame => self.top - self.top.min(self.bottom),
                Structure::TopField | Structure::BottomField => 0,
            },
            ..Previous::default()
        }
    }
}
