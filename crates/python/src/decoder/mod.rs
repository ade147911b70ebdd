//! `FlexibleDecoder`, `FlexibleDecoderPool` and what belongs to them as Python classes.

mod calls;
mod config;
mod eviction;
mod flexible;
mod frame;
mod options;
mod output;
mod outputs;
mod pool;
mod pool_config;
mod sealed;
mod skip;
mod stats;

use pyo3::prelude::*;

use crate::frames::Token;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    config::register(module)?;
    skip::register(module)?;
    frame::register(module)?;
    sealed::register(module)?;
    output::register(module)?;
    outputs::register(module)?;
    flexible::register(module)?;
    eviction::register(module)?;
    pool_config::register(module)?;
    pool::register(module)
}
