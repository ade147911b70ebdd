"""Batches as a network takes them: pictures of any streams, letterboxed into the slots of one surface."""

from __future__ import annotations

import uuid

from savant_rs.deepstream import (
    SavantIdMetaKind,
    SharedBuffer,
    SurfaceBatch,
    TransformConfig,
    UniformBatchGenerator,
    VideoFormat,
)
from savant_rs.primitives import VideoFrame

SLOTS = 8
# Pixels, both ways: what many detectors take.
SIDE = 640
LETTERBOX = TransformConfig()


class Batches:
    """Fills RGBA batches of at most `SLOTS` pictures of `SIDE` x `SIDE`, and counts them."""

    def __init__(self, gpu_id: int) -> None:
        self.count = 0
        self.pictures = 0
        self._generator = UniformBatchGenerator(VideoFormat.RGBA, SIDE, SIDE, SLOTS, gpu_id=gpu_id)

    def fill(self, pictures: list[tuple[VideoFrame, SharedBuffer]]) -> SurfaceBatch:
        """Letterbox the pictures in one call of the device; their frames' ids go with the slots."""
        ids = [(SavantIdMetaKind.FRAME, uuid.UUID(frame.uuid).int) for frame, _ in pictures]
        batch = self._generator.acquire_batch(LETTERBOX, ids)
        batch.transform_slots([(slot, buffer, None) for slot, (_, buffer) in enumerate(pictures)])
        batch.finalize()
        self.count += 1
        self.pictures += batch.num_filled
        return batch
