//! Generators, buffers, views, and functions on buffers.

pub(crate) mod arguments;
mod cuda_array;
mod foreign;
mod functions;
mod generator;
pub(crate) mod in_place;
mod plane;
mod pool;
mod shared_buffer;
mod tensor;
mod view;

use pyo3::prelude::*;

pub(crate) use pool::{complete_sources, pool_stats};
pub(crate) use shared_buffer::PySharedBuffer;
pub(crate) use view::{PySurfaceView, upload};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<generator::PyBufferGenerator>()?;
    module.add_class::<PySharedBuffer>()?;
    module.add_class::<PySurfaceView>()?;
    module.add_class::<plane::PySurfacePlane>()?;
    functions::register(module)
}
