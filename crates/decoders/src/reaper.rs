//! Teardown of decoders, on a thread of its own.
//!
//! Stopping a pipeline joins its threads, which may be inside foreign code: whoever asks for it waits
//! only for a limited time.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use surfaces::wait::Wait;

/// How long a shutdown waits for a teardown before it leaves it to itself.
pub(crate) const TEARDOWN_LIMIT: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

/// Tells when a teardown has ended.
#[derive(Clone, Default)]
pub(crate) struct Teardown(Arc<(Mutex<bool>, Condvar)>);

impl Teardown {
    /// Waits at most [`TEARDOWN_LIMIT`]; `false` when the teardown is still running then.
    pub(crate) fn wait(&self) -> bool {
        let (ended, changed) = &*self.0;
        Wait::at_most(TEARDOWN_LIMIT)
            .on(changed, &mut ended.lock(), |ended| ended.then_some(()))
            .is_ok()
    }

    /// Whether the teardown has ended.
    pub(crate) fn has_ended(&self) -> bool {
        *self.0.0.lock()
    }

    fn end(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }
}

/// Runs `job` on the reaper thread.
pub(crate) fn retire(job: impl FnOnce() + Send + 'static) -> Teardown {
    let teardown = Teardown::default();
    let ended = teardown.clone();
    let job: Job = Box::new(move || {
        job();
        ended.end();
    });
    if let Err(job) = send(job) {
        // No thread could be made for it: better here and now than never.
        job();
    }
    teardown
}

fn send(job: Job) -> Result<(), Job> {
    static REAPER: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let reaper = REAPER.get_or_init(|| {
        let (sender, jobs) = channel::<Job>();
        let run = move || {
            for job in jobs {
                job();
            }
        };
        thread::Builder::new()
            .name("savant-reaper".into())
            .spawn(run)
            .map(|_| sender)
            .ok()
    });
    match reaper {
        Some(sender) => sender.send(job).map_err(|refused| refused.0),
        None => Err(job),
    }
}
