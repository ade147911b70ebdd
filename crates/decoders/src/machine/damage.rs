//! Which frames of a session damage reaches, and what becomes of them.
//!
//! Damage spreads from the frame that it befalls to the next random access point. A *stretch* is what lies between two
//! of these, in the order of decoding; the leading pictures of a random access point, which are decoded after it and
//! shown before it, refer to the stretch in front too. A stretch also begins where a gradual refresh does: its pictures
//! refer to the stretches in front until the refresh is complete, and from there on to it alone.

use std::collections::BTreeMap;

use super::lane::Flight;
use super::{Flow, Outgoing};
use crate::bitstream::presentation::Refresh;
use crate::outcome::{DamagePolicy, NoPicture, SkipReason};

const DAMAGED: &str = "the picture is damaged, or packets before it are missing: it is left out, and so is what follows \
                       up to the next random access point";

/// How a packet goes with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub struct Continuity {
    /// Packets in front of it are missing.
    pub follows_loss: bool,
    /// It cannot be read itself.
    pub is_damaged: bool,
    /// No picture that is shown after it refers to one before it.
    pub restarts: bool,
    /// How it stands to a gradual refresh.
    pub refresh: Refresh,
    /// It holds no picture, so that none is missed.
    pub is_empty: bool,
    /// Sorts as the pictures are shown, if that is known.
    pub order: Option<u64>,
}

/// Where a frame stands among the stretches of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The first and the last stretch that it refers to.
    first: u64,
    last: u64,
    /// The one that its own damage reaches.
    own: u64,
    order: Option<u64>,
    is_empty: bool,
    /// It was missed, and with that the damage was found.
    is_culprit: bool,
}

/// The damage in one stretch.
#[derive(Debug, Clone, Copy)]
struct Damage {
    /// The key of the first frame that it reaches.
    from: u64,
    /// A frame has ended, or will end, in an error because of it.
    is_told: bool,
}

/// The damage of a session.
#[derive(Debug, Default)]
pub(super) struct DamageMap {
    /// A packet has come.
    has_begun: bool,
    /// The stretch of the packets that come now.
    current: u64,
    /// When the picture is shown that began it, or with which a refresh was complete.
    began_at: Option<u64>,
    /// The oldest stretch that pictures shown from then on refer to, and the oldest of those shown before.
    first: u64,
    leading_first: u64,
    /// Nothing refers to the leading pictures but these themselves.
    has_restarted: bool,
    /// The stretch of the gradual refresh that is not complete.
    refreshing: Option<u64>,
    by_stretch: BTreeMap<u64, Damage>,
}

impl Standing {
    /// The oldest stretch that the frame refers to.
    pub(super) fn oldest(self) -> u64 {
        self.first
    }

    /// Whether the picture is shown before another's.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.order
            .zip(other.order)
            .is_some_and(|(own, other)| own < other)
    }
}

impl DamageMap {
    /// Takes a packet in. A session that does not begin with a random access point begins in the middle of damage.
    pub(super) fn enter(&mut self, key: u64, continuity: Continuity) -> Standing {
        let Continuity {
            follows_loss,
            is_damaged,
            restarts,
            refresh,
            is_empty,
            order,
        } = continuity;
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if restarts {
            if follows_loss {
                self.hit(self.current, key);
            }
            self.current += 1;
            self.begin(self.current, order);
            self.has_restarted = true;
            self.refreshing = None;
        } else {
            if refresh.completes
                && let Some(begun) = self.refreshing.take()
            {
                self.begin(begun, order);
                self.has_restarted = false;
            }
            if refresh.begins {
                if follows_loss {
                    self.hit(self.current, key);
                }
                self.join_unfinished();
                self.current += 1;
                self.refreshing = Some(self.current);
            }
        }
        let is_leading = !restarts
            && order
                .zip(self.began_at)
                .is_some_and(|(own, began_at)| own < began_at);
        let standing = Standing {
            first: if is_leading {
                self.leading_first
            } else {
                self.first
            },
            last: self.current,
            own: if is_leading && self.has_restarted {
                self.leading_first
            } else {
                self.current
            },
            order,
            is_empty,
            is_culprit: false,
        };
        if is_damaged || (!restarts && ((follows_loss && !refresh.begins) || is_first)) {
            self.strike(key, standing);
        }
        standing
    }

    /// Forgets the stretches before `oldest`, to which no frame inside refers any more.
    pub(super) fn forget_before(&mut self, oldest: u64) {
        if !self.by_stretch.is_empty() {
            let oldest = oldest.min(self.leading_first);
            self.by_stretch = self.by_stretch.split_off(&oldest);
        }
    }

    /// A picture is known to be damaged. What follows its stretch does not refer to a leading one.
    pub(super) fn strike(&mut self, key: u64, standing: Standing) {
        self.hit(standing.own, key);
    }

    /// No picture came out of a frame: what follows it is damaged.
    pub(super) fn miss(&mut self, key: u64, standing: &mut Standing) {
        if standing.is_empty || self.reaches(key, *standing) {
            return;
        }
        self.strike(key, *standing);
        standing.is_culprit = true;
        self.tell(*standing);
    }

    /// Whether damage reaches a frame.
    pub(super) fn reaches(&self, key: u64, standing: Standing) -> bool {
        self.by_stretch
            .range(standing.first..=standing.last)
            .any(|(_, damage)| damage.from <= key)
    }

    /// What becomes of a frame that damage reaches and that is not delivered.
    pub(super) fn withhold<F: Flow>(
        &mut self,
        policy: DamagePolicy,
        flight: Flight<F>,
    ) -> Outgoing<F> {
        let Flight { item, standing, .. } = flight;
        let is_first = self.tell(standing) || standing.is_culprit;
        if policy == DamagePolicy::Error && is_first {
            Outgoing::Error(Some(item), DAMAGED.to_owned())
        } else {
            Outgoing::Skipped(item, SkipReason::Damaged(policy))
        }
    }

    /// What becomes of a frame that no picture came out of.
    pub(super) fn without_picture<F: Flow>(
        &mut self,
        policy: DamagePolicy,
        key: u64,
        mut flight: Flight<F>,
    ) -> Outgoing<F> {
        let why = flight.without_picture;
        if why == NoPicture::Corrupt {
            self.miss(key, &mut flight.standing);
        }
        let is_withheld = match policy {
            DamagePolicy::Deliver => false,
            DamagePolicy::DropUntilKeyframe => !flight.standing.is_culprit,
            DamagePolicy::Error => true,
        };
        let may_be_damage = matches!(why, NoPicture::Corrupt | NoPicture::MissingReference);
        if is_withheld && may_be_damage && self.reaches(key, flight.standing) {
            self.withhold(policy, flight)
        } else {
            Outgoing::Skipped(flight.item, SkipReason::NoPicture(why))
        }
    }

    /// Whether nothing has been told of what reaches a frame.
    fn tell(&mut self, standing: Standing) -> bool {
        let mut is_new = false;
        for (_, damage) in self.by_stretch.range_mut(standing.first..=standing.last) {
            is_new |= !std::mem::replace(&mut damage.is_told, true);
        }
        is_new
    }

    /// Pictures shown from `order` on refer to no stretch before `first`.
    fn begin(&mut self, first: u64, order: Option<u64>) {
        self.leading_first = std::mem::replace(&mut self.first, first);
        self.began_at = order;
    }

    /// Joins the stretches of refreshes that never came to their end with the one in front: they are referred to
    /// together. So there are never more than a few.
    fn join_unfinished(&mut self) {
        let unfinished = self.by_stretch.split_off(&(self.first + 1));
        for damage in unfinished.into_values() {
            self.hit(self.first, damage.from);
            if let Some(joined) = self.by_stretch.get_mut(&self.first) {
                joined.is_told |= damage.is_told;
            }
        }
    }

    fn hit(&mut self, stretch: u64, key: u64) {
        self.by_stretch
            .entry(stretch)
            .and_modify(|damage| damage.from = damage.from.min(key))
            .or_insert(Damage {
                from: key,
                is_told: false,
            });
    }
}
