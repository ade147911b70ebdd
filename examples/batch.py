#!/usr/bin/env python3
"""Decode video files at once, letterbox their pictures into batches, and use each batch as one array.

    python examples/batch.py tests/clips/h264_1080p.mp4 tests/clips/vp9_640x360.webm

A batch is a float tensor (N, 3, H, W) for a network if PyTorch is installed, on the GPU where the pixels are
there; else a NumPy array (N, H, W, 4). Neither copies what the decoder and the letterboxing made.
"""

from __future__ import annotations

import importlib.util
import queue
import sys
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np

from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    SavantIdMetaKind,
    SealedDelivery,
    SharedBuffer,
    SurfaceBatch,
    TransformConfig,
    UniformBatchGenerator,
)
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame

# Not a dependency of this package.
torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

BATCH = 8
SIDE = 640

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
    batch = pool.acquire_batch(TransformConfig(), ids)
    batch.transform_slots([(slot, buffer, None) for slot, (_, buffer) in enumerate(pictures)])
    batch.finalize()
    return batch


def network_input(batch: SurfaceBatch) -> Any:
    """What a network takes: the filled slots, without a copy of their bytes."""
    if torch is not None:
        return torch.from_dlpack(batch)[..., :3].permute(0, 3, 1, 2).float() / 255
    if hasattr(batch, "__array_interface__"):
        return np.asarray(batch)
    # Device memory, and no library that uses it in place.
    return np.stack([batch.view(slot).download() for slot in range(batch.num_filled)])


def main() -> None:
    paths = sys.argv[1:]
    deliveries: Deliveries = queue.SimpleQueue()
    decoding = [threading.Thread(target=decode, args=(path, deliveries)) for path in paths]
    for thread in decoding:
        thread.start()
    pool = UniformBatchGenerator("RGBA", SIDE, SIDE, BATCH)
    count = 0
    for pictures in full_batches(deliveries, len(paths)):
        array = network_input(letterbox(pool, pictures))
        count += len(pictures)
        sources = len({frame.source_id for frame, _ in pictures})
        print(f"batch of {len(pictures)} from {sources} sources: {type(array).__name__} {tuple(array.shape)}")
    for thread in decoding:
        thread.join()
    print(f"{count} pictures")


if __name__ == "__main__":
    main()
