//! Log lines of the native crates: to standard error on the thread that they come from, or into a queue for Python's
//! `logging`. Neither needs the GIL.

mod line;
mod queue;

use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

use line::Line;
use queue::LINES;

/// Chooses the level at the start: `error`, `warn` (the default), `info`, `debug`, `trace` or `off`.
const VARIABLE: &str = "SAVANT_LOG";

/// Changes the level; empty when the application has a subscriber of its own.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_log_level, module)?)?;
    module.add_function(wrap_pyfunction!(_open_log, module)?)?;
    module.add_function(wrap_pyfunction!(_close_log, module)?)?;
    module.add_function(wrap_pyfunction!(_next_log_lines, module)?)?;
    module.add_function(wrap_pyfunction!(_hold_log, module)?)?;
    module.add_function(wrap_pyfunction!(_release_log, module)?)
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
        .with(QueuedOr(lines))
        .try_init()
        .is_ok()
    {
        let _ = LEVEL.set(handle);
    }
}

/// Lines go into the queue; those that nobody takes from there go to another layer. No crate here opens spans.
struct QueuedOr<L>(L);

impl<S: Subscriber, L: Layer<S>> Layer<S> for QueuedOr<L> {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !LINES.push(|| Line::of(event)) {
            self.0.on_event(event, context);
        }
    }
}

/// Sets which log lines of the native code are told. Addition.
///
/// ``level``: ``"error"``, ``"warn"`` (the default), ``"info"``, ``"debug"``, ``"trace"`` or ``"off"``; ``ValueError``
/// for another text. The environment variable ``SAVANT_LOG`` sets it for the start. The lines go to standard error,
/// or to Python's ``logging`` after ``log_to_python()``. Exceptions of callbacks go to the Python logger
/// ``savant_rs.deepstream`` at once.
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

/// From now on lines wait for ``_next_log_lines``. ``RuntimeError`` if the lines are the application's, which has a
/// subscriber of its own.
#[pyfunction]
fn _open_log() -> PyResult<()> {
    if LEVEL.get().is_none() {
        return Err(PyRuntimeError::new_err(
            "the log lines go to the subscriber that the application has set",
        ));
    }
    LINES.open();
    Ok(())
}

/// From now on lines go to standard error again; those that wait can still be taken.
#[pyfunction]
fn _close_log() {
    LINES.close();
}

/// The lines that wait, as attributes of ``logging.LogRecord``; blocks until there are some. ``None`` after
/// ``_close_log``, when all are taken.
#[pyfunction]
fn _next_log_lines(py: Python<'_>) -> PyResult<Option<Vec<Bound<'_, PyDict>>>> {
    let lines = py.detach(|| LINES.next());
    lines
        .map(|lines| {
            let lines = lines.into_iter();
            lines.map(|line| line.into_attributes(py)).collect()
        })
        .transpose()
}

/// Holds the queue still, for a fork of this process.
#[pyfunction]
fn _hold_log() {
    queue::hold();
}

/// Ends ``_hold_log``, in the parent and in the child, where lines go to standard error.
#[pyfunction]
fn _release_log(is_child: bool) {
    queue::release(is_child);
}
