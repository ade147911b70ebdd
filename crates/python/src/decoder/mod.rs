//! `FlexibleDecoder` and what belongs to it as Python classes.

pub(crate) mod callback;
mod config;
mod flexible;
mod frame;
mod output;
mod sealed;
mod skip;
mod stats;

use std::sync::Arc;

use pyo3::prelude::*;

use crate::frames::PyVideoFrame;

/// What a submission carries: the very Python object, so that outputs return it.
pub(crate) type Token = Arc<Py<PyVideoFrame>>;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    config::register(module)?;
    skip::register(module)?;
    frame::register(module)?;
    sealed::register(module)?;
    output::register(module)?;
    flexible::register(module)
}
