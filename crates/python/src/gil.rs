//! Blocking calls: the GIL is released while waiting, and Ctrl-C is seen.

use std::cell::RefCell;
use std::time::Duration;

use pyo3::prelude::*;
use surfaces::wait::Wait;

/// Runs `work` without the GIL, with a [`Wait`] that ends after `timeout` or when a Python signal
/// handler raises; that exception takes precedence over the result.
pub(crate) fn blocking<T: Send>(
    py: Python<'_>,
    timeout: Option<Duration>,
    work: impl FnOnce(Wait<'_>) -> T + Send,
) -> PyResult<T> {
    let (result, raised) = py.detach(|| {
        let raised = RefCell::new(None);
        let interrupt = || {
            Python::attach(|py| {
                py.check_signals()
                    .map_err(|error| raised.replace(Some(error)))
                    .is_err()
            })
        };
        let wait = timeout
            .map_or_else(Wait::forever, Wait::at_most)
            .or_interrupted(&interrupt);
        let result = work(wait);
        (result, raised.into_inner())
    });
    raised.map_or(Ok(result), Err)
}
