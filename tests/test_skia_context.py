"""Contexts belong to threads, end cleanly in any order, and say what is missing."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import skia

from drawing import draw_pixels, draw_rect, empty, filled, random_pixels, rendered
from savant_rs.deepstream import NonUniformBatch, SkiaCanvas, SkiaContext, SurfaceView

LIMIT_S = 100


def in_another_thread(work: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(LIMIT_S)


def run(script: str, **environment: str) -> str:
    """What a script prints in a process of its own."""
    search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": search, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_other_threads_are_refused() -> None:
    context = SkiaContext(32, 32)
    canvas = SkiaCanvas(context)
    draw_rect(canvas, 0, 0, 1, 1, 255, 0, 0, 255)
    buffer = empty(32, 32)
    for work in [
        lambda: context.render_to_nvbuf(buffer),
        lambda: context.load_nvbuf(buffer),
        context.make_current,
        context.close,
        canvas.canvas,
        lambda: canvas.gr_context,
        canvas.close,
        lambda: canvas.render_to_nvbuf(buffer),
        lambda: canvas.load(buffer),
        lambda: SkiaCanvas(context),
    ]:
        with pytest.raises(RuntimeError, match="thread"):
            in_another_thread(work)
    assert in_another_thread(lambda: (context.width, canvas.height)) == (32, 32)
    # And nothing happened to what the owner has.
    assert rendered(canvas).any(axis=2).sum() == 1


def test_threads_draw_at_the_same_time() -> None:
    start = threading.Barrier(4)

    def work(seed: int) -> bool:
        start.wait(LIMIT_S)
        with SkiaCanvas.create(200, 100) as canvas:
            good = True
            for turn in range(20):
                pixels = random_pixels(200, 100, 100 * seed + turn)
                draw_pixels(canvas, pixels)
                good &= bool((rendered(canvas) == pixels).all())
            return good

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_after_close_nothing_works_and_nothing_breaks() -> None:
    canvas = SkiaCanvas.create(32, 32)
    buffer = empty(32, 32)
    drawing, gr_context = canvas.canvas(), canvas.gr_context
    image = skia.Image.fromarray(random_pixels(8, 8), skia.kRGBA_8888_ColorType).makeTextureImage(gr_context)
    canvas.close()
    canvas.close()
    for work in [canvas.canvas, lambda: canvas.load(buffer), lambda: canvas.render_to_nvbuf(buffer)]:
        with pytest.raises(RuntimeError, match="closed"):
            work()
    # Skia's objects are the user's: they may be used and end later.
    drawing.drawImage(image, 0, 0)
    drawing.clear(skia.ColorRED)
    assert gr_context.abandoned()
    other = SkiaCanvas.create(16, 16)
    drawing.clear(skia.ColorRED)
    drawing = image = canvas = gr_context = None
    gc.collect()
    assert (rendered(other) == 0).all()


def test_a_closed_context_refuses_its_canvas() -> None:
    context = SkiaContext(32, 32)
    canvas = SkiaCanvas(context)
    context.close()
    context.close()
    buffer = empty(32, 32)
    for work in [
        canvas.canvas,
        lambda: canvas.render_to_nvbuf(buffer),
        lambda: context.load_nvbuf(buffer),
        context.make_current,
        lambda: SkiaCanvas(context),
    ]:
        with pytest.raises(RuntimeError, match="closed"):
            work()
    # It has nothing left to let go of in OpenGL.
    canvas.close()
    canvas = context = None
    gc.collect()
    assert (rendered(SkiaCanvas.create(16, 16)) == 0).all()


def test_a_canvas_may_end_in_another_thread() -> None:
    pixels = random_pixels(64, 64)
    for _ in range(10):
        holder = [SkiaCanvas.create(64, 64)]
        draw_pixels(holder[0], pixels)
        assert (rendered(holder[0]) == pixels).all()
        in_another_thread(holder.clear)
        gc.collect()
    # Those of threads that have ended, too.
    holder = [in_another_thread(lambda: SkiaCanvas.create(64, 64)) for _ in range(10)]
    with pytest.raises(RuntimeError, match="thread"):
        holder[0].canvas()
    holder.clear()
    gc.collect()
    with SkiaCanvas.create(64, 64) as canvas:
        draw_pixels(canvas, pixels)
        assert (rendered(canvas) == pixels).all()


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (1 << 20, 8)])
def test_impossible_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(RuntimeError, match=f"{size[0]}x{size[1]}"):
        SkiaContext(*size)
    with pytest.raises(RuntimeError, match=f"{size[0]}x{size[1]}"):
        SkiaCanvas.create(*size)


def test_a_gpu_that_does_not_exist() -> None:
    with pytest.raises(RuntimeError, match="99"):
        SkiaContext(8, 8, gpu_id=99)


def test_buffers_that_others_use_are_not_written() -> None:
    pixels = random_pixels(32, 32)
    buffer = filled(pixels)
    batch = NonUniformBatch()
    batch.add(SurfaceView.from_buffer(buffer))
    held = batch.finalize()
    with SkiaCanvas.create(32, 32) as canvas:
        with pytest.raises(RuntimeError, match="shared"):
            canvas.render_to_nvbuf(buffer)
        # Reading is no harm.
        canvas.load(buffer)
        assert (rendered(canvas) == pixels).all()
    del held


MISSING = """
    from savant_rs.deepstream import SkiaContext
    try:
        SkiaContext(8, 8)
    except RuntimeError as error:
        print(error)
"""


def test_without_egl_the_error_names_the_packages(tmp_path: Path) -> None:
    (tmp_path / "libEGL.so.1").write_text("no library")
    printed = run(MISSING, LD_LIBRARY_PATH=os.pathsep.join([str(tmp_path), os.environ.get("LD_LIBRARY_PATH", "")]))
    assert "libEGL.so.1" in printed and "apt-get install libegl1" in printed


def test_without_a_driver_the_error_names_the_packages() -> None:
    printed = run(MISSING, __EGL_VENDOR_LIBRARY_FILENAMES="/does/not/exist")
    assert "libegl-mesa0" in printed


def test_without_skia_python_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skia", None)
    with pytest.raises(ImportError, match=r"savant-rs-deepstream\[skia\]"):
        SkiaCanvas.create(8, 8)
    assert SkiaContext(8, 8).fbo_id > 0


def test_the_helper_module_can_be_imported_first() -> None:
    assert run("from savant_rs._ds_skia_canvas import SkiaCanvas; print(SkiaCanvas.__name__)") == "SkiaCanvas\n"
    module = importlib.import_module("savant_rs._ds_skia_canvas")
    assert module.SkiaCanvas is SkiaCanvas and SkiaCanvas.__module__ == "savant_rs._ds_skia_canvas"


@pytest.mark.slow
def test_memory_is_flat_over_a_thousand_canvases() -> None:
    printed = run(
        """
        import os, threading
        from drawing import draw_rect, empty
        from savant_rs.deepstream import SkiaCanvas

        buffer, scaled = empty(320, 200), empty(200, 200)

        def resident_kib():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024

        def cycle(number):
            canvas = SkiaCanvas.create(320, 200)
            draw_rect(canvas, 0, 0, 100, 100, 255, 0, 0, 255)
            canvas.render_to_nvbuf(buffer)
            if number % 50 == 0:
                canvas.render_to_nvbuf(scaled)
            if number % 2:
                canvas.close()
            if number % 100 == 2:
                holder = [canvas]
                del canvas
                thread = threading.Thread(target=holder.clear)
                thread.start()
                thread.join()

        for number in range(300):
            cycle(number)
        before = resident_kib()
        for number in range(1000):
            cycle(number)
        print(resident_kib() - before)
        """
    )
    # One canvas of that size has 250 KiB of pixels alone.
    assert int(printed) < 4096
