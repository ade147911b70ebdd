"""This library without a GPU: pictures as NumPy arrays over the surfaces, unsealed behind the callback.

`OUTPUTS` says what becomes of the planes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from _programs.pictures import check_pictures
from _programs.steady import Task, measure_streams, serve
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
# Side of the square that pictures are letterboxed into; `None` leaves them as they are.
OUTPUTS = {"": None, "letterboxed": 640}


def config(task: Task) -> FlexibleDecoderConfig:
    plain = FlexibleDecoderConfig("bench", 0, POOL_SIZE).with_hardware(Hardware.SOFTWARE)
    side = OUTPUTS[task.output]
    return plain if side is None else plain.with_output(width=side, height=side)


def pictures(task: Task) -> Iterator[np.ndarray]:
    """The pictures of one stream, fed by a thread of its own and taken on the caller's."""
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()
    with PacketReader(task.file, "bench") as reader:
        packets = list(islice(reader, task.clip.frames))

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame = output.as_frame()
        if frame is not None:
            deliveries.put(frame.take_delivery())

    decoder = FlexibleDecoder(config(task), on_output)

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


def inside(task: Task, picture: np.ndarray) -> np.ndarray:
    """A picture without its borders, which are above and below."""
    height = task.clip.height * picture.shape[1] // task.clip.width
    top = (picture.shape[0] - height) // 2
    return picture[top : top + height]


def check(task: Task) -> None:
    """A letterboxed picture is checked by its number; it looks like no other program's."""
    if OUTPUTS[task.output] is not None:
        task = replace(task, picture=None)
    check_pictures(task, (inside(task, picture) for picture in pictures(task)))


if __name__ == "__main__":
    serve(lambda task: measure_streams(task, pictures), check)
