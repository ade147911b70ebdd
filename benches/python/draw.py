#!/usr/bin/env python3
"""Drawing over 1080p RGBA pictures in buffers: SkiaCanvas beside Skia's own raster on the CPU.

    python benches/python/draw.py [--repetitions 9] [--frames 60]

On each picture go 20 boxes with labels and an image of 200x200 pixels with alpha. The canvas loads the buffer, draws
and renders back; "overlay" draws on a transparent canvas and only renders. The raster draws on a copy that is
downloaded and uploaded again, or, where the CPU reaches the buffer, in place. Pictures are compared before anything is
timed, and the timed repetitions take turns. On a GPU the traffic over PCIe is sampled by NVML meanwhile: a 1080p RGBA
picture has 8,100 KiB. Prints one JSON document.

Needs skia-python, and a font for the labels.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import skia

from _programs.machine import machine
from savant_rs.deepstream import BufferGenerator, SkiaCanvas, SurfaceView, backend

SIZE = WIDTH, HEIGHT = 1920, 1080
BOXES, SPRITE_SIDE = 20, 200
PSNR_LIMIT_DB = 40
Way = Callable[[int], None]


class Scene:
    """What is drawn; ``seed`` moves it."""

    def __init__(self) -> None:
        fonts = skia.FontMgr()
        self.font = skia.Font(skia.Typeface(fonts.getFamilyName(0)), 20) if fonts.countFamilies() else None
        rows, columns = np.mgrid[:SPRITE_SIDE, :SPRITE_SIDE].astype(np.float32)
        alpha = (255 - 1.2 * np.hypot(rows - 100, columns - 100)).clip(0, 255)
        sprite = np.stack([alpha, alpha / 2, 255 - alpha, alpha], axis=2).astype(np.uint8)
        self.sprite = skia.Image.fromarray(sprite, skia.kRGBA_8888_ColorType)
        self.outline = skia.Paint(Color=skia.ColorGREEN, Style=skia.Paint.kStroke_Style, StrokeWidth=4)
        self.label = skia.Paint(Color=skia.Color(0, 0, 0, 160))
        self.text = skia.Paint(Color=skia.ColorWHITE, AntiAlias=True)

    def draw(self, canvas: Any, sprite: Any, seed: int) -> None:
        for number in range(BOXES):
            left, top = (number * 397 + seed * 3) % (WIDTH - 300), (number * 211 + seed) % (HEIGHT - 300)
            canvas.drawRect(skia.Rect.MakeXYWH(left, top, 240, 260), self.outline)
            canvas.drawRect(skia.Rect.MakeXYWH(left, top, 150, 28), self.label)
            if self.font:
                canvas.drawString(f"person {number} 0.{seed % 90 + 10}", left + 4, top + 21, self.font, self.text)
        canvas.drawImage(sprite, seed * 7 % (WIDTH - SPRITE_SIDE), 300)


class PcieMeter:
    """KiB/s from and to the GPU, as NVML tells; nothing without it."""

    def __init__(self) -> None:
        self._device = ctypes.c_void_p()
        try:
            self._nvml = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            self._nvml = None
            return
        self._nvml.nvmlInit_v2()
        self._nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._device))

    def during(self, work: Callable[[], None]) -> dict[str, float] | None:
        """Means while ``work`` runs."""
        if self._nvml is None:
            work()
            return None
        samples: dict[str, list[int]] = {"to_host": [], "from_host": []}
        done = threading.Event()

        def sample() -> None:
            value = ctypes.c_uint()
            while not done.is_set():
                for counter, name in enumerate(samples):
                    if self._nvml.nvmlDeviceGetPcieThroughput(self._device, counter, ctypes.byref(value)) == 0:
                        samples[name].append(value.value)

        thread = threading.Thread(target=sample)
        thread.start()
        work()
        done.set()
        thread.join()
        return {name: round(statistics.mean(values)) if values else -1 for name, values in samples.items()}


def psnr_db(first: np.ndarray, second: np.ndarray) -> float:
    error = np.square(first.astype(np.float64) - second).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def raster_on(pixels: np.ndarray) -> Any:
    """Skia on the CPU, with colours multiplied by alpha as on a canvas."""
    return skia.Surface(pixels, colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kPremul_AlphaType)


def ways(scene: Scene, view: SurfaceView, buffer: Any) -> dict[str, Way]:
    """What is compared, by name; each draws once over the buffer."""
    canvas = SkiaCanvas.create(*SIZE)
    overlay = SkiaCanvas.create(*SIZE)
    sprites = [scene.sprite.makeTextureImage(each.gr_context) for each in (canvas, overlay)]
    copy = np.empty((HEIGHT, WIDTH, 4), np.uint8)
    raster = raster_on(copy)

    def draw_over(seed: int) -> None:
        canvas.load(buffer)
        scene.draw(canvas.canvas(), sprites[0], seed)
        canvas.render_to_nvbuf(buffer)

    def draw_overlay(seed: int) -> None:
        drawing = overlay.canvas()
        drawing.clear(skia.ColorTRANSPARENT)
        scene.draw(drawing, sprites[1], seed)
        overlay.render_to_nvbuf(buffer)

    def raster_copy(seed: int) -> None:
        view.download(copy)
        scene.draw(raster.getCanvas(), scene.sprite, seed)
        view.upload(copy)

    found = {"canvas": draw_over, "canvas, overlay": draw_overlay, "raster, download and upload": raster_copy}
    if backend() == "host":
        in_place = raster_on(np.asarray(view))
        found["raster, in place"] = lambda seed: scene.draw(in_place.getCanvas(), scene.sprite, seed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()

    scene = Scene()
    buffer = BufferGenerator("RGBA", *SIZE, pool_size=1).acquire()
    view = SurfaceView.from_buffer(buffer)
    compared = ways(scene, view, buffer)
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    picture[..., 3] = 255

    results, quality = {}, {}
    for name, way in compared.items():
        view.upload(np.zeros_like(picture) if "overlay" in name else picture)
        way(5)
        results[name] = view.download()
    view.upload(np.zeros_like(picture))
    compared["raster, download and upload"](5)
    references = dict.fromkeys(results, results["raster, download and upload"])
    references["canvas, overlay"] = view.download()
    for name, result in results.items():
        quality[name] = round(psnr_db(result, references[name]), 1)
        assert quality[name] > PSNR_LIMIT_DB, (name, quality[name])

    rates: dict[str, list[float]] = {name: [] for name in compared}
    for _ in range(options.repetitions):
        for name, way in compared.items():
            start = time.perf_counter()
            for seed in range(options.frames):
                way(seed)
            rates[name].append(options.frames / (time.perf_counter() - start))

    meter = PcieMeter()
    report = {
        "backend": backend(),
        "labels": scene.font is not None,
        "machine": machine(),
        "fps": {name: round(statistics.median(values), 1) for name, values in rates.items()},
        "fps_quartiles": {name: [round(q, 1) for q in statistics.quantiles(v)[::2]] for name, v in rates.items()},
        "psnr_db_against_raster": quality,
        "pcie_kib_per_s": {
            name: meter.during(lambda way=way: [way(seed) for seed in range(5 * options.frames)] and None)
            for name, way in compared.items()
        }
        if backend() != "host"
        else None,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
