//! Which of several sequence parameter sets an access unit is about.

use h264_reader::rbsp::{BitRead, BitReaderError};

use super::bits::bits;
use super::h26x::Syntax;
use super::hevc_sequence::SequenceSet;
use super::samples::Samples;

/// NAL units of an access unit, headers included.
#[derive(Default)]
pub(super) struct Sets<'a> {
    pub sequence: Vec<&'a [u8]>,
    pub picture: Vec<&'a [u8]>,
    pub slice: Option<&'a [u8]>,
}

impl<'a> Sets<'a> {
    /// The sequence parameter set to go by. One with samples that not every decoder can do comes first, since a later
    /// picture may refer to it; then the one that the first slice refers to; then the first.
    pub fn choose(&self, syntax: Syntax) -> Option<&'a [u8]> {
        let [first, _, ..] = self.sequence[..] else {
            return self.sequence.first().copied();
        };
        let is_rare = |set: &&&[u8]| {
            let samples = syntax.samples(set);
            samples.as_ref().is_some_and(Samples::are_rare)
        };
        let rare = self.sequence.iter().find(is_rare).copied();
        rare.or_else(|| self.active(syntax)).or(Some(first))
    }

    /// The one that the first slice refers to, if that can be told.
    fn active(&self, syntax: Syntax) -> Option<&'a [u8]> {
        let wanted = syntax.picture_set_of_slice(self.slice?).ok()?;
        // Of two sets with the same id the later one counts.
        let ids = self.picture.iter().rev();
        let (_, wanted) = ids
            .filter_map(|set| syntax.picture_set_ids(set).ok())
            .find(|(id, _)| *id == wanted)?;
        let is_wanted = |set: &&&[u8]| syntax.sequence_set_id(set).is_ok_and(|id| id == wanted);
        self.sequence.iter().rev().find(is_wanted).copied()
    }
}

impl Syntax {
    /// Ids of a picture parameter set and of its sequence parameter set; they come first in both codecs.
    fn picture_set_ids(self, unit: &[u8]) -> Result<(u32, u32), BitReaderError> {
        let mut bits = bits(unit, self.header());
        let id = bits.read_ue("pic_parameter_set_id")?;
        Ok((id, bits.read_ue("seq_parameter_set_id")?))
    }

    fn sequence_set_id(self, unit: &[u8]) -> Result<u32, BitReaderError> {
        let mut bits = bits(unit, self.header());
        match self {
            Self::H264 => {
                bits.skip(8 + 8 + 8, "profile_idc, constraint_set_flags, level_idc")?;
                bits.read_ue("seq_parameter_set_id")
            }
            Self::Hevc => SequenceSet::read(&mut bits).map(|(id, _)| id as u32),
        }
    }

    /// Id of the picture parameter set that a slice refers to.
    fn picture_set_of_slice(self, unit: &[u8]) -> Result<u32, BitReaderError> {
        let mut bits = bits(unit, self.header());
        match self {
            Self::H264 => {
                bits.read_ue("first_mb_in_slice")?;
                bits.read_ue("slice_type")?;
            }
            Self::Hevc => {
                bits.skip(1, "first_slice_segment_in_pic_flag")?;
                // Random access pictures.
                if unit.first().is_some_and(|header| header >> 1 & 0x3f >= 16) {
                    bits.skip(1, "no_output_of_prior_pics_flag")?;
                }
            }
        }
        bits.read_ue("pic_parameter_set_id")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use surfaces::platform::ChromaFormat;

    use super::*;
    use crate::bitstream::unit::Unit;

    const PLAIN: (u32, u32) = (1, 0);
    const RARE: (u32, u32) = (0, 2);

    /// High 4:4:4 Predictive, so that it tells chroma format and depth; 16 pixels high.
    fn h264_sequence(id: u32, (chroma, depth): (u32, u32), columns: u32) -> Vec<u8> {
        let set = Unit::new(&[0x67])
            .u(24, 0x00f4_000a)
            .ue(&[id, chroma, depth, depth]);
        set.u(2, 0)
            .ue(&[0, 2, 1])
            .u(1, 0)
            .ue(&[columns - 1, 0])
            .u(4, 0b1000)
            .end()
    }

    fn hevc_sequence(id: u32, (chroma, depth): (u32, u32), width: u32) -> Vec<u8> {
        let set = Unit::new(&[33 << 1, 1]).u(8, 0x01).u(8, 0x01);
        let set = set.u(32, 0x6000_0000).u(32, 0x9000_0000).u(24, 60);
        let set = set.ue(&[id, chroma, width, 16]).u(1, 0);
        let set = set.ue(&[depth, depth, 4]).u(1, 1).ue(&[4, 2, 0, 0, 3]);
        set.ue(&[0, 3, 0, 0]).u(7, 0).u(1, 0).end()
    }

    fn picture(header: &[u8], id: u32, sequence: u32) -> Vec<u8> {
        Unit::new(header).ue(&[id, sequence]).u(8, 0).end()
    }

    fn seen(syntax: Syntax, units: &[Vec<u8>]) -> (Option<(u32, u32)>, (ChromaFormat, u32)) {
        let samples = syntax.inspect(&Arc::from(units.concat())).samples.unwrap();
        (samples.size, samples.format())
    }

    #[test]
    fn the_set_that_the_slice_names_counts_unless_another_has_rare_samples() {
        let plain = (ChromaFormat::Yuv420, 8);
        let rare = (ChromaFormat::Monochrome, 10);
        let pps = |id, sequence| picture(&[0x68], id, sequence);
        let slice = |id| Unit::new(&[0x65]).ue(&[0, 7, id]).u(8, 0).end();
        let sps = h264_sequence;
        let h264 = |units: &[Vec<u8>]| seen(Syntax::H264, units);
        let (a, b) = (sps(0, PLAIN, 2), sps(1, PLAIN, 3));
        for (used, width) in [(0, 32), (1, 48)] {
            let units = [a.clone(), b.clone(), pps(0, 0), pps(1, 1), slice(used)];
            assert_eq!(h264(&units), (Some((width, 16)), plain));
        }
        assert_eq!(
            h264(&[a.clone(), b, slice(0)]).0,
            Some((32, 16)),
            "no picture set"
        );
        for sets in [[a.clone(), sps(1, RARE, 3)], [sps(1, RARE, 3), a]] {
            let units = [&sets[..], &[pps(0, 0), pps(1, 1), slice(0)]].concat();
            assert_eq!(h264(&units), (Some((48, 16)), rare));
        }
        let pps = |id, sequence| picture(&[34 << 1, 1], id, sequence);
        let idr = |id| Unit::new(&[19 << 1, 1]).u(2, 2).ue(&[id]).u(8, 0).end();
        let sps = hevc_sequence;
        let hevc = |units: &[Vec<u8>]| seen(Syntax::Hevc, units);
        let (a, b) = (sps(0, PLAIN, 32), sps(1, PLAIN, 48));
        for (used, width) in [(0, 32), (1, 48)] {
            let units = [a.clone(), b.clone(), pps(0, 0), pps(1, 1), idr(used)];
            assert_eq!(hevc(&units), (Some((width, 16)), plain));
        }
        let units = [a, sps(1, RARE, 48), pps(0, 0), pps(1, 1), idr(0)];
        assert_eq!(hevc(&units), (Some((48, 16)), rare));
    }
}
