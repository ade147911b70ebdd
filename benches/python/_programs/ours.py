"""This library: pictures as RGBA surfaces in GPU memory, each delivered sealed to a Python callback."""

from __future__ import annotations

import threading
from typing import Any

from _programs.steady import Clock, Measured, Task, serve
from clips_lib import Clip, read_frame_number
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, FlexibleDecoderOutput, Hardware, SurfaceView
from savant_rs.gstreamer import PacketReader

POOL_SIZE = 8
# Pictures that a decoder may keep until it is drained.
HELD = 24


class Stream:
    """One decoder, fed by a thread, whose callback takes each delivery and lets it go."""

    def __init__(self, packets: list, task: Task, clock: Clock) -> None:
        self.task, self.clock, self.packets, self.delivered = task, clock, packets, 0
        config = FlexibleDecoderConfig(packets[0][0].source_id, 0, POOL_SIZE).with_hardware(Hardware.REQUIRED)
        self.decoder = FlexibleDecoder(config, self.on_output)

    def on_output(self, output: FlexibleDecoderOutput) -> None:
        if not output.is_frame:
            return
        output.as_frame().take_delivery()
        self.delivered += 1
        if self.delivered == 1:
            self.clock.first_picture()
        elif self.delivered == self.task.frames_per_stream - HELD:
            self.clock.last_picture()

    def feed(self) -> None:
        for _ in range(self.task.loops):
            for frame, data in self.packets:
                self.decoder.submit(frame, data)
        self.clock.wait_for_others()
        self.decoder.graceful_shutdown()


def read(clip: Clip, source_id: str) -> list:
    with PacketReader(clip.path, source_id) as reader:
        return list(reader)


def measure(task: Task) -> Measured:
    packets = [read(task.clip, f"stream-{index}") for index in range(task.streams)]
    clock = Clock(task, HELD)
    streams = [Stream(own, task, clock) for own in packets]
    threads = [threading.Thread(target=stream.feed) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for stream in streams:
        if stream.delivered != task.frames_per_stream:
            raise SystemExit(f"not every frame was delivered: {stream.decoder.stats()}")
    return clock.measured()


def check(task: Task) -> None:
    """Every picture comes out once and in order, as its number tells."""
    deliveries: list[Any] = []

    def on_output(output: FlexibleDecoderOutput) -> None:
        if output.is_frame:
            deliveries.append(output.as_frame().take_delivery())

    config = FlexibleDecoderConfig("check", 0, task.clip.frames).with_hardware(Hardware.REQUIRED)
    decoder = FlexibleDecoder(config, on_output)
    for frame, data in read(task.clip, "check"):
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    views = [SurfaceView.from_buffer(delivery.unseal()[1]) for delivery in deliveries]
    numbers = [read_frame_number(view.download()) for view in views]
    if numbers != list(task.clip.numbers):
        raise SystemExit(f"wrong pictures: {numbers}, {decoder.stats()}")


if __name__ == "__main__":
    serve(measure, check)
