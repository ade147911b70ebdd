//! What must end before the interpreter does.

use std::sync::{Arc, Weak};

use decoders::{FlexibleDecoder, FlexibleDecoderPool};
use encoders::Encoder;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::frames::Token;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_shutdown_all, module)?)?;
    module.add_function(wrap_pyfunction!(_live_objects, module)?)
}

/// The decoders, pools and encoders that Python holds, for the shutdown at exit.
static LIVE: Mutex<Vec<Weak<dyn End>>> = Mutex::new(Vec::new());

/// What owns threads that call into Python.
pub(crate) trait End: Send + Sync {
    /// Ends at once, and waits for its threads to leave Python.
    fn end(&self);
}

impl End for FlexibleDecoder<Token> {
    fn end(&self) {
        Self::end(self);
    }
}

impl End for FlexibleDecoderPool<Token> {
    fn end(&self) {
        Self::end(self);
    }
}

impl End for Encoder<Token> {
    fn end(&self) {
        Self::end(self);
    }
}

/// Shuts `object` down before the interpreter ends.
pub(crate) fn watch<E: End + 'static>(object: &Arc<E>) {
    let mut live = LIVE.lock();
    live.retain(|object| object.strong_count() > 0);
    let object: Weak<E> = Arc::downgrade(object);
    live.push(object);
}

/// Shuts every decoder, pool and encoder down at once; for the end of the interpreter.
#[pyfunction]
fn _shutdown_all(py: Python<'_>) {
    let live: Vec<_> = LIVE
        .lock()
        .drain(..)
        .filter_map(|object| object.upgrade())
        .collect();
    py.detach(|| {
        for object in live {
            object.end();
        }
    });
}

/// Native objects that exist in this process, by kind: ``sessions``, ``encoders`` and ``surfaces``; for finding leaks.
#[pyfunction]
fn _live_objects(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("sessions", decoders::live_sessions())?;
    dict.set_item("encoders", encoders::live_encoders())?;
    dict.set_item("surfaces", ::surfaces::live_surfaces())?;
    Ok(dict)
}
