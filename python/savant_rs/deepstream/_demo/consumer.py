"""The consumer: one thread that unseals every frame of every stream, batches them, and keeps some small pictures."""

from __future__ import annotations

import queue
import threading
import traceback

import numpy as np
from numpy.typing import NDArray

from savant_rs.deepstream import SharedBuffer, SurfaceBatch, SurfaceView

from .batches import SLOTS, Batches
from .mosaic import Mosaic
from .stream import Arrival

THUMBNAIL_WIDTH = 320
THUMBNAIL_HEIGHT = 180
# 4 x 4 samples fit 16 bits and are enough for a small picture.
SAMPLES_PER_BOX_SIDE = 4


def pixels_of(view: SurfaceView) -> NDArray[np.uint8]:
    """The view's pixels, shape (height, width, 4): without a copy on host memory, downloaded from a GPU."""
    pixels: NDArray[np.uint8] = np.asarray(view) if hasattr(view, "__array_interface__") else view.download()
    return pixels


def shrink(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A smaller copy within width x height that keeps the aspect.

    Boxes of `step` x `step` pixels are averaged over a few samples each, then the nearest box is taken.
    """
    step = max(1, min(pixels.shape[1] // width, pixels.shape[0] // height))
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    offsets = range(0, step, -(-step // SAMPLES_PER_BOX_SIDE))
    total = np.zeros((rows, columns, pixels.shape[2]), np.uint16)
    for top in offsets:
        for left in offsets:
            total += pixels[top : rows * step : step, left : columns * step : step]
    small = (total // len(offsets) ** 2).astype(np.uint8)
    scale = min(width / columns, height / rows)
    target = max(1, round(rows * scale)), max(1, round(columns * scale))
    row_index = np.arange(target[0]) * rows // target[0]
    column_index = np.arange(target[1]) * columns // target[1]
    picture: NDArray[np.uint8] = small[row_index[:, None], column_index]
    return picture


class Thumbnails:
    """Keeps at most `limit` pictures of one stream, evenly spaced, without knowing how many come."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._every = 1
        self._seen = 0
        self._kept: list[NDArray[np.uint8]] = []

    @property
    def next_is_wanted(self) -> bool:
        """Whether the next picture should be passed to `add`; otherwise call `skip`."""
        return self._seen % self._every == 0

    def skip(self) -> None:
        """Count a picture that is not kept."""
        self._seen += 1

    def add(self, thumbnail: NDArray[np.uint8]) -> None:
        """Keep a picture; when there are twice as many as wanted, every other one goes."""
        self._seen += 1
        self._kept.append(thumbnail)
        if len(self._kept) >= 2 * self._limit:
            self._kept = self._kept[::2]
            self._every *= 2

    def pictures(self) -> list[NDArray[np.uint8]]:
        """The kept pictures, evenly spaced over what was seen."""
        count = min(self._limit, len(self._kept))
        chosen = np.linspace(0, len(self._kept) - 1, count).round().astype(int)
        return [self._kept[index] for index in chosen]


class Consumer:
    """Takes arrivals until None comes, as many at once as there are, up to a batch: waiting for more could be in vain.

    After a failure it only lets frames go, so that no decoder waits for buffers.
    """

    def __init__(
        self,
        arrivals: queue.SimpleQueue[Arrival | None],
        source_ids: list[str],
        *,
        pictures: int,
        batches: Batches,
        mosaic: Mosaic | None,
    ) -> None:
        self.failure: str | None = None
        self.thumbnails = {source_id: Thumbnails(pictures) for source_id in source_ids}
        self._batches = batches
        self._mosaic = mosaic
        self._arrivals = arrivals
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def start(self) -> None:
        """Start taking arrivals."""
        self._thread.start()

    def finish(self, timeout_s: float) -> bool:
        """Let the queued arrivals be taken, then end the thread; False if it does not end in time."""
        self._arrivals.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_over:
            together = self._next()
            try:
                if together and self.failure is None:
                    self._take(together)
            except Exception:
                # As text: the exception itself would keep the frames' buffers through its traceback.
                self.failure = traceback.format_exc()
            # Not held while the next one is awaited.
            del together

    def _next(self) -> list[Arrival]:
        together: list[Arrival] = []
        while not self._is_over and len(together) < SLOTS:
            try:
                arrival = self._arrivals.get(block=not together)
            except queue.Empty:
                break
            if arrival is None:
                self._is_over = True
            else:
                together.append(arrival)
        return together

    def _take(self, together: list[Arrival]) -> None:
        pictures = [arrival.delivery.unseal() for arrival in together]
        batch = self._batches.fill(pictures)
        for arrival, (frame, buffer) in zip(together, pictures, strict=True):
            self._keep_thumbnail(self.thumbnails[frame.source_id], buffer)
            arrival.stream.count_consumed()
        names = [frame.source_id for frame, _ in pictures]
        # The decoders wait for these buffers.
        del frame, buffer, arrival
        pictures.clear()
        together.clear()
        if self._mosaic is not None:
            self._add_to_mosaic(self._mosaic, names, batch)

    @staticmethod
    def _add_to_mosaic(mosaic: Mosaic, names: list[str], batch: SurfaceBatch) -> None:
        for slot, name in enumerate(names):
            mosaic.put(name, shrink(pixels_of(batch.view(slot)), mosaic.tile, mosaic.tile))
        mosaic.show()

    @staticmethod
    def _keep_thumbnail(thumbnails: Thumbnails, buffer: SharedBuffer) -> None:
        if thumbnails.next_is_wanted:
            pixels = pixels_of(SurfaceView.from_buffer(buffer))
            thumbnails.add(shrink(pixels, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT))
        else:
            thumbnails.skip()
