//! The enums of the API as Python classes, one per enum of the crates below.
//!
//! They are not `enum.Enum`s: members are attributes of a class that can be neither called nor
//! iterated. A member converts to an int, equals that int and itself, and hashes like that int.

mod decoders;
mod encoders;
mod py_enum;
pub(crate) mod surfaces;

use pyo3::prelude::*;

#[cfg(not(target_arch = "aarch64"))]
pub(crate) use self::decoders::PyCudadecMemtype;
pub(crate) use self::decoders::{
    PyDamagePolicy, PyH264StreamFormat, PyHardware, PyHevcStreamFormat, PyJpegBackend,
    PyQueuePolicy,
};
pub(crate) use self::encoders::{
    PyDgpuPreset, PyH264Profile, PyHevcProfile, PyJetsonPresetLevel, PyRateControl, PyTuningPreset,
};
pub(crate) use self::py_enum::{named_py_enum, py_enum};
pub(crate) use self::surfaces::{
    PyComputeMode, PyInterpolation, PyMemType, PyPadding, PySavantIdMetaKind, PyVideoFormat,
};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    surfaces::register(module)?;
    decoders::register(module)?;
    encoders::register(module)
}
