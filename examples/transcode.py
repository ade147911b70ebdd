#!/usr/bin/env python3
"""Decode a video file and encode it again, into another codec and size.

    python examples/transcode.py tests/clips/hevc_720p.mkv smaller.mp4 --codec h264 --width 640 --height 360

The decoder scales: it puts pictures of the wanted size, letterboxed, into buffers, which the encoder takes over.
Between the two stands a queue, because a delivery is unsealed behind its callback.
"""

from __future__ import annotations

import argparse
import queue
import threading
from collections.abc import Iterator

from savant_rs.deepstream import (
    Encoder,
    EncoderConfig,
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    Hardware,
    SealedDelivery,
    SharedBuffer,
    VideoFormat,
)
from savant_rs.gstreamer import Codec, PacketReader, PacketWriter
from savant_rs.primitives import VideoFrame

SOURCE_ID = "example"


def pictures(path: str, config: FlexibleDecoderConfig) -> Iterator[tuple[SharedBuffer, VideoFrame]]:
    """The pictures of a file with their frames, decoded ahead by at most the pool of the decoder."""
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame_output = output.as_frame()
        if frame_output is not None:
            deliveries.put(frame_output.take_delivery())

    def feed() -> None:
        decoder = FlexibleDecoder(config, on_output)
        with PacketReader(path, SOURCE_ID) as packets:
            for frame, data in packets:
                decoder.submit(frame, data)
        decoder.graceful_shutdown()
        deliveries.put(None)

    feeder = threading.Thread(target=feed, daemon=True)  # an error of the encoder ends the program
    feeder.start()
    while (delivery := deliveries.get()) is not None:
        frame, buffer = delivery.unseal()
        yield buffer, frame
    feeder.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("target", help="a file that ends in mp4, mkv or ts")
    parser.add_argument("--codec", default="h264", help="h264, hevc, av1 or jpeg")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--fps", type=int, default=30, help="what the encoder's rate control goes by")
    options = parser.parse_args()

    # NV12 is what encoders take: nothing is converted on the way.
    decoding = FlexibleDecoderConfig(SOURCE_ID, gpu_id=0, pool_size=8).with_output(
        VideoFormat.NV12, options.width, options.height
    )
    encoding = EncoderConfig(Codec.from_name(options.codec), options.width, options.height)
    encoding.fps(options.fps, 1).with_hardware(Hardware.PREFERRED)
    encoder = Encoder(encoding)
    count = size = 0
    with PacketWriter(options.target) as writer:
        for packet in encoder.encode(pictures(options.source, decoding)):
            writer.write(packet)
            count += 1
            size += len(packet.data)
    encoder.graceful_shutdown()
    print(f"{count} pictures in {options.target}: {size} bytes by {encoder.encoder}, hardware: {encoder.hardware}")


if __name__ == "__main__":
    main()
