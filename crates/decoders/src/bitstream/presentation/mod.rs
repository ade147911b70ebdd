//! The order in which the pictures of a stream are shown, read from its slice headers.
//!
//! A hardware decoder may hand pictures and their metas out in the order of their presentation times. As the
//! user's times never reach a decoder, each access unit is given a stamp that sorts as the pictures are
//! shown; [`PresentationClock`] computes it when the access unit is submitted, without looking ahead.
//!
//! The syntax is read by the `h264-reader` crate: pure Rust with little below it, maintained, and the one
//! that can be kept from panicking on damaged input; for HEVC, of which it knows nothing, its bit reader
//! serves (`hevc_parser` has no negative picture order counts, `scuffle-h265` no slice headers, and the
//! parser of `cros-codecs` panics on damaged parameter sets).

mod boundaries;
mod h264;
mod hevc;
mod hevc_kept;
mod parameter_sets;
#[cfg(test)]
pub(crate) use tests::samples;
#[cfg(test)]
mod tests;
mod timeline;

use boundaries::Boundaries;
use frames::Codec;
pub use timeline::Refresh;
use timeline::{Picture, Timeline};

use super::nal::{self, Framing};

/// When the picture of an access unit is shown, relative to the others of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub struct Stamp {
    /// Sorts as the pictures are shown, from 0 up. No two access units of a stream have the same, and
    /// none is below those of a coded video sequence that has ended.
    ///
    /// It grows by 4 for each picture order count (two for each frame in most streams) and by 2048 more
    /// for each coded video sequence.
    pub order: u64,
    /// The access unit holds the second field of the frame that the one before it began; its `order` is
    /// the next above that one's.
    pub second_field: bool,
    /// The picture refers to others that are not there: those before the random access picture that
    /// the stream, or a new sequence of it, began with (HEVC RASL).
    pub lacks_references: bool,
    /// The headers tell that data before it was lost or repeated (a gap in `frame_num`, a picture order
    /// count out of its sequence).
    pub follows_loss: bool,
    /// How it stands to a gradual refresh of the picture.
    pub refresh: Refresh,
    /// No slice header could be read (lost parameter sets, damage, no picture at all): the picture is
    /// assumed to be shown right after the one decoded before it.
    pub is_guess: bool,
    /// How many bytes from its end each further access unit begins that the data holds: none in most streams, as a
    /// packet should hold one.
    pub further: Vec<usize>,
}

/// Stamps the access units of one stream, in decoding order.
///
/// H.264 and HEVC are stamped by picture order count. The other codecs show their pictures in the order in
/// which they are coded: they are counted.
#[derive(Debug, Clone)]
pub struct PresentationClock {
    syntax: Syntax,
    timeline: Timeline,
}

/// What is known of the stream so far.
#[derive(Debug, Clone)]
enum Syntax {
    H264(Box<h264::OrderCounts>),
    Hevc(Box<hevc::OrderCounts>),
    Counted,
}

impl PresentationClock {
    /// A clock at the beginning of a stream.
    pub fn new(codec: Codec) -> Self {
        Self {
            syntax: match codec {
                Codec::H264 => Syntax::H264(Box::default()),
                Codec::Hevc => Syntax::Hevc(Box::default()),
                Codec::Jpeg
                | Codec::SwJpeg
                | Codec::Av1
                | Codec::Png
                | Codec::Vp8
                | Codec::Vp9
                | Codec::RawRgba
                | Codec::RawRgb
                | Codec::RawNv12 => Syntax::Counted,
            },
            timeline: Timeline::default(),
        }
    }

    /// The stamp of the next access unit, given with start codes. Only H.264 and HEVC are looked into.
    ///
    /// Any bytes are taken. When there is more than one access unit in them, the stamp is that of the first.
    pub fn stamp(&mut self, annex_b: &[u8]) -> Stamp {
        let mut stamp = None;
        let mut boundaries = Boundaries::default();
        let mut place = |picture: Option<Picture>| {
            if let Some(picture) = picture {
                let order = self.timeline.place(picture);
                stamp.get_or_insert(Stamp {
                    order,
                    second_field: picture.second_field,
                    lacks_references: picture.lacks_references,
                    follows_loss: picture.follows_loss || self.timeline.is_broken(),
                    refresh: picture.refresh,
                    is_guess: false,
                    further: Vec::new(),
                });
            }
        };
        if !matches!(self.syntax, Syntax::Counted) {
            self.syntax.begin_access_unit();
            for unit in nal::units(annex_b, Framing::AnnexB).unwrap_or_default() {
                let picture = self.syntax.read(&annex_b[unit.clone()]);
                boundaries.pass(
                    self.syntax.place(&annex_b[unit.clone()]),
                    unit.start,
                    picture,
                );
                place(picture);
            }
            place(self.syntax.end_access_unit());
        }
        let stamp = stamp.unwrap_or_else(|| Stamp {
            order: self.timeline.guess(),
            second_field: false,
            lacks_references: false,
            follows_loss: false,
            refresh: Refresh::default(),
            is_guess: !matches!(self.syntax, Syntax::Counted),
            further: Vec::new(),
        });
        Stamp {
            further: boundaries.into_distances(annex_b),
            ..stamp
        }
    }
}

impl Syntax {
    fn begin_access_unit(&mut self) {
        match self {
            Self::H264(counts) => counts.begin_access_unit(),
            Self::Hevc(counts) => counts.begin_access_unit(),
            Self::Counted => {}
        }
    }

    fn read(&mut self, unit: &[u8]) -> Option<Picture> {
        match self {
            Self::H264(counts) => counts.read(unit),
            Self::Hevc(counts) => counts.read(unit),
            Self::Counted => None,
        }
    }

    fn place(&self, unit: &[u8]) -> boundaries::Place {
        match self {
            Self::H264(_) => boundaries::in_h264(unit),
            Self::Hevc(_) => boundaries::in_hevc(unit),
            Self::Counted => boundaries::Place::Other,
        }
    }

    fn end_access_unit(&mut self) -> Option<Picture> {
        match self {
            Self::H264(counts) => counts.end_access_unit(),
            Self::Hevc(counts) => counts.end_access_unit(),
            Self::Counted => None,
        }
    }
}

/// The picture order count of which `lsb` is what remains modulo `max_lsb`, a power of two: the one
/// nearest to `previous`, and the later of two equally near (H.264, 8.2.1.1; HEVC, 8.3.1).
fn order_count(lsb: i64, previous: i64, max_lsb: i64) -> i64 {
    let ahead = (lsb - previous).rem_euclid(max_lsb);
    if ahead <= max_lsb / 2 {
        previous + ahead
    } else {
        previous + ahead - max_lsb
    }
}
