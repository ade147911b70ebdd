//! Batches of surfaces and their pool.

mod generator;
mod non_uniform;
mod surface_batch;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<generator::PyUniformBatchGenerator>()?;
    module.add_class::<surface_batch::PySurfaceBatch>()?;
    module.add_class::<non_uniform::PyNonUniformBatch>()
}
