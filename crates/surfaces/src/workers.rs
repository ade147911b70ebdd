//! The process-wide pool that converts and codes pictures, with one thread per core.
//!
//! A thread without work sleeps at once. Work stealing pools look for work for a while first, which
//! takes the cores from the decoders: pictures come one at a time, a few hundred in a second.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use crate::sync::{Condvar, Mutex, thread};

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    more: Condvar,
}

impl Queue {
    fn push(&self, job: Job) {
        self.jobs.lock().push_back(job);
        self.more.notify_one();
    }

    fn next(&self) -> Job {
        let mut jobs = self.jobs.lock();
        loop {
            if let Some(job) = jobs.pop_front() {
                return job;
            }
            self.more.wait(&mut jobs);
        }
    }

    /// A job reports its own panics; what is left concerns nobody else.
    fn work(&self) -> ! {
        loop {
            let job = self.next();
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a conversion panicked");
            }
        }
    }

    /// Starts a thread per core, and tells whether there is one at least.
    fn start(&'static self) -> bool {
        let started = (0..cores()).map(|index| {
            thread::Builder::new()
                .name(format!("savant-convert-{index}"))
                .spawn(|| self.work())
        });
        let (started, failed): (Vec<_>, Vec<_>) = started.partition(Result::is_ok);
        if let Some(Err(error)) = failed.first() {
            tracing::error!("{} threads convert pictures: {error}", started.len());
        }
        !started.is_empty()
    }
}

/// Cores that this process may use, looked up once: the control group says so in files.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// Runs `job` on the pool, or here when none of the pool's threads could be made.
pub fn spawn(job: impl FnOnce() + Send + 'static) {
    static QUEUE: OnceLock<Option<&'static Queue>> = OnceLock::new();
    if cfg!(feature = "shuttle") {
        // A schedule ends when all threads have, and the pool's never do.
        thread::spawn(job);
        return;
    }
    let queue = QUEUE.get_or_init(|| {
        let queue: &'static Queue = Box::leak(Box::default());
        queue.start().then_some(queue)
    });
    match queue {
        Some(queue) => queue.push(Box::new(job)),
        None => job(),
    }
}
