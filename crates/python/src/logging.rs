//! Log lines of the native crates go to standard error, on the thread that they come from and without the GIL.

use std::sync::OnceLock;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

/// Chooses the level at the start: `error`, `warn` (the default), `info`, `debug`, `trace` or `off`.
const VARIABLE: &str = "SAVANT_LOG";

/// Changes the level; empty when the application has a subscriber of its own.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_log_level, module)?)
}

pub(crate) fn init() {
    let level = std::env::var(VARIABLE)
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    let (filter, handle) = reload::Layer::new(level);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // An application that has its own subscriber keeps it.
    if tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .is_ok()
    {
        let _ = LEVEL.set(handle);
    }
}

/// Sets which log lines of the native code go to standard error. Addition.
///
/// ``level``: ``"error"``, ``"warn"`` (the default), ``"info"``, ``"debug"``, ``"trace"`` or ``"off"``; ``ValueError``
/// for another text. The environment variable ``SAVANT_LOG`` sets it for the start. Exceptions of callbacks go to the
/// Python logger ``savant_rs.deepstream`` instead.
#[pyfunction]
fn set_log_level(level: &str) -> PyResult<()> {
    let filter: LevelFilter = level.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "unknown log level {level:?}: error, warn, info, debug, trace, off"
        ))
    })?;
    match LEVEL.get() {
        Some(handle) => handle
            .reload(filter)
            .map_err(|error| PyValueError::new_err(error.to_string())),
        None => Ok(()),
    }
}
