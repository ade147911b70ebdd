//! When a live source that was lost is connected to again.

use std::num::NonZeroU32;
use std::time::Duration;

/// What to do about a live source that drops, ends or stalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reconnect {
    /// How many connections in a row may end without a packet before reading fails; `None` for no limit.
    pub attempts: Option<NonZeroU32>,
    /// The delay before the first new connection. Each further one without a packet doubles it.
    pub first_delay: Duration,
    /// The longest delay.
    pub max_delay: Duration,
    /// A connection for whose packets the reader has waited so long is given up; connecting is part of that time.
    pub stall_timeout: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            attempts: None,
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(10),
        }
    }
}

/// Follows a policy from loss to loss. Knows no clock: times come in and go out.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: Reconnect,
    /// Connections in a row that ended without a packet.
    failures: u32,
    has_packet: bool,
    next_delay: Duration,
    waited: Duration,
}

impl Retries {
    pub(crate) fn new(policy: Reconnect) -> Self {
        Self {
            policy,
            failures: 0,
            has_packet: false,
            next_delay: policy.first_delay,
            waited: Duration::ZERO,
        }
    }

    /// The connection has brought a packet.
    pub(crate) fn packet(&mut self) {
        *self = Self {
            has_packet: true,
            ..Self::new(self.policy)
        };
    }

    /// The reader has waited for a packet in vain. Returns the limit if the connection has stalled.
    ///
    /// Only waiting counts, so a program that reads slowly loses no connection.
    pub(crate) fn waited(&mut self, time: Duration) -> Option<Duration> {
        self.waited = self.waited.saturating_add(time);
        let limit = self.policy.stall_timeout;
        (self.waited >= limit).then_some(limit)
    }

    /// The connection is lost. Returns the delay before the next, or how many have failed in a row if
    /// that is enough.
    pub(crate) fn lost(&mut self) -> Result<Duration, u32> {
        self.waited = Duration::ZERO;
        if !std::mem::take(&mut self.has_packet) {
            self.failures = self.failures.saturating_add(1);
        }
        if self
            .policy
            .attempts
            .is_some_and(|attempts| self.failures >= attempts.get())
        {
            return Err(self.failures);
        }
        let delay = self.next_delay.min(self.policy.max_delay);
        self.next_delay = delay.saturating_mul(2);
        Ok(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn retries(attempts: u32) -> Retries {
        Retries::new(Reconnect {
            attempts: NonZeroU32::new(attempts),
            first_delay: 100 * MS,
            max_delay: 300 * MS,
            stall_timeout: 50 * MS,
        })
    }

    #[test]
    fn delays_double_up_to_the_longest_and_begin_anew_behind_a_packet() {
        let mut retries = retries(0);
        let mut delays = || [(); 3].map(|()| retries.lost().unwrap());
        assert_eq!(delays(), [100 * MS, 200 * MS, 300 * MS]);
        assert_eq!(delays(), [300 * MS; 3]);
        retries.packet();
        assert_eq!(retries.lost(), Ok(100 * MS));
    }

    #[test]
    fn connections_without_a_packet_are_limited() {
        let mut retries = retries(2);
        assert!(retries.lost().is_ok());
        retries.packet();
        // The loss of a connection that worked is no failed attempt.
        assert!(retries.lost().is_ok());
        assert!(retries.lost().is_ok());
        assert_eq!(retries.lost(), Err(2));
    }

    #[test]
    fn waiting_counts_from_packet_to_packet() {
        let mut retries = retries(0);
        assert_eq!(retries.waited(30 * MS), None);
        retries.packet();
        assert_eq!(retries.waited(30 * MS), None);
        assert_eq!(retries.waited(20 * MS), Some(50 * MS));
        assert!(retries.lost().is_ok());
        assert_eq!(retries.waited(30 * MS), None);
    }

    proptest! {
        #[test]
        fn delays_stay_within_their_bounds(first in 1_u64..u64::MAX, max in 1_u64.., losses in 1_usize..200) {
            let policy = Reconnect {
                first_delay: Duration::from_millis(first.min(max)),
                max_delay: Duration::from_millis(max),
                ..Reconnect::default()
            };
            let mut retries = Retries::new(policy);
            for _ in 0..losses {
                let delay = retries.lost().unwrap();
                prop_assert!(policy.first_delay <= delay && delay <= policy.max_delay);
            }
        }
    }
}
