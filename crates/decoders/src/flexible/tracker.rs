//! Follows a stream from one access unit to the next.

use frames::Codec;

use crate::bitstream::dependence::{Dependence, DependenceReader};
use crate::bitstream::presentation::{PresentationClock, Stamp};
use crate::bitstream::samples::Samples;
use crate::bitstream::vpx;
use crate::inspect::Inspection;
use crate::machine::{Continuity, Gate};
use crate::outcome::NoPicture;
use crate::output::Payload;

/// Access units that are left out after a loss while no random access point comes.
const MAX_LEFT_OUT: u32 = 300;

/// What arrives.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // as in the inspection
pub(super) struct AccessUnit {
    pub data: Payload,
    pub gate: Gate,
    /// What its headers say of the samples, if it has them.
    pub samples: Option<Samples>,
    /// The size that a predicted frame claims for itself.
    pub predicted_size: Option<(u32, u32)>,
    /// Whether a decoder that has the parameter sets may begin with it.
    pub is_recovery_point: bool,
    /// The parameter sets that it brings.
    pub parameter_sets: Option<Payload>,
    /// The sequence parameter set that it brings.
    pub sequence_set: Option<Payload>,
    /// Whether no picture from here on, in the order in which they are shown, refers to one before.
    pub restarts: bool,
    /// Whether neither it nor an access unit behind it refers to one before it.
    pub refreshes: bool,
    /// Whether it brings any parameter set.
    pub brings_sets: bool,
    /// Whether it holds no picture.
    pub is_empty: bool,
    /// Whether it holds nothing but what decoders ignore.
    pub is_ignored: bool,
}

impl AccessUnit {
    /// That of a packet.
    pub(super) fn of(packet: &Inspection) -> Self {
        Self {
            data: packet.payload.clone(),
            gate: packet.gate,
            samples: packet.samples,
            predicted_size: packet.predicted_size,
            is_recovery_point: packet.is_recovery_point,
            parameter_sets: packet.parameter_sets.clone(),
            sequence_set: packet.sequence_set.clone(),
            restarts: packet.restarts,
            refreshes: packet.refreshes,
            brings_sets: packet.brings_sets,
            is_empty: packet.is_empty,
            is_ignored: packet.is_ignored,
        }
    }

    /// Whether a new decoder certainly returns pictures from here on: only the headers of key frames tell
    /// of the samples.
    fn is_key(&self) -> bool {
        self.gate != Gate::Dependent && self.samples.is_some()
    }

    /// Whether a session may begin with it, given its own parameter sets.
    fn begins(&self) -> bool {
        match self.gate {
            Gate::Immediate => self.restarts,
            Gate::RandomAccess => true,
            Gate::Dependent => false,
        }
    }

    /// Its data, behind parameter sets that it lacks.
    pub(super) fn behind(&self, sets: Option<&Payload>) -> Payload {
        sets.map_or_else(
            || self.data.clone(),
            |sets| [&sets[..], &self.data].concat().into(),
        )
    }
}

/// The session that runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Running {
    /// Its decoder pairs pictures with packets by their order.
    pub pairs_by_order: bool,
    /// What is wrong with its decoder.
    pub flaw: Option<Flaw>,
    /// It leaves out what comes until it can start anew, because its queue overflowed.
    pub is_skipping: bool,
}

/// Why a decoder had better be replaced by a new one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flaw {
    /// It has returned nothing for very many packets.
    Silent,
    /// It was made when far more or far fewer others shared the cores.
    IllStaffed,
}

/// A tracker, and the way back where an access unit was not taken after all.
pub(super) struct Trail {
    pub tracker: Tracker,
    steps: u64,
    /// How often packets were [lost](Self::lose), and of how many of these an access unit was told.
    losses: u64,
    told_losses: u64,
}

/// Where a trail was before a step.
pub(super) struct StepBack {
    before: Tracker,
    told_losses: u64,
    step: u64,
}

impl Trail {
    /// A trail that begins with this tracker.
    pub(super) fn new(tracker: Tracker) -> Self {
        Self {
            tracker,
            steps: 0,
            losses: 0,
            told_losses: 0,
        }
    }

    /// To be called before the tracker is told of an access unit.
    pub(super) fn step(&mut self) -> StepBack {
        self.steps += 1;
        StepBack {
            before: self.tracker.clone(),
            told_losses: self.told_losses,
            step: self.steps,
        }
    }

    /// The access unit of a step was not taken: it may come again, or never. What was followed since, from
    /// inside a callback, stays.
    pub(super) fn undo(&mut self, back: StepBack) {
        if self.steps == back.step {
            self.tracker = back.before;
            self.told_losses = back.told_losses;
        }
    }

    /// Packets in front of the next access unit are missing.
    pub(super) fn lose(&mut self) {
        self.losses += 1;
    }

    /// Whether packets were lost in front of the access unit of this step.
    pub(super) fn takes_loss(&mut self) -> bool {
        std::mem::replace(&mut self.told_losses, self.losses) != self.losses
    }
}

/// What becomes of an access unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub stamp: Stamp,
    /// Why no picture can come out of it, or none that could be told from others.
    pub undecodable: Option<NoPicture>,
    /// It needs a new session, although the parameters are those of the one that runs.
    pub renews: bool,
    /// What a decoder needs in front of it.
    pub missing_sets: Option<Payload>,
    /// What may be left out around it, where something may.
    pub dependence: Dependence,
    /// How it goes with those before it.
    pub continuity: Continuity,
}

/// Stamps the access units of a decoder, and knows when its pairing can no longer be trusted.
///
/// A decoder that pairs pictures with packets by their order loses count when a picture fails to come
/// out. So after a loss in the stream what comes until the next random access point, most of it
/// damaged anyway, is left out, and a new session begins there. One begins too where the headers tell of
/// other samples than before, since another decoder may be the right one for them, or bring another
/// sequence parameter set: NVIDIA's element damages pictures that are still on their way out.
#[derive(Clone)]
pub(super) struct Tracker {
    clock: PresentationClock,
    /// Where packets may be left out.
    dependence: Option<DependenceReader>,
    /// What the headers said of the samples last.
    samples: Option<Samples>,
    /// The greatest size since the headers told of the samples last.
    size: Option<(u32, u32)>,
    /// The parameter sets that came last.
    parameter_sets: Option<Payload>,
    /// Those that came first.
    first_sets: Option<Payload>,
    /// Others came than those: some of them may still be in use, though a random access point does not repeat them.
    has_further_sets: bool,
    /// The sequence parameter set that came last.
    sequence_set: Option<Payload>,
    /// Access units left out since a loss.
    left_out: Option<u32>,
    /// Whether the session began between two random access points; `None` before it begins.
    is_amid: Option<bool>,
}

impl Tracker {
    /// At the start of a stream. `drops`: whether packets may be left out when there are too many.
    pub(super) fn new(codec: Codec, drops: bool) -> Self {
        Self {
            clock: PresentationClock::new(codec),
            dependence: drops.then(|| DependenceReader::new(codec)),
            samples: None,
            size: None,
            parameter_sets: None,
            first_sets: None,
            has_further_sets: false,
            sequence_set: None,
            left_out: None,
            is_amid: None,
        }
    }

    /// Where an access unit stands; what is ignored takes no place in the order of the pictures.
    fn stamp(&mut self, unit: &AccessUnit) -> Stamp {
        if unit.is_ignored {
            self.clock.clone().stamp(&unit.data)
        } else {
            self.clock.stamp(&unit.data)
        }
    }

    /// The next access unit of the session that runs; `has_lost`: packets in front of it are missing.
    pub(super) fn follow(
        &mut self,
        unit: &AccessUnit,
        running: Running,
        has_lost: bool,
    ) -> Verdict {
        let stamp = self.stamp(unit);
        let has_other_format = differs(
            self.samples.map(|samples| samples.format()),
            unit.samples.map(|samples| samples.format()),
        );
        let is_of_another_kind = differs(self.samples.as_ref(), unit.samples.as_ref())
            || differs(self.sequence_set.as_ref(), unit.sequence_set.as_ref());
        let dependence = self.dependence.as_mut();
        let dependence = dependence
            .map(|reader| reader.read(&unit.data))
            .unwrap_or_default();
        // Where packets may be left out, those with the parameter sets may be among them.
        let lacking_sets = dependence
            .is_start
            .then(|| self.missing_sets(unit))
            .flatten();
        self.remember(unit);
        let lies = self.lies_about_its_size(unit);
        // Some decoders that begin there never return anything, not even behind a key frame.
        let ends_amid = self.is_amid == Some(true) && unit.restarts;
        self.is_amid.get_or_insert(!unit.restarts);
        let verdict = Verdict {
            undecodable: if unit.is_ignored {
                Some(NoPicture::NotShown)
            } else if stamp.lacks_references {
                Some(NoPicture::MissingReference)
            } else {
                lies.then_some(NoPicture::Corrupt)
            },
            continuity: Continuity {
                follows_loss: has_lost || (stamp.follows_loss && !unit.is_ignored),
                is_damaged: lies || (stamp.is_guess && !unit.is_empty),
                restarts: unit.restarts,
                refresh: stamp.refresh,
                is_empty: unit.is_empty,
                order: (!stamp.is_guess).then_some(stamp.order),
            },
            stamp,
            renews: ends_amid || running.flaw.is_some_and(|flaw| self.mends(flaw, unit)),
            missing_sets: lacking_sets,
            dependence,
        };
        if running.is_skipping && !dependence.is_start && self.may_begin_with(unit) {
            return Verdict {
                renews: true,
                undecodable: None,
                missing_sets: self.missing_sets(unit),
                ..verdict
            };
        }
        let begins = unit.begins();
        if has_other_format && !running.pairs_by_order {
            // A session was made for what its decoder can put out.
            return Verdict {
                renews: begins,
                undecodable: (!begins).then_some(NoPicture::Corrupt),
                ..verdict
            };
        }
        if verdict.renews || !running.pairs_by_order {
            return verdict;
        }
        if verdict.continuity.follows_loss || (verdict.stamp.is_guess && !unit.is_ignored) {
            self.left_out.get_or_insert(0);
        }
        if unit.is_ignored {
            return verdict;
        }
        match self.left_out {
            _ if is_of_another_kind && begins => Verdict {
                renews: true,
                ..verdict
            },
            None => verdict,
            Some(_) if begins => Verdict {
                renews: true,
                ..verdict
            },
            Some(_) if self.may_begin_with(unit) => Verdict {
                renews: true,
                undecodable: None,
                missing_sets: self.missing_sets(unit),
                ..verdict
            },
            Some(count) if count < MAX_LEFT_OUT => {
                self.left_out = Some(count + 1);
                Verdict {
                    undecodable: Some(NoPicture::MissingReference),
                    ..verdict
                }
            }
            Some(_) => {
                tracing::warn!(
                    "no random access point within {MAX_LEFT_OUT} access units after a loss: pictures may come with \
                     other frames than their own"
                );
                self.left_out = None;
                verdict
            }
        }
    }
}

/// Whether there is something new that is not what was there before.
fn differs<T: PartialEq>(before: Option<T>, new: Option<T>) -> bool {
    matches!((before, new), (Some(before), Some(new)) if before != new)
}

impl Tracker {
    /// What the headers tell, for those behind it.
    fn remember(&mut self, unit: &AccessUnit) {
        self.samples = unit.samples.or(self.samples);
        if unit.sequence_set.is_some() {
            self.sequence_set.clone_from(&unit.sequence_set);
        }
        if unit.brings_sets || unit.parameter_sets.is_some() {
            if self.first_sets.is_none() {
                self.first_sets.clone_from(&unit.parameter_sets);
            }
            self.has_further_sets |=
                unit.parameter_sets.is_none() || unit.parameter_sets != self.first_sets;
        }
        if unit.parameter_sets.is_some() {
            self.parameter_sets.clone_from(&unit.parameter_sets);
        }
    }

    /// Whether a new decoder in place of a flawed one may begin with this access unit.
    fn mends(&self, flaw: Flaw, unit: &AccessUnit) -> bool {
        match flaw {
            Flaw::Silent => unit.is_key(),
            // The flawed one would lose nothing, so neither may the new one.
            Flaw::IllStaffed => unit.refreshes && unit.begins() && !self.has_further_sets,
        }
    }

    /// Whether a new session may begin with this access unit, given the parameter sets of before.
    fn may_begin_with(&self, unit: &AccessUnit) -> bool {
        unit.gate == Gate::RandomAccess || (unit.is_recovery_point && self.parameter_sets.is_some())
    }

    /// The parameter sets of before, if the access unit brings none.
    fn missing_sets(&self, unit: &AccessUnit) -> Option<Payload> {
        match &unit.parameter_sets {
            None => self.parameter_sets.clone(),
            Some(_) => None,
        }
    }

    /// Whether a frame claims a size that it cannot be predicted at. Decoders stop for good over memory
    /// that they cannot get.
    fn lies_about_its_size(&mut self, unit: &AccessUnit) -> bool {
        if let Some(samples) = unit.samples {
            self.size = samples.size;
        }
        let (Some(greatest), Some(size)) = (self.size, unit.predicted_size) else {
            return false;
        };
        if !vpx::vp9_can_grow(greatest, size) {
            return true;
        }
        self.size = Some((greatest.0.max(size.0), greatest.1.max(size.1)));
        false
    }
}

#[cfg(test)]
mod tests;
