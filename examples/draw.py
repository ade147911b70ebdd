#!/usr/bin/env python3
"""Draw boxes with labels, an image and a blurred region over a video, and encode it again.

    python examples/draw.py tests/clips/hevc_720p.mkv drawn.mp4 --sprite logo.png

Each decoded picture is loaded into one canvas, drawn over with Skia and rendered back into the very buffer, which the
encoder takes over. On a GPU the pixels stay there. Needs skia-python: pip install 'savant-rs-deepstream[skia]'.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import skia

from savant_rs.deepstream import (
    Encoder,
    EncoderConfig,
    FlexibleDecoderConfig,
    Hardware,
    SharedBuffer,
    SkiaCanvas,
    VideoFormat,
)
from savant_rs.gstreamer import Codec, PacketWriter
from savant_rs.primitives import VideoFrame
from transcode import SOURCE_ID, pictures

Picture = tuple[SharedBuffer, VideoFrame]

OUTLINE = skia.Paint(Color=skia.ColorGREEN, Style=skia.Paint.kStroke_Style, StrokeWidth=4)
LABEL = skia.Paint(Color=skia.Color(0, 0, 0, 170))
TEXT = skia.Paint(Color=skia.ColorWHITE, AntiAlias=True)
# Without any font on the machine there is no text.
FONT = skia.Font(skia.FontMgr().matchFamilyStyle("sans", skia.FontStyle()), 16)
MARGIN = 16


def draw_box(canvas: skia.Canvas, box: skia.Rect, text: str) -> None:
    """A box with its label on top."""
    canvas.drawRect(box, OUTLINE)
    canvas.drawRect(skia.Rect.MakeXYWH(box.left() - 2, box.top() - 24, FONT.measureText(text) + 12, 24), LABEL)
    canvas.drawString(text, box.left() + 4, box.top() - 7, FONT, TEXT)


def blur(canvas: skia.Canvas, region: skia.Rect, sigma: float) -> None:
    """Blurs what is already there."""
    # The record only points to what it is made of, so that has to live as long.
    backdrop, paint = skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp), skia.Paint()
    layer = skia.Canvas.SaveLayerRec(region, paint, backdrop, 0)
    canvas.save()
    canvas.clipRect(region)
    canvas.saveLayer(layer)
    canvas.restore()
    canvas.restore()


def draw(canvas: skia.Canvas, size: tuple[int, int], sprite: skia.Image | None, number: int) -> None:
    """What a detector and a tracker would ask for; here the boxes go round."""
    width, height = size
    blur(canvas, skia.Rect.MakeXYWH(0, height / 2, width / 2, height / 2), height / 60)
    for index in range(2):
        angle = number / 15 + index * math.pi
        left = width * (0.4 + 0.25 * math.cos(angle))
        top = height * (0.35 + 0.25 * math.sin(angle))
        box = skia.Rect.MakeXYWH(round(left), round(top), width // 5, height // 4)
        draw_box(canvas, box, f"object {index + 1}, picture {number}")
    if sprite:
        canvas.drawImage(sprite, width - sprite.width() - MARGIN, MARGIN)


def drawn(decoded: Iterable[Picture], sprite_file: Path | None) -> Iterator[Picture]:
    """The pictures of one size, drawn over in place. One canvas serves all, in the thread that asks for them."""
    canvas = sprite = None
    for number, (buffer, frame) in enumerate(decoded):
        if canvas is None:
            canvas = SkiaCanvas.from_buffer(buffer)
            if sprite_file:
                # On the GPU from here on, not uploaded for every picture.
                image = skia.Image.MakeFromEncoded(skia.Data(sprite_file.read_bytes()))
                sprite = image.makeTextureImage(canvas.gr_context)
        else:
            canvas.load(buffer)
        draw(canvas.canvas(), (canvas.width, canvas.height), sprite, number)
        canvas.render_to_nvbuf(buffer)
        yield buffer, frame
    if canvas is not None:
        canvas.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("target", help="a file that ends in mp4, mkv or ts")
    parser.add_argument("--sprite", type=Path, help="a PNG file for the top right corner")
    parser.add_argument("--codec", default="h264", help="h264, hevc, av1 or jpeg")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--fps", type=int, default=30, help="what the encoder's rate control goes by")
    options = parser.parse_args()

    decoding = FlexibleDecoderConfig(SOURCE_ID, gpu_id=0, pool_size=8).with_output(
        VideoFormat.RGBA, options.width, options.height
    )
    encoding = EncoderConfig(Codec.from_name(options.codec), options.width, options.height)
    encoding.format(VideoFormat.RGBA).fps(options.fps, 1).with_hardware(Hardware.PREFERRED)
    encoder = Encoder(encoding)
    count = 0
    with PacketWriter(options.target) as writer:
        for packet in encoder.encode(drawn(pictures(options.source, decoding), options.sprite)):
            writer.write(packet)
            count += 1
    encoder.graceful_shutdown()
    print(f"{count} pictures in {options.target} by {encoder.encoder}, hardware: {encoder.hardware}")


if __name__ == "__main__":
    main()
