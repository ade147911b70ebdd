#!/usr/bin/env python3
"""Decode video files at once, letterbox their pictures into batches, and find something in each batch.

    python examples/batch.py boxes tests/clips/h264_1080p.mp4 tests/clips/vp9_640x360.webm

A batch is one array (N, H, W, 4), in place: a tensor if PyTorch is installed, on the GPU where the pixels are
there, else a NumPy array. A stand-in for a network finds a box in each picture; the box is mapped back to the
pixels of the source, and the first picture of each source is saved with it in the folder that comes first.
"""

from __future__ import annotations

import importlib.util
import queue
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    LetterboxMap,
    SavantIdMetaKind,
    SealedDelivery,
    SharedBuffer,
    SurfaceBatch,
    SurfaceView,
    TransformConfig,
    UniformBatchGenerator,
)
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame

# Not a dependency of this package.
torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

BATCH = 8
SIDE = 640
LETTERBOX = TransformConfig()
NEARLY = 0.9
LINE = 3
COLOR = (255, 0, 0, 255)

# Rows of left, top, right and bottom in pixels.
Boxes = NDArray[np.float64]
Picture = tuple[VideoFrame, SharedBuffer]
Deliveries = queue.SimpleQueue[SealedDelivery | None]


def decode(path: str, deliveries: Deliveries) -> None:
    """Queues the pictures of a file, then None."""

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame_output = output.as_frame()
        if frame_output is not None:
            deliveries.put(frame_output.take_delivery())
        elif error := output.as_error():
            print(f"{path}: {error.message}", file=sys.stderr)

    # The pictures of a batch that is not yet full are held, all of them by one decoder at worst.
    decoder = FlexibleDecoder(FlexibleDecoderConfig(path, gpu_id=0, pool_size=BATCH + 4), on_output)
    with PacketReader(path, path) as packets:
        for frame, data in packets:
            decoder.submit(frame, data)
    decoder.graceful_shutdown()
    deliveries.put(None)


def full_batches(deliveries: Deliveries, streams: int) -> Iterator[list[Picture]]:
    """Lists of BATCH pictures, the last one with what is left; each is empty when the next one is asked for."""
    pictures: list[Picture] = []
    while streams:
        delivery = deliveries.get()
        if delivery is None:
            streams -= 1
            continue
        pictures.append(delivery.unseal())
        if len(pictures) == BATCH:
            yield pictures
            # The decoders wait for their buffers, so nobody may go on holding them.
            pictures.clear()
    if pictures:
        yield pictures


def letterbox(pool: UniformBatchGenerator, pictures: list[Picture]) -> SurfaceBatch:
    """The pictures in the slots of a batch, with their frames' ids."""
    ids = [(SavantIdMetaKind.FRAME, uuid.UUID(frame.uuid).int) for frame, _ in pictures]
    batch = pool.acquire_batch(LETTERBOX, ids)
    batch.transform_slots([(slot, buffer, None) for slot, (_, buffer) in enumerate(pictures)])
    batch.finalize()
    return batch


def as_array(batch: SurfaceBatch) -> Any:
    """The filled slots (N, H, W, 4), uint8. Of a tensor `[..., :3].permute(0, 3, 1, 2) / 255` is what networks take."""
    if torch is not None:
        return torch.from_dlpack(batch)
    if hasattr(batch, "__array_interface__"):
        return np.asarray(batch)
    # Device memory, and no library that uses it in place.
    return np.stack([batch.view(slot).download() for slot in range(batch.num_filled)])


def detect(pixels: Any) -> Boxes:
    """A stand-in for a network: a box a slot, around all that is nearly as bright as its brightest pixel."""
    boxes = []
    for picture in pixels:
        brightness = picture[..., :3].sum(-1)
        bright = brightness >= NEARLY * brightness.max()
        # Lists, because NumPy and PyTorch agree about these.
        (left, right), (top, bottom) = (extent(bright.any(axis).tolist()) for axis in (0, 1))
        boxes.append((left, top, right, bottom))
    return np.array(boxes, np.float64)


def extent(bright: list[bool]) -> tuple[int, int]:
    """From the first True to behind the last one."""
    return bright.index(True), len(bright) - bright[::-1].index(True)


def to_source(boxes: Boxes, view: SurfaceView) -> Boxes:
    """Boxes of a slot, in pixels of the picture that was letterboxed into it."""
    return LetterboxMap(LETTERBOX, view.width, view.height, SIDE, SIDE).inverse_boxes(boxes)


def save_with_box(buffer: SharedBuffer, box: Boxes, path: Path) -> None:
    """Draws a line around a box (l, t, r, b) into the picture and saves it."""
    view = SurfaceView.from_buffer(buffer)
    pixels = view.download()
    box = np.clip(box.round(), 0, [view.width, view.height] * 2).astype(int)
    left, top, right, bottom = box
    inside = pixels[top:bottom, left:right].copy()
    pixels[max(0, top - LINE) : bottom + LINE, max(0, left - LINE) : right + LINE] = COLOR
    pixels[top:bottom, left:right] = inside
    view.upload(pixels)
    buffer.save_png(path)


def save_first_pictures(pictures: list[Picture], boxes: Boxes, folder: Path, saved: set[str]) -> None:
    """Saves the pictures of sources that are not in `saved` yet, each with its box."""
    for (frame, buffer), box in zip(pictures, boxes, strict=True):
        if frame.source_id not in saved:
            saved.add(frame.source_id)
            in_source = to_source(box[None], SurfaceView.from_buffer(buffer))[0]
            path = folder / f"{len(saved)}-{Path(frame.source_id).stem}.png"
            save_with_box(buffer, in_source, path)
            print(f"{frame.source_id}: brightest in {in_source.round().astype(int).tolist()}, see {path}")


def main() -> None:
    folder, *paths = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    deliveries: Deliveries = queue.SimpleQueue()
    decoding = [threading.Thread(target=decode, args=(path, deliveries)) for path in paths]
    for thread in decoding:
        thread.start()
    pool = UniformBatchGenerator("RGBA", SIDE, SIDE, BATCH)
    count = 0
    saved: set[str] = set()
    for pictures in full_batches(deliveries, len(paths)):
        pixels = as_array(letterbox(pool, pictures))
        count += len(pictures)
        sources = len({frame.source_id for frame, _ in pictures})
        print(f"batch of {len(pictures)} from {sources} sources: {type(pixels).__name__} {tuple(pixels.shape)}")
        save_first_pictures(pictures, detect(pixels), Path(folder), saved)
    for thread in decoding:
        thread.join()
    print(f"{count} pictures")


if __name__ == "__main__":
    main()
