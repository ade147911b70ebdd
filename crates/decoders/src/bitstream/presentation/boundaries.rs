//! Where one access unit ends and another begins in the same packet (H.264, 7.4.1.2.3; HEVC, 7.4.2.4.4).

use super::timeline::Picture;
use crate::bitstream::hevc_unit;

/// Bytes of the short start code.
const START_CODE: usize = 3;

/// Where a NAL unit stands in its access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In front of the slices: behind one it begins the next access unit.
    Front,
    /// A slice; whether it says that it is the first of its picture.
    Slice { is_first: bool },
    /// Behind the slices, or anywhere.
    Other,
}

/// Finds the access units behind the first of a packet.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    has_picture: bool,
    /// The NAL unit with which an access unit begins if a picture follows.
    front: Option<usize>,
    further: Vec<usize>,
}

impl Boundaries {
    /// Takes the next NAL unit, which begins at `start`, and the picture that begins with it. The fields of a frame
    /// are not parted, and a header that only differs is taken for damage unless something says that a picture begins.
    pub fn pass(&mut self, place: Place, start: usize, picture: Option<Picture>) {
        let is_first = match place {
            Place::Front => {
                self.front.get_or_insert(start);
                return;
            }
            Place::Other => return,
            Place::Slice { is_first } => is_first,
        };
        let front = self.front.take();
        let is_new = picture.is_some_and(|picture| !picture.second_field);
        if is_new && self.has_picture && (front.is_some() || is_first) {
            self.further.push(front.unwrap_or(start));
        }
        self.has_picture |= picture.is_some();
    }

    /// How many bytes from the end of `annex_b` they begin, start codes included.
    pub fn into_distances(self, annex_b: &[u8]) -> Vec<usize> {
        let from_end = |start| annex_b.len() + START_CODE - start;
        self.further.into_iter().map(from_end).collect()
    }
}

/// By NAL unit type (H.264, table 7-1).
pub(super) fn in_h264(unit: &[u8]) -> Place {
    match unit.first().map(|header| header & 0x1f) {
        Some(1..=5 | 20 | 21) => slice(unit, 1),
        Some(6..=9 | 14..=18) => Place::Front,
        _ => Place::Other,
    }
}

/// By NAL unit type (HEVC, table 7-1).
pub(super) fn in_hevc(unit: &[u8]) -> Place {
    match unit.first().map(|header| header >> 1 & 0x3f) {
        _ if hevc_unit::is_ignored(unit) => Place::Other,
        Some(0..=31) => slice(unit, 2),
        Some(32..=35 | 39 | 41..=44 | 48..=55) => Place::Front,
        _ => Place::Other,
    }
}

/// Behind its header the first slice has a bit that is set: `first_mb_in_slice` 0, or `first_slice_segment_in_pic_flag`.
fn slice(unit: &[u8], header: usize) -> Place {
    Place::Slice {
        is_first: unit.get(header).is_some_and(|byte| byte & 0x80 != 0),
    }
}
