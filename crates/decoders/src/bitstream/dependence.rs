//! Which access units can be left out without breaking the pictures behind them.

use std::num::NonZeroUsize;

use frames::Codec;
use h264_reader::nal::sps::{FrameMbsFlags, SeqParameterSet};

use super::bits::bits;
use super::nal::{self, Framing};
use super::{hevc_unit, samples, vp8, vpx};

/// How an access unit hangs together with those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dependence {
    /// No picture from here on refers to one before.
    pub is_start: bool,
    /// No other picture refers to this one, and nothing is read with the help of it, but for what the next says.
    pub is_disposable: bool,
    /// What it is read with, beside other pictures.
    pub context: Context,
}

/// What an access unit leaves to the next, beside its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Context {
    /// Nothing, or nothing that an access unit that is disposable changes.
    #[default]
    Unchanged,
    /// Something new: it needs nothing of the one in front.
    Begun,
    /// Something that it may have made of what the one in front left.
    Continued,
}

impl Dependence {
    const INDEPENDENT: Self = Self {
        is_start: true,
        is_disposable: true,
        context: Context::Unchanged,
    };

    /// Whether it can be left out in front of `next`, which may be still unknown.
    pub fn can_go(self, next: Option<Self>) -> bool {
        let is_needed = self.context != Context::Unchanged
            && next.is_none_or(|next| next.context == Context::Continued);
        self.is_disposable && !is_needed
    }
}

/// Reads the access units of one stream, from its start.
#[derive(Debug, Clone)]
pub struct DependenceReader {
    codec: Codec,
    /// Whether pictures of the topmost temporal layer can be told, and which it is.
    top_layer: Option<u8>,
    vp8: vp8::HeaderReader,
}

impl DependenceReader {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            top_layer: None,
            vp8: vp8::HeaderReader::default(),
        }
    }

    /// Of the next access unit; H.264 and HEVC with start codes.
    ///
    /// An AV1 frame that no picture refers to is not told from others.
    pub fn read(&mut self, data: &[u8]) -> Dependence {
        match self.codec {
            Codec::H264 => self.of_units(data, Self::h264),
            Codec::Hevc => self.of_units(data, Self::hevc),
            Codec::Vp8 => Dependence {
                is_start: data.first().is_some_and(|tag| tag & 1 == 0),
                is_disposable: self.vp8.is_disposable(data),
                ..Dependence::default()
            },
            Codec::Vp9 => Dependence {
                is_start: samples::vp9(data).is_some(),
                is_disposable: vpx::vp9_is_unreferenced(data),
                context: if vpx::vp9_leans_on_previous(data) {
                    Context::Continued
                } else {
                    Context::Begun
                },
            },
            Codec::Av1 => Dependence {
                is_start: super::av1::is_start(data),
                ..Dependence::default()
            },
            Codec::Jpeg
            | Codec::SwJpeg
            | Codec::Png
            | Codec::RawRgba
            | Codec::RawRgb
            | Codec::RawNv12 => Dependence::INDEPENDENT,
        }
    }

    fn of_units(&mut self, data: &[u8], role: impl Fn(&mut Self, &[u8]) -> Role) -> Dependence {
        let (mut starts, mut disposable, mut others) = (false, false, false);
        for unit in nal::units(data, Framing::AnnexB).unwrap_or_default() {
            match role(self, &data[unit]) {
                Role::Start => starts = true,
                Role::Disposable => disposable = true,
                Role::Needed => others = true,
                Role::Message => {}
            }
        }
        Dependence {
            is_start: starts,
            is_disposable: disposable && !starts && !others,
            ..Dependence::default()
        }
    }

    /// H.264, table 7-1: `nal_ref_idc` 0 marks slices of pictures that none refers to. Where there may be
    /// fields, half of a frame could go.
    fn h264(&mut self, unit: &[u8]) -> Role {
        let Some(&header) = unit.first() else {
            return Role::Message;
        };
        match header & 0x1f {
            5 => Role::Start,
            1 if header & 0x60 == 0 && self.top_layer.is_some() => Role::Disposable,
            7 => {
                let set = SeqParameterSet::from_bits(bits(unit, NonZeroUsize::MIN));
                let is_progressive =
                    set.is_ok_and(|set| matches!(set.frame_mbs_flags, FrameMbsFlags::Frames));
                self.top_layer = is_progressive.then_some(0);
                Role::Needed
            }
            1..=4 | 8 | 13 | 15 | 20 | 21 => Role::Needed,
            _ => Role::Message,
        }
    }

    /// HEVC, table 7-1: pictures of even types up to 14 are referred to by none of their own temporal layer, so
    /// by none at all if there is no layer above.
    fn hevc(&mut self, unit: &[u8]) -> Role {
        let &[first, second, ..] = unit else {
            return Role::Message;
        };
        let layer = (second & 7).saturating_sub(1);
        match (first >> 1) & 0x3f {
            _ if hevc_unit::is_ignored(unit) => Role::Message,
            16..=20 => Role::Start,
            kind @ 0..=14 if kind % 2 == 0 && self.top_layer == Some(layer) => Role::Disposable,
            33 => {
                // sps_max_sub_layers_minus1 follows 4 bits of another field.
                self.top_layer = unit.get(2).map(|byte| byte >> 1 & 7);
                Role::Needed
            }
            0..=34 => Role::Needed,
            _ => Role::Message,
        }
    }
}

/// What a NAL unit is to the pictures behind it.
enum Role {
    Start,
    Disposable,
    Needed,
    Message,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: &mut DependenceReader, units: &[&[u8]]) -> (bool, bool) {
        let data: Vec<u8> = units
            .iter()
            .flat_map(|unit| [&[0, 0, 0, 1], *unit].concat())
            .collect();
        let dependence = reader.read(&data);
        (dependence.is_start, dependence.can_go(None))
    }

    #[test]
    fn h264_reference_idc_tells_in_streams_without_fields() {
        // Baseline, 16x16; frame_mbs_only_flag 1 and 0.
        let progressive: &[u8] = &[0x67, 66, 0, 10, 0xf4, 0xff, 0x90];
        let (idr, reference, disposable) = (&[0x65, 1][..], &[0x41, 1][..], &[0x01, 1][..]);
        let mut reader = DependenceReader::new(Codec::H264);
        assert_eq!(
            read(&mut reader, &[disposable]),
            (false, false),
            "fields may come"
        );
        let first = read(&mut reader, &[progressive, &[0x68, 1], idr]);
        assert_eq!(first, (true, false));
        reader.top_layer = Some(0);
        assert_eq!(read(&mut reader, &[reference]), (false, false));
        assert_eq!(read(&mut reader, &[disposable, disposable]), (false, true));
        assert_eq!(
            read(&mut reader, &[&[0x68, 1], disposable]),
            (false, false),
            "it brings a parameter set"
        );
        assert_eq!(
            read(&mut reader, &[&[0x06, 5], disposable]),
            (false, true),
            "messages do not matter"
        );
    }

    #[test]
    fn hevc_pictures_of_the_topmost_layer_may_be_disposable() {
        let set = |layers: u8| vec![0x42, 1, layers << 1 | 1, 0x80];
        let slice = |kind: u8, layer: u8| vec![kind << 1, layer + 1];
        let mut reader = DependenceReader::new(Codec::Hevc);
        for idr in 16..=20 {
            assert!(read(&mut reader, &[&set(0), &slice(idr, 0)]).0);
        }
        assert_eq!(read(&mut reader, &[&slice(21, 0)]), (false, false));
        assert_eq!(read(&mut reader, &[&slice(0, 0)]), (false, true));
        assert_eq!(read(&mut reader, &[&slice(1, 0)]), (false, false));
        read(&mut reader, &[&set(1)]);
        assert_eq!(read(&mut reader, &[&slice(0, 0)]), (false, false));
        assert_eq!(read(&mut reader, &[&slice(0, 1)]), (false, true));
    }

    #[test]
    fn a_vp9_frame_goes_if_the_next_needs_nothing_of_it() {
        let mut reader = DependenceReader::new(Codec::Vp9);
        let mut read = |frame: &[u8]| reader.read(frame);
        // No reference refreshed, and one; error resilient or not.
        let (alone, leans) = (read(&[0x87, 0x00, 0x80]), read(&[0x86, 0x00, 0x00, 0x80]));
        let kept = read(&[0x87, 0x01, 0x80]);
        assert!(alone.can_go(Some(kept)) && leans.can_go(Some(kept)));
        assert!(!alone.can_go(Some(leans)) && !leans.can_go(Some(leans)));
        assert!(!alone.can_go(None) && !kept.can_go(Some(alone)));
    }

    #[test]
    fn still_pictures_stand_alone() {
        let dependence = DependenceReader::new(Codec::Jpeg).read(&[]);
        assert!(dependence.is_start && dependence.is_disposable);
    }
}
