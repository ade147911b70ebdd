//! `SkiaContext`.
#![allow(clippy::needless_pass_by_value)] // PyO3 hands extracted arguments over by value

use pyo3::prelude::*;
use render::SkiaContext;

use crate::errors::{from_render, from_surfaces};
use crate::geometry::PyTransformConfig;
use crate::surfaces::arguments::BufferArgument;
use crate::surfaces::complete_sources;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySkiaContext>()
}

/// A canvas of RGBA pixels in an OpenGL context of its own, without a screen: a texture behind a framebuffer,
/// transparent at first. :class:`SkiaCanvas` draws on it with Skia.
///
/// ``width`` and ``height`` are pixels. On the DeepStream backend OpenGL runs on GPU ``gpu_id`` and pixels go to
/// buffers without leaving it; on the host backend it is whatever EGL offers, normally Mesa on the CPU. Raises
/// ``RuntimeError`` if EGL, OpenGL 3.3 or such a device is missing (the text names the packages), and for a size
/// that OpenGL cannot make.
///
/// The context belongs to the thread that made it, and is current there until the thread makes another one current;
/// the methods make it current again. In other threads they raise ``RuntimeError``. Row 0 of the texture is the top
/// row of the picture.
#[pyclass(frozen, name = "SkiaContext", module = "savant_rs.deepstream")]
pub(crate) struct PySkiaContext(SkiaContext);

#[pymethods]
impl PySkiaContext {
    #[new]
    #[pyo3(signature = (width, height, gpu_id=0))]
    fn new(py: Python<'_>, width: u32, height: u32, gpu_id: u32) -> PyResult<Self> {
        py.detach(|| SkiaContext::new(width, height, gpu_id))
            .map(Self)
            .map_err(from_render)
    }

    /// The framebuffer's name in the OpenGL context.
    #[getter]
    fn fbo_id(&self) -> u32 {
        self.0.fbo_id()
    }

    /// Width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.0.width()
    }

    /// Height in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.0.height()
    }

    /// Copies the canvas to slot 0 of a buffer once all that OpenGL was given is drawn, and blocks until the pixels
    /// are complete.
    ///
    /// ``buf`` is a :class:`SharedBuffer` or the address of a ``GstBuffer``; nobody else may use it. Without
    /// ``config``, an RGBA buffer of the canvas's size gets the very pixels: as they were drawn, so with Skia
    /// colours are multiplied by alpha. With ``config``, and for buffers of other sizes and formats, the canvas is
    /// letterboxed and converted, by default as ``TransformConfig()`` says.
    ///
    /// Raises ``RuntimeError`` in another thread than that of the context, after :meth:`close`, if the buffer is
    /// shared or read-only, and if the transform is not possible; ``ValueError`` for address 0.
    #[pyo3(signature = (buf, config=None))]
    fn render_to_nvbuf(
        &self,
        py: Python<'_>,
        buf: BufferArgument,
        config: Option<PyRef<'_, PyTransformConfig>>,
    ) -> PyResult<()> {
        let config = config.map(|config| (*config).into());
        let dst = buf.borrow()?;
        py.detach(|| self.0.render_to_nvbuf(&dst, config.as_ref()))
            .map_err(from_render)
    }

    /// Replaces the canvas by slot 0 of a buffer, to draw over it: the way back of :meth:`render_to_nvbuf`, with
    /// the same arguments and errors. Addition.
    ///
    /// Waits for the work on CUDA's default stream, which may still write the buffer, and blocks until the buffer
    /// may change.
    #[pyo3(signature = (buf, config=None))]
    fn load_nvbuf(
        &self,
        py: Python<'_>,
        buf: BufferArgument,
        config: Option<PyRef<'_, PyTransformConfig>>,
    ) -> PyResult<()> {
        let config = config.map(|config| (*config).into());
        let src = buf.borrow()?;
        py.detach(|| {
            complete_sources([&src]).map_err(from_surfaces)?;
            self.0
                .load_nvbuf(&src, config.as_ref())
                .map_err(from_render)
        })
    }

    /// Makes the OpenGL context current in its thread, in place of another one. Addition.
    ///
    /// Raises ``RuntimeError`` in another thread, and after :meth:`close`.
    fn make_current(&self) -> PyResult<()> {
        self.0.make_current().map_err(from_render)
    }

    /// Lets go of the OpenGL context; nothing may be drawn with it afterwards, and the methods raise ``RuntimeError``.
    /// Without this, the end of the object does the same. Addition.
    ///
    /// Raises ``RuntimeError`` in another thread than that of the context.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.close()).map_err(from_render)
    }

    fn __repr__(&self) -> String {
        format!(
            "SkiaContext({}x{}, fbo_id={})",
            self.0.width(),
            self.0.height(),
            self.0.fbo_id()
        )
    }
}
