//! The pictures of an HEVC stream that later ones may refer to (ITU-T H.265, 8.3.2).

use std::collections::BTreeSet;

use crate::bitstream::hevc_references::{Place, Reference};

/// More than any decoder keeps.
const MAX: usize = 64;

/// The picture order counts of the pictures that are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptPictures(BTreeSet<i64>);

impl KeptPictures {
    /// Takes the next picture in decoding order, and tells whether one that it may refer to has not come; such a one is
    /// told once. `references` are `None` where they could not be read: everything is kept then.
    pub fn follow(
        &mut self,
        order_count: i64,
        max_lsb: i64,
        references: Option<&[Reference]>,
    ) -> bool {
        let Self(kept) = self;
        let mut lacks = false;
        if let Some(references) = references {
            let before = std::mem::take(kept);
            for reference in references {
                let found = match reference.place {
                    Place::Distance(distance) => {
                        let other = order_count.saturating_add(distance);
                        (before.contains(&other) || reference.is_used).then_some(other)
                    }
                    Place::Remainder(remainder) => before
                        .iter()
                        .rfind(|count| count.rem_euclid(max_lsb) == remainder)
                        .copied()
                        .or(reference.is_used.then_some(remainder)),
                };
                if let Some(other) = found {
                    lacks |= !before.contains(&other);
                    kept.insert(other);
                }
            }
        }
        kept.insert(order_count);
        if kept.len() > MAX {
            kept.pop_first();
        }
        lacks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: Place, is_used: bool) -> Reference {
        Reference { place, is_used }
    }

    #[test]
    fn a_reference_that_never_came_is_told_once() {
        let mut kept = KeptPictures::default();
        let previous = [at(Place::Distance(-1), true)];
        assert!(!kept.follow(0, 16, Some(&[])));
        assert!(!kept.follow(1, 16, Some(&previous)));
        // 2 was lost.
        assert!(kept.follow(3, 16, Some(&previous)));
        assert!(!kept.follow(4, 16, Some(&previous)));
        assert!(!kept.follow(
            5,
            16,
            Some(&[
                at(Place::Distance(-1), true),
                at(Place::Distance(-3), false)
            ])
        ));
    }

    #[test]
    fn what_is_only_kept_for_later_is_missed_when_it_is_used() {
        let mut kept = KeptPictures::default();
        let (later, now) = (
            at(Place::Distance(-2), false),
            at(Place::Distance(-3), true),
        );
        assert!(!kept.follow(0, 16, Some(&[])));
        assert!(!kept.follow(2, 16, Some(&[later])));
        assert!(!kept.follow(3, 16, Some(&[now])));
        assert!(!kept.follow(5, 16, Some(&[later])));
        assert!(kept.follow(7, 16, Some(&[now])), "4 never came");
    }

    #[test]
    fn a_long_term_picture_is_known_by_what_remains_of_its_count() {
        let mut kept = KeptPictures::default();
        assert!(!kept.follow(19, 16, Some(&[])));
        assert!(!kept.follow(20, 16, Some(&[at(Place::Remainder(3), true)])));
        assert!(kept.follow(21, 16, Some(&[at(Place::Remainder(5), true)])));
    }

    #[test]
    fn without_a_set_everything_is_kept_and_no_more_than_a_decoder_may() {
        let mut kept = KeptPictures::default();
        for count in 0..200 {
            assert!(!kept.follow(count, 16, None));
        }
        assert_eq!(kept.0.len(), MAX);
        assert!(!kept.follow(200, 16, Some(&[at(Place::Distance(-40), true)])));
    }
}
