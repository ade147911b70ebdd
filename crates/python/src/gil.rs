//! Blocking calls: the GIL is released while waiting, and Ctrl-C is seen.

use std::cell::RefCell;
use std::time::Duration;

use pyo3::prelude::*;
use surfaces::SurfaceView;
use surfaces::pool::ledger;
use surfaces::wait::Wait;

/// Runs `work` without the GIL, with a [`Wait`] that ends after `timeout` or when a Python signal
/// handler raises; that exception takes precedence over the result.
pub(crate) fn blocking<T: Send>(
    py: Python<'_>,
    timeout: Option<Duration>,
    work: impl FnOnce(Wait<'_>) -> T + Send,
) -> PyResult<T> {
    let caller = ledger::is_debug().then(|| caller(py)).flatten();
    let (result, raised) = py.detach(|| {
        let raised = RefCell::new(None);
        let interrupt = || {
            Python::attach(|py| {
                py.check_signals()
                    .map_err(|error| raised.replace(Some(error)))
                    .is_err()
            })
        };
        let mut wait = timeout
            .map_or_else(Wait::forever, Wait::at_most)
            .or_interrupted(&interrupt);
        if let Some(caller) = &caller {
            wait = wait.called_from(caller);
        }
        let result = work(wait);
        (result, raised.into_inner())
    });
    raised.map_or(Ok(result), Err)
}

/// `file:line` of the Python code that runs now, if there is any.
fn caller(py: Python<'_>) -> Option<String> {
    let place = || -> PyResult<String> {
        let frame = py.import("sys")?.call_method0("_getframe")?;
        let file: String = frame.getattr("f_code")?.getattr("co_filename")?.extract()?;
        let line: u32 = frame.getattr("f_lineno")?.extract()?;
        Ok(format!("{file}:{line}"))
    };
    place().ok()
}

/// Waits for the work that a view's stream still has, before the view's buffer may be used anew.
///
/// A callback of that stream may need the GIL, so it is released; a failure is left to the next
/// call that uses the device.
pub(crate) fn synchronize_at_end(view: &SurfaceView) {
    if !view.is_cuda_memory() {
        return;
    }
    let wait = || {
        if let Err(error) = view.synchronize() {
            tracing::debug!("at the end of a view: {error}");
        }
    };
    // Without an interpreter nobody can hold the GIL.
    if Python::try_attach(|py| py.detach(wait)).is_none() {
        wait();
    }
}

/// A Python object that native code keeps, let go of at once on whatever thread that happens: `PyO3`
/// alone would put it off until the next call from Python, and with it the memory that it owns.
pub(crate) struct Owned(Option<Py<PyAny>>);

impl Owned {
    pub(crate) fn new(object: Bound<'_, PyAny>) -> Self {
        Self(Some(object.unbind()))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // After the end of the interpreter there is nothing left to let go of.
        let object = self.0.take();
        let _ = Python::try_attach(|_| drop(object));
    }
}
