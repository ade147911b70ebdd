"""Drawing on surfaces with skia-python; the class is public as ``savant_rs.deepstream.SkiaCanvas``."""

# savant_rs.deepstream imports this module, so what is needed of it is imported when it is used.
from __future__ import annotations

import importlib
import weakref
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import skia
    from typing_extensions import Self

    from savant_rs.deepstream import SharedBuffer, SkiaContext, TransformConfig

STENCIL_BITS = 8
GL_RGBA8 = 0x8058


def _load_skia() -> ModuleType:
    try:
        return importlib.import_module("skia")
    except ImportError as error:
        raise ImportError(
            f"SkiaCanvas needs skia-python, which cannot be imported ({error}). "
            "pip install 'savant-rs-deepstream[skia]'; on Debian and Ubuntu: apt-get install libegl1 libgl1",
            name=error.name,
            path=error.path,
        ) from error


class SkiaCanvas:
    """A canvas of RGBA pixels that skia-python draws on, and whose pixels go to buffers.

    Skia draws with OpenGL: on the DeepStream backend on the GPU, where the pixels stay; on the host backend on what EGL
    offers, normally Mesa on the CPU. The top left corner is (0, 0); colours are stored multiplied by alpha, without a
    colour space.

    The canvas belongs to the thread that made it; elsewhere everything but its size raises ``RuntimeError``. A thread
    with several canvases calls :meth:`canvas` again before it draws on another one.

    Raises ``ImportError`` without skia-python, ``RuntimeError`` if Skia cannot draw on the context.
    """

    def __init__(self, ctx: SkiaContext) -> None:
        ctx.make_current()
        self._ctx: SkiaContext | None = ctx
        self._attach(ctx.fbo_id, ctx.width, ctx.height)
        # What Skia has in the OpenGL context must go before the context does, in whatever order objects end.
        self._finalizer = weakref.finalize(self, _abandon, self._gr_context, ctx)

    @classmethod
    def create(cls, width: int, height: int, gpu_id: int = 0) -> SkiaCanvas:
        """A transparent canvas of this size in pixels with a :class:`SkiaContext` of its own.

        Raises what that does: ``RuntimeError`` without EGL or the GPU.
        """
        from savant_rs.deepstream import SkiaContext

        _load_skia()
        return cls(SkiaContext(width, height, gpu_id))

    @classmethod
    def from_buffer(cls, buf: SharedBuffer | int, gpu_id: int = 0) -> SkiaCanvas:
        """A canvas of the size and with the pixels of slot 0 of a buffer, to draw over them. Addition.

        The buffer stays as it is until :meth:`render_to_nvbuf`. For the buffers that follow, :meth:`load` takes their
        pixels over into the same canvas, which is much cheaper than a new one.
        """
        from savant_rs.deepstream import get_nvbufsurface_info

        _, _, width, height = get_nvbufsurface_info(buf)
        canvas = cls.create(width, height, gpu_id)
        canvas.load(buf)
        return canvas

    @classmethod
    def from_fbo(cls, fbo_id: int, width: int, height: int) -> SkiaCanvas:
        """A canvas on an existing framebuffer, RGBA8 and without samples, of the OpenGL context that is current.

        That context must be current whenever the canvas is used and when it ends. :meth:`load` and
        :meth:`render_to_nvbuf` raise ``RuntimeError``, as there is no :class:`SkiaContext` to copy with.
        """
        canvas = cls.__new__(cls)
        canvas._ctx = None
        canvas._attach(fbo_id, width, height)
        canvas._finalizer = weakref.finalize(canvas, _abandon, canvas._gr_context, None)
        # The context may be gone by then.
        canvas._finalizer.atexit = False
        return canvas

    def _attach(self, fbo_id: int, width: int, height: int) -> None:
        skia = _load_skia()
        gr_context = skia.GrDirectContext.MakeGL(skia.GrGLInterface.MakeEGL())
        if gr_context is None:
            raise RuntimeError("Skia cannot use the OpenGL context")
        target = skia.GrBackendRenderTarget(width, height, 0, STENCIL_BITS, skia.GrGLFramebufferInfo(fbo_id, GL_RGBA8))
        surface = skia.Surface.MakeFromBackendRenderTarget(
            gr_context, target, skia.kTopLeft_GrSurfaceOrigin, skia.kRGBA_8888_ColorType, None
        )
        if surface is None:
            raise RuntimeError(f"Skia cannot draw on framebuffer {fbo_id} of {width}x{height} pixels")
        self._gr_context, self._surface = gr_context, surface
        self._width, self._height = width, height

    def canvas(self) -> skia.Canvas:
        """The ``skia.Canvas`` to draw on, always the same; its OpenGL context becomes current."""
        self._enter()
        return self._surface.getCanvas()

    @property
    def gr_context(self) -> skia.GrDirectContext:
        """Skia's context on the GPU; its OpenGL context becomes current.

        With it images can be kept where they are drawn: ``image.makeTextureImage(canvas.gr_context)``.
        """
        self._enter()
        return self._gr_context

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self._width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self._height

    def load(self, buf: SharedBuffer | int, config: TransformConfig | None = None) -> None:
        """Replaces the canvas by slot 0 of a buffer, to draw over it. Addition.

        The rest is as in :meth:`SkiaContext.load_nvbuf`: other sizes and formats are letterboxed and converted, and the
        call blocks until the buffer may change.
        """
        context = self._copier("load")
        self._enter()
        # An image taken of the canvas before keeps its pixels.
        self._surface.notifyContentWillChange(self._surface.kRetain_ContentChangeMode)
        self._gr_context.flushAndSubmit()
        context.load_nvbuf(buf, config)

    def render_to_nvbuf(self, buf_ptr: SharedBuffer | int, config: TransformConfig | None = None) -> None:
        """Finishes what was drawn and copies the canvas to slot 0 of a buffer; blocks until the pixels are complete.

        ``buf_ptr`` is a :class:`SharedBuffer` or the address of a ``GstBuffer``. The rest is as in
        :meth:`SkiaContext.render_to_nvbuf`: without ``config`` an RGBA buffer of the canvas's size gets the very
        pixels, anything else is letterboxed and converted.
        """
        context = self._copier("render_to_nvbuf")
        self._enter()
        self._gr_context.flushAndSubmit()
        context.render_to_nvbuf(buf_ptr, config)

    def close(self) -> None:
        """Lets go of what Skia and OpenGL have for the canvas, and of its :class:`SkiaContext`. Addition.

        Afterwards drawing does nothing, and the methods raise ``RuntimeError``. A ``with`` block does it at its end;
        without either, the end of the object does. Raises ``RuntimeError`` in another thread than that of the canvas.
        """
        if self._ctx is not None and self._finalizer.alive:
            try:
                self._ctx.make_current()
            except RuntimeError:
                # Raises in another thread, and does nothing for a context that is closed.
                self._ctx.close()
        self._finalizer()
        if self._ctx is not None:
            self._ctx.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SkiaCanvas({self._width}x{self._height})"

    def _enter(self) -> None:
        if not self._finalizer.alive:
            raise RuntimeError("the canvas has been closed")
        if self._ctx is not None:
            self._ctx.make_current()

    def _copier(self, method: str) -> SkiaContext:
        if self._ctx is None:
            raise RuntimeError(f"{method} needs a SkiaContext, and a canvas made by from_fbo has none")
        return self._ctx


def _abandon(gr_context: skia.GrDirectContext, ctx: SkiaContext | None) -> None:
    """Ends Skia's context: objects of it that live on, like canvases and images, do nothing from then on."""
    try:
        if ctx is not None:
            ctx.make_current()
    except RuntimeError:
        # Another thread's, or closed: its objects go with the OpenGL context.
        gr_context.abandonContext()
    else:
        gr_context.releaseResourcesAndAbandonContext()
