//! The process-wide pool that converts and codes pictures, with one thread per core.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Cores that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Runs `job` on the pool, or here when the pool's threads could not be made.
pub fn spawn(job: impl FnOnce() + Send + 'static) {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        ThreadPoolBuilder::new()
            .num_threads(cores())
            .thread_name(|index| format!("savant-convert-{index}"))
            // A job reports its own panics; what is left concerns nobody else.
            .panic_handler(|_| tracing::error!("a conversion panicked"))
            .build()
            .map_err(|error| tracing::error!("pictures are converted one by one: {error}"))
            .ok()
    });
    match pool {
        Some(pool) => pool.spawn(job),
        None => job(),
    }
}
