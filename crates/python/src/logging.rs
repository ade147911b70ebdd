//! Log lines of the native crates go to standard error.

use tracing::level_filters::LevelFilter;

/// Chooses the level: `error`, `warn` (the default), `info`, `debug`, `trace` or `off`.
const VARIABLE: &str = "SAVANT_LOG";

pub(crate) fn init() {
    let level = std::env::var(VARIABLE)
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // An application that has its own subscriber keeps it.
    let _ = subscriber.try_init();
}
