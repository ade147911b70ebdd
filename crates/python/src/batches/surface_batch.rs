//! `SurfaceBatch`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use batching::{BatchError, SurfaceBatch};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use surfaces::{Error, PlaneDescription, Rect, SharedBuffer, SlotSource, SurfaceView};

use crate::errors::{from_batching, from_surfaces};
use crate::geometry::PyRect;
use crate::gil;
use crate::surfaces::arguments::BufferArgument;
use crate::surfaces::in_place::InPlace;
use crate::surfaces::{PySharedBuffer, PySurfaceView, complete_sources, upload};

/// A buffer of a :class:`UniformBatchGenerator` with many slots, while it is filled and used.
///
/// Slots are filled by :meth:`transform_slot` and :meth:`transform_slots`. :meth:`finalize` ends that
/// and writes the surface's fill count; then slots can be viewed and written by
/// :meth:`memset_slot` and :meth:`upload_slot`. The buffer returns to its pool with its last reference,
/// finalized or not. Batches may be used from any thread.
///
/// A finalized batch of a format with interleaved pixels is also one array in place, of shape
/// ``(N, height, width, channels)``, or ``(N, height, width)`` for one channel: in system memory
/// ``numpy.asarray(batch)``, in device memory ``cupy.asarray(batch)``,
/// ``torch.as_tensor(batch, device="cuda")``, and ``from_dlpack`` of each (addition). N is the
/// surface's fill count, which :func:`set_num_filled` can raise to ``max_batch_size`` where a fixed
/// size is needed. ``RuntimeError`` if nothing is filled, for formats with several planes, and if the
/// slots are not evenly spaced, as in system memory on a machine with a GPU. When the batch goes, the
/// default stream is waited for; work on other streams is for the caller to wait for.
#[pyclass(frozen, name = "SurfaceBatch", module = "savant_rs.deepstream")]
pub(crate) struct PySurfaceBatch {
    inner: SurfaceBatch,
}

impl From<SurfaceBatch> for PySurfaceBatch {
    fn from(inner: SurfaceBatch) -> Self {
        Self { inner }
    }
}

/// All filled slots as one array.
struct Pixels {
    first: SurfaceView,
    array: PlaneDescription,
}

impl InPlace for Pixels {
    fn view(&self) -> &SurfaceView {
        &self.first
    }

    fn plane(&self, _operation: &'static str) -> Result<PlaneDescription, Error> {
        Ok(self.array)
    }
}

impl PySurfaceBatch {
    fn pixels(&self, operation: &'static str) -> PyResult<Pixels> {
        let (first, array) = self.inner.array(operation).map_err(from_surfaces)?;
        Ok(Pixels { first, array })
    }

    fn transform(
        &self,
        py: Python<'_>,
        sources: &[(u32, SharedBuffer, Option<Rect>)],
    ) -> PyResult<()> {
        py.detach(|| -> Result<(), BatchError> {
            complete_sources(sources.iter().map(|(_, src, _)| src))?;
            let sources: Vec<_> = sources
                .iter()
                .map(|(slot, src, src_rect)| SlotSource {
                    slot: *slot,
                    src,
                    src_rect: *src_rect,
                })
                .collect();
            self.inner.transform_slots(&sources)
        })
        .map_err(from_batching)
    }
}

#[pymethods]
impl PySurfaceBatch {
    /// Scales slot 0 of ``src_buf`` into a slot, as the batch's configuration says.
    ///
    /// ``src_buf`` is a :class:`SharedBuffer` or the address of a ``GstBuffer``, and is not consumed; one
    /// source may fill many slots, and a slot may be written again. ``src_rect`` crops it first. Waits
    /// for the work on CUDA's default stream, which may still write the source, and until the pixels
    /// are complete. Ids and timestamps stay as they are. Raises ``RuntimeError`` for a slot out of
    /// bounds, after :meth:`finalize`, and if the transform is not possible.
    #[pyo3(signature = (slot, src_buf, src_rect=None))]
    fn transform_slot(
        &self,
        py: Python<'_>,
        slot: u32,
        src_buf: BufferArgument,
        src_rect: Option<PyRef<'_, PyRect>>,
    ) -> PyResult<()> {
        let src_rect = src_rect.map(|rect| (*rect).into());
        self.transform(py, &[(slot, src_buf.borrow()?, src_rect)])
    }

    /// :meth:`transform_slot` for a sequence of ``(slot, src_buf, src_rect or None)``, in one call of the
    /// device, or in parallel on the CPU. Addition.
    ///
    /// Each slot may come once. After an error none of these slots counts as written, and their pixels
    /// are not specified.
    fn transform_slots(
        &self,
        py: Python<'_>,
        sources: Vec<(u32, BufferArgument, Option<PyRef<'_, PyRect>>)>,
    ) -> PyResult<()> {
        let sources = sources
            .into_iter()
            .map(|(slot, buffer, rect)| {
                Ok((slot, buffer.borrow()?, rect.map(|rect| (*rect).into())))
            })
            .collect::<PyResult<Vec<_>>>()?;
        self.transform(py, &sources)
    }

    /// Ends the filling and writes the surface's fill count, :attr:`num_filled`.
    ///
    /// Raises ``RuntimeError`` the second time, and while a pipeline shares the buffer.
    fn finalize(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.inner.finalize()).map_err(from_batching)
    }

    /// A view of a slot that the surface counts as filled; none is before :meth:`finalize`.
    ///
    /// Raises ``RuntimeError`` for others.
    fn view(&self, slot_index: u32) -> PyResult<PySurfaceView> {
        self.inner
            .view(slot_index)
            .map(Into::into)
            .map_err(from_surfaces)
    }

    /// Sets every byte of a filled slot, padding included, in all planes. Blocks until it is done.
    ///
    /// Raises ``RuntimeError`` for slots that are not filled, as all are before :meth:`finalize`.
    fn memset_slot(&self, py: Python<'_>, index: u32, value: u8) -> PyResult<()> {
        py.detach(|| self.inner.view(index)?.memset(value))
            .map_err(from_surfaces)
    }

    /// Copies an array into the top-left corner of a filled slot: see :meth:`SurfaceView.upload`.
    ///
    /// Raises ``RuntimeError`` for slots that are not filled, as all are before :meth:`finalize`.
    fn upload_slot(&self, py: Python<'_>, index: u32, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let view = self.inner.view(index).map_err(from_surfaces)?;
        upload(py, &view, data)
    }

    /// A further handle of the batch's buffer, at any time; before :meth:`finalize` its surface counts
    /// no slot as filled.
    fn shared_buffer(&self) -> PySharedBuffer {
        self.inner.shared_buffer().into()
    }

    /// One past the highest slot written.
    #[getter]
    fn num_filled(&self) -> u32 {
        self.inner.num_filled()
    }

    /// Slots of the batch.
    #[getter]
    fn max_batch_size(&self) -> u32 {
        self.inner.max_batch_size()
    }

    /// Whether :meth:`finalize` was called.
    #[getter]
    fn is_finalized(&self) -> bool {
        self.inner.is_finalized()
    }

    /// The filled slots as one array: see the class and :attr:`SurfaceView.__array_interface__`.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.pixels("__array_interface__")?.array_interface(py)
    }

    /// The filled slots as one array: see the class and :attr:`SurfaceView.__cuda_array_interface__`.
    #[getter]
    fn __cuda_array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.pixels("__cuda_array_interface__")?
            .cuda_array_interface(py)
    }

    /// See :meth:`SurfaceView.__dlpack_device__`.
    fn __dlpack_device__(&self) -> PyResult<(i32, i32)> {
        self.pixels("__dlpack_device__")?.dlpack_device()
    }

    /// The filled slots as one array: see the class and :meth:`SurfaceView.__dlpack__`.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<i64>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.pixels("__dlpack__")?
            .dlpack(py, stream, max_version, dl_device, copy)
    }

    fn __repr__(&self) -> String {
        format!(
            "SurfaceBatch(num_filled={}, max_batch_size={}, finalized={})",
            self.inner.num_filled(),
            self.inner.max_batch_size(),
            if self.inner.is_finalized() {
                "True"
            } else {
                "False"
            }
        )
    }
}

/// As for a view: other libraries may still use the pixels on the default stream.
impl Drop for PySurfaceBatch {
    fn drop(&mut self) {
        if let Ok(first) = self.inner.view(0) {
            gil::synchronize_at_end(&first);
        }
    }
}
