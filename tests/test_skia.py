"""What is drawn with Skia arrives in buffers: exact pixels, orientation, alpha, letterboxing."""

from __future__ import annotations

import numpy as np
import pytest
import skia

from drawing import draw_pixels, draw_rect, empty, filled, pixels_of, random_pixels, rendered
from savant_rs.deepstream import (
    BufferGenerator,
    DstPadding,
    Interpolation,
    Padding,
    SkiaCanvas,
    SkiaContext,
    SurfaceView,
    TransformConfig,
)

SIZES = [(1, 1), (7, 5), (333, 201), (640, 360), (1920, 1080)]
# Pairs of a canvas and a buffer of another size; even, as NVIDIA's library works in even sizes.
OTHER_SIZES = [((320, 180), (640, 640)), ((640, 640), (320, 180)), ((64, 64), (64, 128)), ((1280, 720), (640, 360))]


def test_a_new_canvas_is_transparent() -> None:
    with SkiaCanvas.create(320, 200) as canvas:
        assert (canvas.width, canvas.height) == (320, 200)
        assert (rendered(canvas) == 0).all()


@pytest.mark.parametrize("size", SIZES)
def test_a_buffer_of_the_same_size_gets_the_very_pixels(size: tuple[int, int]) -> None:
    pixels = random_pixels(*size)
    with SkiaCanvas.create(*size) as canvas:
        draw_pixels(canvas, pixels)
        assert (rendered(canvas) == pixels).all()


def test_shapes_lie_where_they_were_drawn() -> None:
    expected = np.zeros((200, 320, 4), np.uint8)
    with SkiaCanvas.create(320, 200) as canvas:
        for left, top, right, bottom, *colour in [
            (0, 0, 3, 2, 255, 0, 0, 255),
            (10, 20, 60, 30, 0, 255, 0, 255),
            (300, 190, 320, 200, 0, 0, 255, 255),
        ]:
            draw_rect(canvas, left, top, right, bottom, *colour)
            expected[top:bottom, left:right] = colour
        assert (rendered(canvas) == expected).all()


def test_colours_are_multiplied_by_alpha() -> None:
    with SkiaCanvas.create(16, 8) as canvas:
        draw_rect(canvas, 0, 0, 8, 8, 255, 100, 0, 128)
        draw_rect(canvas, 8, 0, 16, 8, 0, 0, 0, 255)
        draw_rect(canvas, 8, 0, 16, 8, 255, 100, 0, 128)
        result = rendered(canvas).astype(int)
    assert np.abs(result[:, :8] - (128, 50, 0, 128)).max() <= 1
    assert np.abs(result[:, 8:] - (128, 50, 0, 255)).max() <= 1


def test_antialiasing_clips_and_layers_work() -> None:
    with SkiaCanvas.create(100, 60) as canvas:
        drawing = canvas.canvas()
        star = skia.Path.Circle(50, 30, 20)
        star.addCircle(50, 30, 10)
        star.setFillType(skia.PathFillType.kEvenOdd)
        drawing.save()
        drawing.clipPath(star, doAntiAlias=True)
        drawing.saveLayer()
        drawing.clear(skia.ColorWHITE)
        drawing.restore()
        drawing.restore()
        alpha = rendered(canvas)[..., 3].astype(int)
    distance = np.hypot(*np.meshgrid(np.arange(100) + 0.5 - 50, np.arange(60) + 0.5 - 30))
    ring = (distance > 11.5) & (distance < 18.5)
    outside = (distance < 8.5) | (distance > 21.5)
    assert (alpha[ring] == 255).all() and (alpha[outside] == 0).all()
    assert np.unique(alpha).size > 3


def test_text_is_there() -> None:
    fonts = skia.FontMgr()
    if fonts.countFamilies() == 0:
        pytest.skip("needs a font")
    font = skia.Font(skia.Typeface(fonts.getFamilyName(0)), 32)
    with SkiaCanvas.create(200, 60) as canvas:
        canvas.canvas().drawString("Hlg", 20, 40, font, skia.Paint(Color=skia.ColorWHITE))
        alpha = rendered(canvas)[..., 3]
    rows, columns = alpha.any(axis=1).nonzero()[0], alpha.any(axis=0).nonzero()[0]
    # Ascenders above the base line, a descender below it, nothing left of the start.
    assert 5 < rows[0] < 25 and 40 < rows[-1] < 55
    assert 20 <= columns[0] < 30 and columns[-1] < 20 + font.measureText("Hlg") + 2
    assert (alpha == 255).sum() > 100


def test_images_on_the_device_are_drawn() -> None:
    pixels = random_pixels(30, 20)
    with SkiaCanvas.create(64, 48) as canvas:
        image = skia.Image.fromarray(pixels, skia.kRGBA_8888_ColorType).makeTextureImage(canvas.gr_context)
        assert image.isTextureBacked()
        for left, top in [(0, 0), (34, 28)]:
            canvas.canvas().drawImage(image, left, top)
        result = rendered(canvas)
    assert (result[:20, :30] == pixels).all() and (result[28:, 34:] == pixels).all()


@pytest.mark.parametrize(("size", "target"), OTHER_SIZES)
def test_a_buffer_of_another_size_gets_a_letterbox(size: tuple[int, int], target: tuple[int, int]) -> None:
    pixels = random_pixels(*size)
    expected = BufferGenerator("RGBA", *target).transform(filled(pixels), TransformConfig())
    buffer = empty(*target)
    with SkiaCanvas.create(*size) as canvas:
        draw_pixels(canvas, pixels)
        canvas.render_to_nvbuf(buffer)
    assert (pixels_of(buffer) == pixels_of(expected)).all()
    rect = TransformConfig().letterbox_rect(*size, *target)
    inside = np.zeros(pixels_of(buffer).shape[:2], bool)
    inside[rect.top : rect.top + rect.height, rect.left : rect.left + rect.width] = True
    result = pixels_of(buffer)
    assert (result[inside][:, 3] == 255).all() and (result[~inside] == 0).all()


@pytest.mark.parametrize(
    "config",
    [
        TransformConfig(Padding.RIGHT_BOTTOM, DstPadding(8, 16, 8, 16)),
        TransformConfig(Padding.NONE, interpolation=Interpolation.NEAREST),
    ],
)
@pytest.mark.parametrize("target", [(320, 180), (400, 400)])
def test_a_config_is_obeyed(config: TransformConfig, target: tuple[int, int]) -> None:
    pixels = random_pixels(320, 180)
    expected = BufferGenerator("RGBA", *target).transform(filled(pixels), config)
    buffer = empty(*target)
    with SkiaCanvas.create(320, 180) as canvas:
        draw_pixels(canvas, pixels)
        canvas.render_to_nvbuf(buffer, config)
    assert (pixels_of(buffer) == pixels_of(expected)).all()


@pytest.mark.parametrize("format", ["BGRx", "NV12"])
def test_other_formats_are_converted(format: str) -> None:
    pixels = random_pixels(320, 180)
    source = filled(pixels)
    expected = BufferGenerator(format, 320, 180).transform(source, TransformConfig())
    buffer = empty(320, 180, format)
    with SkiaCanvas.create(320, 180) as canvas:
        draw_pixels(canvas, pixels)
        canvas.render_to_nvbuf(buffer)
        assert (pixels_of(buffer) == pixels_of(expected)).all()
        canvas.load(buffer)
        back = BufferGenerator("RGBA", 320, 180).transform(expected, TransformConfig())
        assert (rendered(canvas) == pixels_of(back)).all()


@pytest.mark.parametrize("size", SIZES)
def test_drawing_over_a_buffer_changes_only_what_is_drawn(size: tuple[int, int]) -> None:
    width, height = size
    pixels = random_pixels(*size)
    buffer = filled(pixels)
    with SkiaCanvas.from_buffer(buffer) as canvas:
        assert (canvas.width, canvas.height) == size
        assert (pixels_of(buffer) == pixels).all()
        draw_rect(canvas, width // 3, 0, width // 3 + 1, height, 255, 0, 0, 255)
        canvas.render_to_nvbuf(buffer)
    pixels[:, width // 3] = (255, 0, 0, 255)
    assert (pixels_of(buffer) == pixels).all()


def test_one_canvas_serves_many_buffers() -> None:
    canvas = SkiaCanvas.create(96, 54)
    kept = None
    for seed in range(20):
        pixels = random_pixels(96, 54, seed)
        buffer = filled(pixels)
        canvas.load(buffer)
        if seed == 3:
            kept = canvas._surface.makeImageSnapshot()
        # An image makes Skia upload pixels: it must not take over how ours lay in memory.
        sprite = random_pixels(5 + seed, 3, seed + 100)
        canvas.canvas().drawImage(skia.Image.fromarray(sprite, skia.kRGBA_8888_ColorType), seed, 2 * seed)
        pixels[2 * seed : 2 * seed + 3, seed : 2 * seed + 5] = sprite
        canvas.render_to_nvbuf(buffer)
        assert (pixels_of(buffer) == pixels).all()
    # A snapshot keeps the pixels of its time.
    assert kept is not None
    assert (kept.toarray(colorType=skia.kRGBA_8888_ColorType) == random_pixels(96, 54, 3)).all()
    canvas.close()


def test_a_buffer_of_another_size_is_loaded_in_a_letterbox() -> None:
    pixels = random_pixels(320, 180)
    source = filled(pixels)
    config = TransformConfig(Padding.RIGHT_BOTTOM)
    with SkiaCanvas.create(400, 400) as canvas:
        for arguments in [(), (config,)]:
            canvas.load(source, *arguments)
            expected = BufferGenerator("RGBA", 400, 400).transform(source, *(arguments or (TransformConfig(),)))
            assert (rendered(canvas) == pixels_of(expected)).all()


def test_what_was_drawn_stays_after_rendering() -> None:
    with SkiaCanvas.create(32, 32) as canvas:
        draw_rect(canvas, 0, 0, 4, 4, 255, 255, 255, 255)
        first = rendered(canvas)
        draw_rect(canvas, 8, 8, 9, 9, 255, 255, 255, 255)
        second = rendered(canvas)
    assert (first != second).any(axis=2).sum() == 1


def test_canvases_of_one_thread_do_not_mix() -> None:
    first, second = SkiaCanvas.create(40, 30), SkiaCanvas.create(50, 20)
    pixels = random_pixels(6, 6)
    images = [skia.Image.fromarray(pixels, skia.kRGBA_8888_ColorType)] * 2
    images = [image.makeTextureImage(each.gr_context) for image, each in zip(images, (first, second), strict=True)]
    for image, each in zip(images, (first, second), strict=True):
        each.canvas().drawImage(image, 20, 10)
    draw_rect(first, 0, 0, 10, 10, 255, 0, 0, 255)
    draw_rect(second, 5, 5, 20, 10, 0, 255, 0, 255)
    draw_rect(first, 30, 20, 40, 30, 0, 0, 255, 255)
    expected = np.zeros((30, 40, 4), np.uint8)
    expected[:10, :10], expected[20:, 30:], expected[10:16, 20:26] = (255, 0, 0, 255), (0, 0, 255, 255), pixels
    assert (rendered(first) == expected).all()
    expected = np.zeros((20, 50, 4), np.uint8)
    expected[5:10, 5:20], expected[10:16, 20:26] = (0, 255, 0, 255), pixels
    assert (rendered(second) == expected).all()


def test_buffers_may_be_addresses() -> None:
    pixels = random_pixels(64, 48)
    source, target = filled(pixels), empty(64, 48)
    with SkiaCanvas.from_buffer(source.gst_buffer_ptr) as canvas:
        canvas.render_to_nvbuf(target.gst_buffer_ptr)
        with pytest.raises(ValueError, match="null"):
            canvas.render_to_nvbuf(0)
    assert (pixels_of(target) == pixels).all()


def test_a_context_draws_for_a_canvas_on_its_framebuffer() -> None:
    context = SkiaContext(60, 40)
    assert (context.width, context.height) == (60, 40)
    canvas = SkiaCanvas.from_fbo(context.fbo_id, 60, 40)
    assert (canvas.width, canvas.height) == (60, 40)
    draw_rect(canvas, 0, 0, 60, 7, 255, 255, 0, 255)
    canvas.gr_context.flushAndSubmit()
    buffer = empty(60, 40)
    context.render_to_nvbuf(buffer)
    expected = np.zeros((40, 60, 4), np.uint8)
    expected[:7] = (255, 255, 0, 255)
    assert (pixels_of(buffer) == expected).all()
    context.load_nvbuf(filled(expected[::-1].copy()))
    context.render_to_nvbuf(buffer)
    assert (pixels_of(buffer) == expected[::-1]).all()
    for method in (canvas.render_to_nvbuf, canvas.load):
        with pytest.raises(RuntimeError, match="SkiaContext"):
            method(buffer)
    canvas.close()


def test_rendering_waits_for_views_of_the_buffer() -> None:
    """The view's fill and the canvas go to the same pixels, in the order of the calls."""
    buffer = empty(256, 256)
    view = SurfaceView.from_buffer(buffer)
    with SkiaCanvas.create(256, 256) as canvas:
        for value in range(1, 20):
            draw_rect(canvas, 0, 0, 256, 256, value, 0, 0, 255)
            view.fill([0, 0, 0, value])
            canvas.render_to_nvbuf(buffer)
            assert (view.download() == (value, 0, 0, 255)).all()
