//! Callers take turns, first come first served.

use std::collections::VecDeque;

use crate::sync::{Condvar, Mutex};

use crate::wait::{Wait, WaitError};

/// A queue of callers, of whom one at a time has its turn. Its lock is held for no longer than a change
/// of the queue, so turns may be taken and closed with any other lock held or free.
#[derive(Default)]
pub struct Turns {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<u64>,
    next: u64,
    is_closed: bool,
}

/// The caller's turn, until it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// Waits for this caller's turn; `None` when there are no more turns.
    ///
    /// # Errors
    /// [`WaitError`], if the wait was given up. The place in the queue is given up with it.
    pub fn take(&self, wait: Wait<'_>) -> Result<Option<Turn<'_>>, WaitError> {
        let mut queue = self.queue.lock();
        let number = queue.next;
        queue.next += 1;
        queue.waiting.push_back(number);
        // Dropped behind the lock, which its drop takes.
        let turn = Turn {
            turns: self,
            number,
        };
        let is_mine = wait.on(&self.changed, &mut queue, |queue| {
            let is_first = queue.waiting.front() == Some(&number);
            (queue.is_closed || is_first).then_some(!queue.is_closed)
        });
        drop(queue);
        is_mine.map(|is_mine| is_mine.then_some(turn))
    }

    /// Sends away all that wait, and all that come.
    pub fn close(&self) {
        let was_closed = std::mem::replace(&mut self.queue.lock().is_closed, true);
        if !was_closed {
            self.changed.notify_all();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.turns.queue.lock();
        queue.waiting.retain(|&waiting| waiting != self.number);
        drop(queue);
        self.turns.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn waiting(turns: &Turns) -> usize {
        turns.queue.lock().waiting.len()
    }

    fn wait_for(turns: &Turns, number: usize) {
        while waiting(turns) != number {
            thread::yield_now();
        }
    }

    #[test]
    fn callers_come_in_the_order_of_their_calls() {
        let turns = Turns::default();
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            let first = turns.take(Wait::forever()).unwrap();
            for number in 0..8 {
                let (turns, sender) = (&turns, sender.clone());
                scope.spawn(move || {
                    let _turn = turns.take(Wait::forever()).unwrap().unwrap();
                    sender.send(number).unwrap();
                });
                wait_for(turns, number + 2);
            }
            assert!(order.try_recv().is_err());
            drop(first);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn who_gives_up_leaves_the_queue() {
        let turns = Turns::default();
        let first = turns.take(Wait::forever()).unwrap();
        let given_up = turns.take(Wait::at_most(Duration::from_millis(1)));
        assert!(matches!(given_up, Err(WaitError::TimedOut)));
        assert_eq!(waiting(&turns), 1);
        drop(first);
        assert!(turns.take(Wait::at_most(Duration::ZERO)).unwrap().is_some());
    }

    #[test]
    fn the_end_sends_away_who_waits_and_who_comes() {
        let turns = Turns::default();
        let _first = turns.take(Wait::forever()).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| turns.take(Wait::forever()).unwrap().is_none());
            wait_for(&turns, 2);
            turns.close();
            assert!(waiter.join().unwrap());
        });
        assert!(turns.take(Wait::forever()).unwrap().is_none());
        assert_eq!(waiting(&turns), 1);
    }
}
