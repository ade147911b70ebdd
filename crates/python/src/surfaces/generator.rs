//! `BufferGenerator`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use surfaces::wait::Wait;
use surfaces::{BufferGenerator, Error, GeneratorConfig, SharedBuffer};

use super::arguments::{BufferArgument, FormatArgument, MemTypeArgument};
use super::pool::{complete_sources, pool_stats};
use super::shared_buffer::PySharedBuffer;
use crate::enums::PyVideoFormat;
use crate::errors::from_surfaces;
use crate::geometry::{PyRect, PyTransformConfig};
use crate::{gil, raw};

/// A pool of buffers of one size and format.
///
/// ``format`` is a :class:`VideoFormat` or its name, ``width`` and ``height`` are pixels. With
/// ``pool_size`` 0 buffers are allocated on demand, otherwise all at once. Raises ``RuntimeError``
/// if they cannot be allocated. Generators may be used from any thread.
#[pyclass(frozen, name = "BufferGenerator", module = "savant_rs.deepstream")]
pub(crate) struct PyBufferGenerator {
    inner: BufferGenerator,
}

impl PyBufferGenerator {
    /// Runs a call that may wait for a buffer without the GIL, and wraps what it gives.
    fn acquire_with(
        py: Python<'_>,
        timeout_ms: Option<u64>,
        acquire: impl FnOnce(Wait<'_>) -> Result<SharedBuffer, Error> + Send,
    ) -> PyResult<PySharedBuffer> {
        let buffer = gil::blocking(py, timeout_ms.map(Duration::from_millis), acquire)?;
        buffer.map(Into::into).map_err(from_surfaces)
    }
}

#[pymethods]
impl PyBufferGenerator {
    #[new]
    #[pyo3(
        signature = (format, width, height, fps_num=30, fps_den=1, gpu_id=0, mem_type=None, pool_size=4),
        text_signature = "(format, width, height, fps_num=30, fps_den=1, gpu_id=0, mem_type=None, pool_size=4)"
    )]
    #[allow(clippy::too_many_arguments)] // the published signature
    fn new(
        py: Python<'_>,
        format: FormatArgument,
        width: u32,
        height: u32,
        fps_num: i32,
        fps_den: i32,
        gpu_id: u32,
        mem_type: Option<MemTypeArgument>,
        pool_size: u32,
    ) -> PyResult<Self> {
        let config = GeneratorConfig {
            format: format.0,
            width,
            height,
            batch_size: 1,
            fps: (fps_num, fps_den),
            gpu_id,
            mem_type: mem_type.unwrap_or_default().0,
            pool_size,
        };
        let inner = py
            .detach(|| BufferGenerator::new(config))
            .map_err(from_surfaces)?;
        Ok(Self { inner })
    }

    /// Takes a buffer from the pool; it has no timestamps, and whatever pixels its last user left.
    ///
    /// ``id``: attached as ``(SavantIdMetaKind.FRAME, id)``. Blocks while all buffers are out, with
    /// the GIL released; ``TimeoutError`` after ``timeout_ms`` milliseconds (addition), by default
    /// never.
    #[pyo3(signature = (id=None, *, timeout_ms=None))]
    fn acquire(
        &self,
        py: Python<'_>,
        id: Option<u128>,
        timeout_ms: Option<u64>,
    ) -> PyResult<PySharedBuffer> {
        Self::acquire_with(py, timeout_ms, |wait| {
            self.inner.acquire_with_params(None, None, id, wait)
        })
    }

    /// :meth:`acquire` with a presentation time and a duration in nanoseconds.
    ///
    /// Raises ``ValueError`` for 2**64-1, GStreamer's mark for "none".
    #[pyo3(signature = (pts_ns, duration_ns, id=None, *, timeout_ms=None))]
    fn acquire_with_params(
        &self,
        py: Python<'_>,
        pts_ns: u64,
        duration_ns: u64,
        id: Option<u128>,
        timeout_ms: Option<u64>,
    ) -> PyResult<PySharedBuffer> {
        Self::acquire_with(py, timeout_ms, |wait| {
            self.inner
                .acquire_with_params(Some(pts_ns), Some(duration_ns), id, wait)
        })
    }

    /// Scales slot 0 of ``src_buf`` into a new buffer of this pool.
    ///
    /// ``src_buf`` is a :class:`SharedBuffer` or the address of a ``GstBuffer``, and is not
    /// consumed; its ids and timestamps are not copied. ``src_rect`` crops it first. Waits for the
    /// work on CUDA's default stream, which may still write the source. Blocks like
    /// :meth:`acquire`, and until the pixels are complete. Raises ``RuntimeError`` if the transform
    /// is not possible, for example if ``src_rect`` lies outside the source.
    ///
    /// What the picture does not cover is cleared: to zero in ``RGBA`` and ``BGRx`` (alpha too). On the host backend
    /// ``NV12``, ``NV21``, ``I420`` and ``UYVY`` become black there, as does ``GRAY8`` unless the source is ``GRAY8``
    /// too, which becomes zero.
    ///
    /// The host backend takes every pair of formats and interpolations, on the calling thread. Pixel centres:
    /// destination pixel ``i`` of the rectangle reads source position ``(i + 0.5) * scale - 0.5``;
    /// ``Interpolation.NEAREST`` and ``DEFAULT`` read pixel ``floor(i * scale)``, ``BILINEAR`` mixes the two pixels
    /// on either side (within 2 levels of exact arithmetic), the cubic filter is Catmull-Rom, the super-sampling one
    /// the mean, the Lanczos one Lanczos-3. Y, Cb, Cr are scaled as such, each chroma sample in the middle of the
    /// pixels that share it; a block of pixels that the rectangle covers in part gets chroma in that proportion.
    /// A picture that is not scaled shows its own samples, with chroma replicated in RGB. ``ComputeMode.VIC`` is
    /// an error there.
    #[pyo3(signature = (src_buf, config, id=None, src_rect=None, *, timeout_ms=None))]
    fn transform(
        &self,
        py: Python<'_>,
        src_buf: BufferArgument,
        config: PyRef<'_, PyTransformConfig>,
        id: Option<u128>,
        src_rect: Option<PyRef<'_, PyRect>>,
        timeout_ms: Option<u64>,
    ) -> PyResult<PySharedBuffer> {
        let (config, src_rect) = ((*config).into(), src_rect.map(|rect| (*rect).into()));
        let src = src_buf.borrow()?;
        Self::acquire_with(py, timeout_ms, |wait| {
            complete_sources([&src])?;
            self.inner.transform(&src, &config, src_rect, id, wait)
        })
    }

    /// Caps of the buffers as text, for the ``caps`` property of an appsrc.
    fn nvmm_caps_str(&self) -> String {
        self.inner.nvmm_caps_str()
    }

    /// Sends the end-of-stream signal to the appsrc at an address, which must be that of a live
    /// object.
    ///
    /// Raises ``ValueError`` for 0, ``RuntimeError`` if the object is no appsrc or refuses.
    #[staticmethod]
    fn send_eos(py: Python<'_>, appsrc_ptr: usize) -> PyResult<()> {
        let appsrc = raw::borrow_element(appsrc_ptr)?;
        py.detach(|| surfaces::send_eos(&appsrc))
            .map_err(from_surfaces)
    }

    /// What the pool is doing, as one snapshot. Addition.
    ///
    /// ``capacity``: buffers that there may be, 0 for no limit; ``free`` and ``in_use``: buffers that
    /// exist; ``waits``: acquires that found no free buffer, blocked ones among them;
    /// ``longest_wait_ms``: the longest time that one of them waited, in milliseconds.
    ///
    /// If the environment variable ``SAVANT_POOL_DEBUG`` was 1 when the first pool was made there is
    /// also ``holders``: for each buffer that is out, longest first, ``where`` it was acquired
    /// (``file:line`` of the Python code, else the thread's name) and ``held_ms``. Free buffers then
    /// hold bytes of 0xA5, so that use after release shows.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        pool_stats(py, &self.inner.stats())
    }

    /// Pixel format.
    #[getter]
    fn format(&self) -> PyVideoFormat {
        self.inner.config().format.into()
    }

    /// Width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.inner.config().width
    }

    /// Height in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.inner.config().height
    }

    fn __repr__(&self) -> String {
        let config = self.inner.config();
        format!(
            "BufferGenerator({}, {}x{}, in_use={}, pool_size={})",
            config.format.name(),
            config.width,
            config.height,
            self.inner.in_use(),
            config.pool_size
        )
    }
}
