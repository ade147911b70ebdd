//! `SurfaceView`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use numpy::{PyArray1, PyArray3, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use surfaces::{Error, PlaneDescription, SurfaceView};

use super::arguments::BufferArgument;
use super::in_place::InPlace;
use super::plane::PySurfacePlane;
use super::{cuda_array, tensor};
use crate::errors::{from_surfaces, upload_type};
use crate::{gil, raw};

/// The pixels of one slot of a buffer, without a copy.
///
/// A view keeps its buffer alive. Other libraries can use the pixels in place, as an array of shape
/// ``(height, width, channels)``, or ``(height, width)`` for one channel: in system memory
/// ``numpy.asarray(view)`` and ``numpy.from_dlpack(view)``, in device memory
/// ``cupy.asarray(view)``, ``torch.as_tensor(view, device="cuda")`` and ``from_dlpack`` of either.
/// Who writes there must keep others from using the buffer meanwhile; the methods of this class do
/// so by themselves.
///
/// Methods that touch pixels wait for the work that is queued on ``cuda_stream`` (by default the
/// default stream, which is also what CuPy and PyTorch use by default), then do theirs and wait for
/// it. When the view goes, its stream is waited for once more, so that the buffer can be used anew.
/// Work on other streams is for the caller to wait for.
///
/// Formats with several planes have ``channels == 0``: they can be ``memset`` and downloaded, and
/// their :meth:`planes` are arrays of their own. The other way round, :meth:`from_dlpack` and
/// :meth:`from_cuda_array` view arrays of other libraries.
#[pyclass(frozen, name = "SurfaceView", module = "savant_rs.deepstream")]
pub(crate) struct PySurfaceView {
    inner: SurfaceView,
}

#[pymethods]
impl PySurfaceView {
    /// A view of a filled slot.
    ///
    /// ``buf`` is a :class:`SharedBuffer`, or the address of a live ``GstBuffer``, whose reference
    /// the view takes over if the call succeeds. ``cuda_stream`` is a raw stream handle, which must
    /// outlive the view: the view waits for it when it goes. Raises ``ValueError`` for address 0 and
    /// for a slot out of bounds (which is a ``RuntimeError`` too), ``RuntimeError`` if the buffer
    /// holds no surface.
    #[staticmethod]
    #[pyo3(signature = (buf, slot_index=0, cuda_stream=0))]
    fn from_buffer(buf: BufferArgument, slot_index: u32, cuda_stream: usize) -> PyResult<Self> {
        let view = match buf {
            BufferArgument::Shared(buffer) => {
                SurfaceView::from_buffer(&buffer, slot_index, cuda_stream)
            }
            BufferArgument::Address(address) => raw::take_view(address, slot_index, cuda_stream)?,
        };
        view.map(|inner| Self { inner }).map_err(from_surfaces)
    }

    /// A view of CUDA memory: of any object with ``__cuda_array_interface__``, 8-bit unsigned, of
    /// shape ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 4)``, with contiguous rows.
    ///
    /// The view keeps the object alive. ``cuda_stream`` is made to wait for the stream that the
    /// interface names, so the methods of the view wait for both; this call does not block. Bytes
    /// between two rows belong to somebody else and are never written; if the interface says that
    /// nothing may be written, the view is ``read_only``. Raises ``TypeError`` without the interface,
    /// ``ValueError`` for what is not supported, ``RuntimeError`` if the address is not CUDA's, and on
    /// the host backend.
    #[staticmethod]
    #[pyo3(signature = (obj, gpu_id=0, cuda_stream=0))]
    fn from_cuda_array(
        py: Python<'_>,
        obj: Bound<'_, PyAny>,
        gpu_id: u32,
        cuda_stream: usize,
    ) -> PyResult<Self> {
        let (array, stream) = cuda_array::read(&obj, gpu_id)?;
        let owner = Box::new(gil::Owned::new(obj));
        py.detach(|| {
            let view = raw::adopt(&array, cuda_stream, owner)?;
            if let Some(stream) = stream {
                view.order_after(stream)?;
            }
            Ok(view)
        })
        .map(|inner| Self { inner })
        .map_err(from_surfaces)
    }

    /// A view of an array of another library, through ``DLPack``: of any object with ``__dlpack__``
    /// and ``__dlpack_device__``, or of a capsule. Addition.
    ///
    /// The array is 8-bit unsigned, of shape ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 4)``, with
    /// contiguous rows, in memory of the CPU (on every backend: NumPy, PyTorch) or of CUDA (PyTorch,
    /// CuPy). The view keeps the memory. The other library makes ``cuda_stream`` wait for its own
    /// work; who passes a capsule has done that already. Bytes between two rows are never written,
    /// and what may not be written gives a view that is ``read_only``. Raises ``TypeError`` without
    /// the protocol, ``ValueError`` for what is not supported and for a capsule that was consumed,
    /// ``RuntimeError`` for CUDA memory on the host backend, and what the other library raises.
    #[staticmethod]
    #[pyo3(signature = (obj, *, cuda_stream=0))]
    fn from_dlpack(py: Python<'_>, obj: Bound<'_, PyAny>, cuda_stream: usize) -> PyResult<Self> {
        let (array, owner) = tensor::take(&obj, cuda_stream)?;
        py.detach(|| raw::adopt(&array, cuda_stream, owner))
            .map(|inner| Self { inner })
            .map_err(from_surfaces)
    }

    /// Address of the first pixel.
    #[getter]
    fn data_ptr(&self) -> usize {
        self.inner.data_ptr()
    }

    /// Bytes from one row to the next.
    #[getter]
    fn pitch(&self) -> u32 {
        self.inner.pitch()
    }

    /// Width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.inner.width()
    }

    /// Height in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.inner.height()
    }

    /// GPU that owns the memory.
    #[getter]
    fn gpu_id(&self) -> u32 {
        self.inner.gpu_id()
    }

    /// Interleaved channels of a pixel; 0 for formats with several planes.
    #[getter]
    fn channels(&self) -> u32 {
        self.inner.channels()
    }

    /// The format as NVIDIA's ``NvBufSurfaceColorFormat`` number.
    #[getter]
    fn color_format(&self) -> u32 {
        self.inner.color_format()
    }

    /// The CUDA stream handle of the view; 0 is the default stream.
    #[getter]
    fn cuda_stream(&self) -> usize {
        self.inner.cuda_stream()
    }

    /// Whether the pixels belong to somebody who allows no writing: ``memset``, ``fill`` and
    /// ``upload`` raise ``RuntimeError``. Addition.
    #[getter]
    fn read_only(&self) -> bool {
        self.inner.is_read_only()
    }

    /// The planes, in memory order: Y and UV of NV12, Y, U and V of I420, the only plane of formats
    /// with interleaved pixels. Addition.
    ///
    /// Raises ``RuntimeError`` for memory without an address.
    fn planes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, PySurfacePlane::all(&self.inner).map_err(from_surfaces)?)
    }

    /// Sets every byte, padding included, in all planes. Blocks until it is done.
    fn memset(&self, py: Python<'_>, value: u8) -> PyResult<()> {
        py.detach(|| self.inner.memset(value))
            .map_err(from_surfaces)
    }

    /// Fills whole rows, padding included, with one colour: as many byte values as the surface has
    /// channels, in memory order (R, G, B, A).
    ///
    /// Raises ``ValueError`` for another number of values, and for formats without 1 or 4 channels.
    fn fill(&self, py: Python<'_>, color: Vec<u8>) -> PyResult<()> {
        py.detach(|| self.inner.fill(&color)).map_err(from_surfaces)
    }

    /// Copies a C-contiguous ``uint8`` array of shape ``(height, width, channels)`` into the
    /// top-left corner; the rest keeps its pixels. Blocks until it is done.
    ///
    /// Raises ``ValueError`` for a wrong dtype or number of dimensions (a ``TypeError`` too), for an
    /// array that does not fit (a ``RuntimeError`` too), and for one that is not contiguous;
    /// ``RuntimeError`` for formats with several planes.
    fn upload(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        upload(py, &self.inner, data)
    }

    /// A copy of the pixels without padding. Addition.
    ///
    /// The result is a ``uint8`` array of shape ``(height, width, channels)``; for formats with
    /// several planes it is 1-D: all planes in order. ``out`` is a C-contiguous array of that shape
    /// to fill and return instead of a new one; ``ValueError`` if it does not fit.
    #[pyo3(signature = (out=None))]
    fn download<'py>(
        &self,
        py: Python<'py>,
        out: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let view = &self.inner;
        let shape = [
            view.height() as usize,
            view.width() as usize,
            view.channels() as usize,
        ];
        let out = match out {
            Some(out) => out,
            None if shape[2] == 0 => {
                PyArray1::<u8>::zeros(py, [view.packed_size()], false).into_any()
            }
            None => PyArray3::<u8>::zeros(py, shape, false).into_any(),
        };
        if let Ok(array) = out.cast::<PyArray3<u8>>()
            && array.shape() == shape
        {
            let mut array = array.try_readwrite()?;
            let pixels = array.as_slice_mut()?;
            py.detach(|| view.download(pixels)).map_err(from_surfaces)?;
        } else if let Ok(array) = out.cast::<PyArray1<u8>>()
            && shape[2] == 0
        {
            let mut array = array.try_readwrite()?;
            let pixels = array.as_slice_mut()?;
            py.detach(|| view.download(pixels)).map_err(from_surfaces)?;
        } else {
            return Err(PyValueError::new_err(if shape[2] == 0 {
                format!(
                    "out must be a uint8 array of shape ({},)",
                    view.packed_size()
                )
            } else {
                format!(
                    "out must be a uint8 array of shape ({}, {}, {})",
                    shape[0], shape[1], shape[2]
                )
            }));
        }
        Ok(out)
    }

    /// NumPy's array interface: the pixels in place, where the CPU reaches them (on the host
    /// backend, and in system, pinned and unified memory of a GPU machine).
    ///
    /// Work on the view's stream is waited for. Absent (``AttributeError``) for other memory;
    /// ``RuntimeError`` for formats with several planes, whose :meth:`planes` have it.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.array_interface(py)
    }

    /// CUDA's array interface: the pixels in place, in device, pinned and unified memory.
    ///
    /// Work on the view's stream is waited for, so the pixels may be used on any stream. Absent
    /// (``AttributeError``) in system memory, which CUDA cannot reach; ``RuntimeError`` for formats
    /// with several planes, whose :meth:`planes` have it.
    #[getter]
    fn __cuda_array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.cuda_array_interface(py)
    }

    /// The ``DLPack`` device of the pixels: CPU, CUDA, CUDA host (pinned) or CUDA managed (unified)
    /// memory.
    ///
    /// Raises ``BufferError`` for memory without an address.
    fn __dlpack_device__(&self) -> PyResult<(i32, i32)> {
        self.dlpack_device()
    }

    /// A ``DLPack`` capsule of the pixels in place; it keeps the buffer alive.
    ///
    /// ``stream`` is the consumer's, numbered as ``DLPack`` does: it may use the pixels at once,
    /// because everything that this library wrote is complete, and it is made to wait for the work on
    /// the view's own stream; this call does not. -1 leaves that out. Without a stream it is the
    /// default stream for device memory; where the CPU reaches the memory this call waits. Raises
    /// ``BufferError`` for formats with several planes (whose :meth:`planes` can be exported), another
    /// device, a stream in host memory, stream 0 (which is ambiguous), read-only memory without
    /// ``max_version=(1, 0)``, or ``copy=True``.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<i64>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.dlpack(py, stream, max_version, dl_device, copy)
    }

    #[allow(clippy::unused_self)] // a slot of instances
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        format!(
            "SurfaceView({}x{}, ch={}, gpu={})",
            self.inner.width(),
            self.inner.height(),
            self.inner.channels(),
            self.inner.gpu_id()
        )
    }
}

/// Copies a NumPy array into the pixels of a view: see `SurfaceView.upload`.
pub(crate) fn upload(py: Python<'_>, view: &SurfaceView, data: &Bound<'_, PyAny>) -> PyResult<()> {
    let array = data
        .cast::<PyUntypedArray>()
        .map_err(|_| PyTypeError::new_err("a numpy.ndarray is required"))?;
    let Ok(array) = array.cast::<PyArray3<u8>>() else {
        return Err(upload_type(format!(
            "a 3-D array of uint8 is required, not a {}-D array of {}",
            array.ndim(),
            array.dtype()
        )));
    };
    let array = array.readonly();
    let &[height, width, channels] = array.shape() else {
        return Err(upload_type(format!(
            "a 3-D array is required, not {}-D",
            array.shape().len()
        )));
    };
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err("the array must be C-contiguous"));
    }
    let pixels = array.as_slice()?;
    py.detach(|| view.upload(pixels, height, width, channels))
        .map_err(from_surfaces)
}

impl From<SurfaceView> for PySurfaceView {
    fn from(inner: SurfaceView) -> Self {
        Self { inner }
    }
}

impl InPlace for PySurfaceView {
    fn view(&self) -> &SurfaceView {
        &self.inner
    }

    fn plane(&self, operation: &'static str) -> Result<PlaneDescription, Error> {
        self.inner.interleaved_plane(operation)
    }
}

/// The pixels of a view may still be in use by its stream when Python lets go of it.
impl Drop for PySurfaceView {
    fn drop(&mut self) {
        gil::synchronize_at_end(&self.inner);
    }
}
