"""The mosaic: one tile a stream, encoded into a video file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from savant_rs.deepstream import (
    BufferGenerator,
    EncodedOutput,
    Encoder,
    EncoderConfig,
    EncoderErrorOutput,
    Hardware,
    SurfaceView,
    VideoFormat,
)
from savant_rs.gstreamer import Codec, PacketWriter

from .names import Names

TILE = 320
# What most players and hardware take.
LARGEST_SIDE = 4096
FPS = 25
NS_PER_FRAME = 1_000_000_000 // FPS


class Mosaic:
    """Shows the latest picture of each stream, with its name. Each `show` is one picture of an MP4 file with H.264.

    The encoder of the GPU is used where there is one. `RuntimeError` where no encoder for H.264 is installed.
    """

    def __init__(self, path: Path, names: list[str], gpu_id: int) -> None:
        self.path = path
        self.pictures = 0
        self._failure: str | None = None
        columns = math.ceil(math.sqrt(len(names)))
        rows = math.ceil(len(names) / columns)
        self.tile = min(TILE, LARGEST_SIDE // columns // 2 * 2)
        self._corners = {
            name: (index // columns * self.tile, index % columns * self.tile) for index, name in enumerate(names)
        }
        self.names = Names(self._corners, self.tile, gpu_id)
        self._pixels = np.zeros((rows * self.tile, columns * self.tile, 4), np.uint8)
        self._pixels[..., 3] = 255
        height, width = self._pixels.shape[:2]
        self._generator = BufferGenerator(VideoFormat.RGBA, width, height, pool_size=4, gpu_id=gpu_id)
        config = EncoderConfig(Codec.H264, width, height).gpu_id(gpu_id).fps(FPS, 1).with_hardware(Hardware.PREFERRED)
        self._encoder = Encoder(config, self._on_output)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = PacketWriter(path)

    @property
    def encoder(self) -> str:
        """The element that encodes."""
        return self._encoder.encoder

    def put(self, name: str, picture: NDArray[np.uint8]) -> None:
        """Replace the tile of a stream; the picture is RGBA of shape (`tile`, `tile`, 4)."""
        top, left = self._corners[name]
        self._pixels[top : top + self.tile, left : left + self.tile] = picture

    def show(self) -> None:
        """Encode the tiles as they are now. Waits while the encoder has enough to do."""
        buffer = self._generator.acquire_with_params(self.pictures * NS_PER_FRAME, NS_PER_FRAME)
        SurfaceView.from_buffer(buffer).upload(self._pixels)
        self.names.draw_over(buffer)
        self._encoder.submit(buffer)
        self.pictures += 1

    def finish(self) -> None:
        """Encode what is inside, and complete the file. `RuntimeError` if a picture is missing in it."""
        self._encoder.graceful_shutdown()
        self._writer.close()
        encoded = self._encoder.stats()["encoded"]
        if self._failure is not None or encoded != self.pictures:
            raise RuntimeError(self._failure or f"{encoded} of {self.pictures} pictures are in {self.path}")

    def _on_output(self, output: EncodedOutput | EncoderErrorOutput) -> None:
        if isinstance(output, EncoderErrorOutput):
            self._failure = output.message
            return
        try:
            self._writer.write(output)
        except RuntimeError as error:
            self._failure = str(error)
