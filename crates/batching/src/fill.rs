//! How far a batch is filled: the states fresh, filled and finalized. Pure.

use crate::error::BatchError;

/// The slots of a batch that is being filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fill {
    slots: u32,
    filled: u32,
    finalized: bool,
}

impl Fill {
    /// A fresh batch.
    pub(crate) fn new(slots: u32) -> Self {
        Self {
            slots,
            filled: 0,
            finalized: false,
        }
    }

    /// Slots of the batch.
    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    /// One past the highest slot written.
    pub(crate) fn filled(&self) -> u32 {
        self.filled
    }

    /// Whether the batch takes no more pictures.
    pub(crate) fn is_finalized(&self) -> bool {
        self.finalized
    }

    /// Whether these slots may be written now.
    pub(crate) fn check(&self, slots: impl IntoIterator<Item = u32>) -> Result<(), BatchError> {
        if self.finalized {
            return Err(BatchError::Finalized);
        }
        match slots.into_iter().find(|slot| *slot >= self.slots) {
            Some(slot) => Err(BatchError::SlotOutOfBounds {
                slot,
                slots: self.slots,
            }),
            None => Ok(()),
        }
    }

    /// These slots were written.
    pub(crate) fn written(
        &mut self,
        slots: impl IntoIterator<Item = u32> + Clone,
    ) -> Result<(), BatchError> {
        self.check(slots.clone())?;
        let reached = slots.into_iter().map(|slot| slot + 1).max();
        self.filled = self.filled.max(reached.unwrap_or(0));
        Ok(())
    }

    /// Ends the filling; returns [`filled`](Self::filled).
    pub(crate) fn finalize(&mut self) -> Result<u32, BatchError> {
        self.check([])?;
        self.finalized = true;
        Ok(self.filled)
    }

    /// Takes back the end of the filling.
    pub(crate) fn reopen(&mut self) {
        self.finalized = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Write(Vec<u32>),
        Finalize,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = prop::collection::vec(0..8u32, 0..4).prop_map(Step::Write);
        prop::collection::vec(prop_oneof![6 => write, 1 => Just(Step::Finalize)], 0..12)
    }

    proptest! {
        /// The model remembers every slot that was written.
        #[test]
        fn the_fill_is_one_past_the_highest_slot_until_it_is_finalized(
            slots in 1..8u32,
            steps in steps(),
        ) {
            let mut fill = Fill::new(slots);
            let (mut written, mut finalized) = (Vec::new(), false);
            for step in steps {
                match step {
                    Step::Write(some) => {
                        let before = fill.clone();
                        let outside = some.iter().find(|slot| **slot >= slots);
                        let expected = match outside {
                            _ if finalized => Err(BatchError::Finalized),
                            Some(&slot) => Err(BatchError::SlotOutOfBounds { slot, slots }),
                            None => Ok(()),
                        };
                        prop_assert_eq!(fill.check(some.clone()), expected.clone());
                        prop_assert_eq!(fill.written(some.clone()), expected.clone());
                        if expected.is_ok() {
                            written.extend(some);
                        } else {
                            prop_assert_eq!(&fill, &before, "a refused write changes nothing");
                        }
                    }
                    Step::Finalize => {
                        let expected = if finalized { Err(BatchError::Finalized) } else { Ok(fill.filled()) };
                        prop_assert_eq!(fill.finalize(), expected);
                        finalized = true;
                    }
                }
                let highest = written.iter().max().map_or(0, |slot| slot + 1);
                prop_assert_eq!((fill.filled(), fill.is_finalized()), (highest, finalized));
            }
        }
    }
}
