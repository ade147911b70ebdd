//! Generators, buffers, views, and functions on buffers.

mod arguments;
mod cuda_array;
mod foreign;
mod functions;
mod generator;
mod in_place;
mod plane;
mod shared_buffer;
mod tensor;
mod view;

use pyo3::prelude::*;

pub(crate) use shared_buffer::PySharedBuffer;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<generator::PyBufferGenerator>()?;
    module.add_class::<PySharedBuffer>()?;
    module.add_class::<view::PySurfaceView>()?;
    module.add_class::<plane::PySurfacePlane>()?;
    functions::register(module)
}
