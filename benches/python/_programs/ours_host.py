"""This library without a GPU: pictures as NumPy arrays over the surfaces, unsealed behind the callback."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np

from _programs.pictures import serve_pictures
from _programs.steady import Task
from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    Hardware,
    SealedDelivery,
    SurfaceView,
)
from savant_rs.gstreamer import PacketReader

POOL_SIZE = 8


def pictures(task: Task) -> Iterator[np.ndarray]:
    """The pictures of one stream, fed by a thread of its own and taken on the caller's."""
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()
    with PacketReader(task.file, "bench") as reader:
        packets = list(islice(reader, task.clip.frames))

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame = output.as_frame()
        if frame is not None:
            deliveries.put(frame.take_delivery())

    config = FlexibleDecoderConfig("bench", 0, POOL_SIZE).with_hardware(Hardware.SOFTWARE)
    decoder = FlexibleDecoder(config, on_output)

    def feed() -> None:
        try:
            for _ in range(task.loops):
                for frame, data in packets:
                    decoder.submit(frame, data)
            decoder.graceful_shutdown()
        finally:
            deliveries.put(None)

    feeder = threading.Thread(target=feed)
    feeder.start()
    while (delivery := deliveries.get()) is not None:
        yield np.asarray(SurfaceView.from_buffer(delivery.unseal()[1]))
    feeder.join()


if __name__ == "__main__":
    serve_pictures(pictures)
