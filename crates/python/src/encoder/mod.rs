//! `EncoderConfig`, the property classes and `Encoder` as Python classes.

mod config;
mod properties;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    properties::register(module)?;
    config::register(module)
}
