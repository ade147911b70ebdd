#!/usr/bin/env python3
"""Decode a video file to RGBA and save its first picture.

    python examples/decode.py tests/clips/h264_bpyramid_640x360.mp4 first.png

The callback runs on a thread of the decoder. It only queues the sealed delivery, which can be unsealed
as soon as the callback has returned. Another thread has to take the frames: queued ones hold buffers of
the decoder's pool, and the decoder waits when none is free.
"""

from __future__ import annotations

import queue
import sys
import threading

from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    SealedDelivery,
    SurfaceView,
)
from savant_rs.gstreamer import PacketReader

SOURCE_ID = "example"


def main() -> None:
    path, picture = sys.argv[1:3]
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame_output = output.as_frame()
        if frame_output is not None:
            deliveries.put(frame_output.take_delivery())
            return
        error = output.as_error()
        if error is not None:
            print(error.message, file=sys.stderr)

    def consume() -> None:
        count = 0
        while (delivery := deliveries.get()) is not None:
            frame, buffer = delivery.unseal()
            pixels = SurfaceView.from_buffer(buffer).download()
            if count == 0:
                buffer.save_png(picture)
            count += 1
            print(f"{frame.pts:>12} ns  {frame.width}x{frame.height}  mean RGB {pixels[..., :3].mean():.1f}")
        print(f"{count} pictures, the first one is in {picture}")

    consumer = threading.Thread(target=consume)
    consumer.start()
    decoder = FlexibleDecoder(FlexibleDecoderConfig(SOURCE_ID, gpu_id=0, pool_size=8), on_output)
    with PacketReader(path, SOURCE_ID) as packets:
        for frame, data in packets:
            decoder.submit(frame, data)
    decoder.graceful_shutdown()
    deliveries.put(None)
    consumer.join()


if __name__ == "__main__":
    main()
