//! Python callables that native threads call.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A callable shared between a Python object, which reports it to the garbage collector, and native
/// threads. Once the collector has cleared it, calls do nothing.
#[derive(Clone)]
pub(crate) struct Callback(Arc<Mutex<Option<Py<PyAny>>>>);

impl Callback {
    /// Refuses what cannot be called with `TypeError`.
    pub(crate) fn new(name: &str, callable: Bound<'_, PyAny>) -> PyResult<Self> {
        if callable.is_callable() {
            return Ok(Self(Arc::new(Mutex::new(Some(callable.unbind())))));
        }
        let got = callable.get_type().name()?;
        Err(pyo3::exceptions::PyTypeError::new_err(format!(
            "{name} must be callable, not {got}"
        )))
    }

    /// The same callable, for another Python object to own.
    pub(crate) fn for_another_owner(&self, py: Python<'_>) -> Self {
        Self(Arc::new(Mutex::new(
            self.0
                .lock()
                .as_ref()
                .map(|callable| callable.clone_ref(py)),
        )))
    }

    /// Calls it; `None` when it raised, which is logged, or when it has been cleared.
    pub(crate) fn call<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        args: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error: Into<PyErr>>,
    ) -> Option<Bound<'py, PyAny>> {
        let callable = self.0.lock().as_ref()?.clone_ref(py);
        let result = args
            .into_pyobject(py)
            .map_err(Into::into)
            .and_then(|args| callable.bind(py).call1(args));
        result.map_err(|error| log_exception(py, name, error)).ok()
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is held only for moments under the GIL, which the collector has now.
        self.0
            .try_lock()
            .map_or(Ok(()), |callable| visit.call(&*callable))
    }

    pub(crate) fn clear(&self) {
        let callable = self.0.lock().take();
        drop(callable);
    }
}

/// Logs the exception as text: a stored traceback would keep the callback's locals, and with them the
/// output, alive.
pub(crate) fn log_exception(py: Python<'_>, name: &str, error: PyErr) {
    let text = py
        .import("traceback")
        .and_then(|traceback| traceback.call_method1("format_exception", (error.value(py),)))
        .and_then(|lines| lines.extract::<Vec<String>>())
        .map_or_else(|_| error.to_string(), |lines| lines.concat());
    drop(error);
    log_error(
        py,
        &format!("{name} raised an exception, which is ignored:\n{text}"),
    );
}

/// Logs to the Python logger `savant_rs.deepstream`.
pub(crate) fn log_error(py: Python<'_>, text: &str) {
    let logged = py
        .import("logging")
        .and_then(|logging| logging.call_method1("getLogger", ("savant_rs.deepstream",)))
        .and_then(|logger| logger.call_method1("error", ("%s", text)));
    if logged.is_err() {
        tracing::error!("{text}");
    }
}
