//! `EncoderConfig`, the property classes and `Encoder` as Python classes.

mod class;
mod config;
mod encode;
mod output;
mod properties;

use pyo3::prelude::*;

pub(crate) use self::output::PyEncodedOutput;

use crate::frames::Token;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    properties::register(module)?;
    config::register(module)?;
    output::register(module)?;
    encode::register(module)?;
    class::register(module)
}
