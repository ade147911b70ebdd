//! A log line on its way from the thread that it comes from to Python's `logging`.

use std::fmt::Debug;
use std::fs;
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// The logger above those of the native code.
const LOGGER: &str = "savant_rs.deepstream";

/// What a line says, and where and when.
pub(super) struct Line {
    level: Level,
    logger: String,
    message: String,
    fields: Vec<(&'static str, String)>,
    place: Option<(&'static str, u32)>,
    time: SystemTime,
    thread: Thread,
}

/// The thread that a line comes from, as the system knows it: most native threads have no other name.
#[derive(Default)]
struct Thread {
    id: u64,
    name: String,
}

impl Line {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut line = Self {
            logger: logger(metadata.target()),
            place: metadata.file().zip(metadata.line()),
            thread: Thread::current(),
            ..Self::warning(String::new())
        };
        line.level = *metadata.level();
        event.record(&mut line);
        line
    }

    /// A warning about the lines themselves.
    pub(super) fn warning(message: String) -> Self {
        Self {
            level: Level::WARN,
            logger: LOGGER.to_owned(),
            message,
            fields: Vec::new(),
            place: None,
            time: SystemTime::now(),
            thread: Thread::default(),
        }
    }

    /// The attributes of a `logging.LogRecord`.
    pub(super) fn into_attributes(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let since = self.time.duration_since(SystemTime::UNIX_EPOCH);
        let created = since.unwrap_or_default();
        let (path, line) = self.place.unwrap_or(("", 0));
        let fields = PyDict::new(py);
        for (name, value) in &self.fields {
            fields.set_item(name, value)?;
        }
        let attributes = PyDict::new(py);
        attributes.set_item("name", self.logger)?;
        attributes.set_item("levelno", levelno(self.level))?;
        attributes.set_item("msg", with_fields(self.message, &self.fields))?;
        attributes.set_item("args", PyTuple::empty(py))?;
        attributes.set_item("fields", fields)?;
        attributes.set_item("pathname", path)?;
        attributes.set_item("filename", path.rsplit('/').next())?;
        attributes.set_item("lineno", line)?;
        attributes.set_item("created", created.as_secs_f64())?;
        attributes.set_item("msecs", created.subsec_millis())?;
        attributes.set_item("thread", self.thread.id)?;
        attributes.set_item("threadName", self.thread.name)?;
        Ok(attributes)
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format!("{value:?}"));
    }
}

impl Line {
    fn take(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name, value)),
        }
    }
}

impl Thread {
    fn current() -> Self {
        let id = fs::read_link("/proc/thread-self")
            .ok()
            .and_then(|path| path.file_name()?.to_str()?.parse().ok());
        let name = fs::read_to_string("/proc/thread-self/comm");
        Self {
            id: id.unwrap_or_default(),
            name: name.unwrap_or_default().trim_end().to_owned(),
        }
    }
}

/// `savant_decoders::flexible::core` is `savant_rs.deepstream.decoders.flexible.core`.
fn logger(target: &str) -> String {
    let target = target.trim_start_matches("savant_").replace("::", ".");
    format!("{LOGGER}.{target}")
}

/// As the lines on standard error have them.
fn with_fields(message: String, fields: &[(&str, String)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!(" {name}={value}"));
    fields.fold(message, |text, field| text + &field)
}

/// The levels of Python's `logging`, which has none below `DEBUG`.
fn levelno(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}
