//! `UniformBatchGenerator`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use std::time::Duration;

use batching::UniformBatchGenerator;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use surfaces::GeneratorConfig;

use super::surface_batch::PySurfaceBatch;
use crate::enums::PyVideoFormat;
use crate::errors::from_surfaces;
use crate::geometry::PyTransformConfig;
use crate::gil;
use crate::surfaces::arguments::{FormatArgument, MemTypeArgument, PyIds, ids_from_python};
use crate::surfaces::pool_stats;

/// A pool of buffers with many slots of one size and format.
///
/// ``format`` is a :class:`VideoFormat` or its name, ``width`` and ``height`` are the pixels of a slot,
/// ``max_batch_size`` is the number of slots, 1 to 1024. With ``pool_size`` 0 buffers are allocated on
/// demand, otherwise all at once. Raises ``RuntimeError`` if they cannot be allocated. Generators may
/// be used from any thread.
#[pyclass(
    frozen,
    name = "UniformBatchGenerator",
    module = "savant_rs.deepstream"
)]
pub(crate) struct PyUniformBatchGenerator {
    inner: UniformBatchGenerator,
}

#[pymethods]
impl PyUniformBatchGenerator {
    #[new]
    #[pyo3(
        signature = (format, width, height, max_batch_size, pool_size=2, fps_num=30, fps_den=1, gpu_id=0, mem_type=None),
        text_signature = "(format, width, height, max_batch_size, pool_size=2, fps_num=30, fps_den=1, gpu_id=0, mem_type=None)"
    )]
    #[allow(clippy::too_many_arguments)] // the published signature
    fn new(
        py: Python<'_>,
        format: FormatArgument,
        width: u32,
        height: u32,
        max_batch_size: u32,
        pool_size: u32,
        fps_num: i32,
        fps_den: i32,
        gpu_id: u32,
        mem_type: Option<MemTypeArgument>,
    ) -> PyResult<Self> {
        let config = GeneratorConfig {
            format: format.0,
            width,
            height,
            batch_size: max_batch_size,
            fps: (fps_num, fps_den),
            gpu_id,
            mem_type: mem_type.unwrap_or_default().0,
            pool_size,
        };
        let inner = py
            .detach(|| UniformBatchGenerator::new(config))
            .map_err(from_surfaces)?;
        Ok(Self { inner })
    }

    /// Takes a batch from the pool, with no filled slot and whatever pixels its last user left.
    ///
    /// ``config`` says how pictures are scaled into every slot. ``ids``, a sequence of
    /// ``(SavantIdMetaKind, int)``, are on the batch's buffer from now on; their number is not checked.
    /// Blocks while all buffers are out, with the GIL released; ``TimeoutError`` after ``timeout_ms``
    /// milliseconds (addition), by default never.
    #[pyo3(signature = (config, ids=None, *, timeout_ms=None))]
    fn acquire_batch(
        &self,
        py: Python<'_>,
        config: PyRef<'_, PyTransformConfig>,
        ids: Option<PyIds>,
        timeout_ms: Option<u64>,
    ) -> PyResult<PySurfaceBatch> {
        let config = (*config).into();
        let ids = ids_from_python(ids.unwrap_or_default());
        let timeout = timeout_ms.map(Duration::from_millis);
        gil::blocking(py, timeout, |wait| {
            self.inner.acquire_batch(config, ids, wait)
        })?
        .map(Into::into)
        .map_err(from_surfaces)
    }

    /// What the pool is doing: see :meth:`BufferGenerator.stats`. Addition.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        pool_stats(py, &self.inner.stats())
    }

    /// Pixel format.
    #[getter]
    fn format(&self) -> PyVideoFormat {
        self.inner.config().format.into()
    }

    /// Width of a slot in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.inner.config().width
    }

    /// Height of a slot in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.inner.config().height
    }

    /// GPU that owns the memory.
    #[getter]
    fn gpu_id(&self) -> u32 {
        self.inner.config().gpu_id
    }

    /// Slots of a batch.
    #[getter]
    fn max_batch_size(&self) -> u32 {
        self.inner.config().batch_size
    }

    fn __repr__(&self) -> String {
        let (config, stats) = (self.inner.config(), self.inner.stats());
        format!(
            "UniformBatchGenerator({}, {}x{}, max_batch_size={}, in_use={}, pool_size={})",
            config.format.name(),
            config.width,
            config.height,
            config.batch_size,
            stats.in_use,
            config.pool_size
        )
    }
}
