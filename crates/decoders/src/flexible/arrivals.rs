//! From a packet's headers to what the machine is told of it.

use std::time::Duration;

use super::core::{Core, Item, Types, now};
use super::tracker::{AccessUnit, Flaw, Running, StepBack, Tracker, Verdict};
use crate::inspect::Inspection;
use crate::machine::{Arrival, Gate};
use crate::outcome::{DecoderParameters, NoPicture, QueuePolicy};
use crate::output::Packet;

/// How long a decoder works with threads that are too many or too few where one took another's place before: where
/// others come and go all the time, that costs less than a new decoder each time.
const RESTAFF_PAUSE: Duration = Duration::from_secs(10);

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// An access unit for the machine, and the [way back](Self::was_not_taken). To be called in turn, because it
    /// depends on those before.
    pub(super) fn arrival(
        &self,
        item: Item<T>,
        params: DecoderParameters,
        unit: &AccessUnit,
        inspection: &Inspection,
    ) -> (Arrival<Types<T>>, StepBack) {
        let (verdict, back) = self.judge(params, unit);
        let second_field = verdict.stamp.second_field.then_some(NoPicture::SecondField);
        let without_picture = verdict
            .undecodable
            .or(second_field)
            .unwrap_or(inspection.without_picture);
        let arrival = Arrival {
            item,
            payload: Packet {
                order: verdict.stamp.order,
                further: verdict.stamp.further,
                data: unit.behind(verdict.missing_sets.as_ref()),
            },
            params,
            gate: if verdict.renews {
                Gate::RandomAccess
            } else {
                unit.gate
            },
            reorder: inspection.reorder,
            without_picture,
            is_undecodable: verdict.undecodable.is_some(),
            renews: verdict.renews,
            dependence: verdict.dependence,
            continuity: verdict.continuity,
        };
        (arrival, back)
    }

    /// The machine did not take an [`arrival`](Self::arrival).
    pub(super) fn was_not_taken(&self, back: StepBack) {
        self.trail.lock().undo(back);
    }

    /// What becomes of an access unit with these parameters: one that begins a session begins the count
    /// too.
    fn judge(&self, params: DecoderParameters, unit: &AccessUnit) -> (Verdict, StepBack) {
        let drops = self.config.queue.policy != QueuePolicy::Block;
        let running = {
            let state = self.state.lock();
            state.machine.continuing(params).map(|lane| {
                let link = state.links.get(&lane);
                let is_settled = state
                    .renewed
                    .is_none_or(|renewed| now().duration_since(renewed) >= RESTAFF_PAUSE);
                Running {
                    pairs_by_order: link.is_some_and(|link| link.is_hardware()),
                    flaw: if state.machine.is_silent(lane) {
                        Some(Flaw::Silent)
                    } else {
                        link.filter(|link| is_settled && link.is_ill_staffed())
                            .map(|_| Flaw::IllStaffed)
                    },
                    is_skipping: state.machine.is_skipping(lane),
                }
            })
        };
        let mut trail = self.trail.lock();
        let back = trail.step();
        let has_lost = trail.takes_loss();
        let tracker = &mut trail.tracker;
        if running.is_none() && unit.gate != Gate::Dependent {
            *tracker = Tracker::new(params.codec, drops);
        }
        let verdict = tracker.follow(unit, running.unwrap_or_default(), has_lost);
        if !verdict.renews {
            return (verdict, back);
        }
        *tracker = Tracker::new(params.codec, drops);
        let parameter_sets = unit.parameter_sets.clone();
        let anew = AccessUnit {
            data: unit.behind(verdict.missing_sets.as_ref()),
            parameter_sets: parameter_sets.or(verdict.missing_sets.clone()),
            ..unit.clone()
        };
        let begun = tracker.follow(&anew, Running::default(), false);
        let verdict = Verdict {
            stamp: begun.stamp,
            continuity: begun.continuity,
            ..verdict
        };
        (verdict, back)
    }

    /// Packets are missing in front of the next one.
    pub(super) fn lose(&self) {
        self.trail.lock().lose();
    }
}
