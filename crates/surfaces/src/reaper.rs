//! Teardown of decoders and encoders, on threads of their own.
//!
//! Stopping a pipeline joins its threads, which may be inside foreign code: whoever asks for it waits
//! only for a limited time.

use std::sync::Arc;
use std::time::Duration;

use crate::sync::{Condvar, Mutex, thread};
use crate::wait::Wait;

/// How long a shutdown waits for a teardown before it leaves it to itself.
pub const TEARDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Tells when a teardown has ended.
#[derive(Clone, Default)]
pub struct Teardown(Arc<(Mutex<bool>, Condvar)>);

impl Teardown {
    /// Waits; `false` when the teardown is still running then.
    pub fn wait(&self, wait: Wait<'_>) -> bool {
        let (ended, changed) = &*self.0;
        wait.on(changed, &mut ended.lock(), |ended| ended.then_some(()))
            .is_ok()
    }

    /// Whether the teardown has ended.
    pub fn has_ended(&self) -> bool {
        *self.0.0.lock()
    }

    fn end(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }
}

/// Runs `job` on a thread of its own: foreign code that hangs in one teardown must not keep the others.
pub fn retire(job: impl FnOnce() + Send + 'static) -> Teardown {
    let teardown = Teardown::default();
    let ended = teardown.clone();
    // Shared, because a thread that cannot be made does not give its work back.
    let job = Arc::new(Mutex::new(Some(job)));
    let run = move || {
        let job = job.lock().take();
        if let Some(job) = job {
            job();
            ended.end();
        }
    };
    let spawned = thread::Builder::new()
        .name("savant-reaper".into())
        .spawn(run.clone());
    if spawned.is_err() {
        // Better here and now than never.
        run();
    }
    teardown
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_teardown_that_hangs_keeps_no_other() {
        let (release, hangs) = channel::<()>();
        let hanging = retire(move || {
            let _ = hangs.recv();
        });
        assert!(retire(|| ()).wait(Wait::at_most(TEARDOWN_LIMIT)));
        assert!(!hanging.has_ended());
        drop(release);
        assert!(hanging.wait(Wait::at_most(TEARDOWN_LIMIT)));
    }
}
