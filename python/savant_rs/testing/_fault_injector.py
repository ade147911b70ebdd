"""Encoded packets as a bad network delivers them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from savant_rs.primitives import VideoFrame

_MAX_FLIPPED_BITS = 8


class FaultInjector:
    """Puts faults into a stream of packets; what they are depends on the packets and ``seed`` only.

    An iterator over ``(frame, data)`` pairs, as :class:`savant_rs.gstreamer.PacketReader` is, and over such an
    iterator or a list. It reads ahead by ``reorder`` packets at most and keeps nothing else::

        with PacketReader("video.mp4", "camera-1") as reader:
            for frame, data in FaultInjector(reader, loss=0.05, bitflip=0.01, seed=7):
                decoder.submit(frame, data)

    Each fault is drawn for each packet on its own: first loss, then truncation, flipped bits and repetition, which
    may meet in one packet, and the delay at last. Frames are passed on as they are, with the sizes and times of before;
    the second of a repeated pair has a copy of the frame, with the same UUID. Does not block beyond what ``packets``
    does. Not for several threads at once.

    Addition.

    Args:
        packets: pairs of a frame and its encoded bytes, in decode order.
        loss: probability, 0 to 1, that a packet is left out.
        truncate: probability that a packet loses its end; at least 1 byte is left.
        bitflip: probability that bits of a packet flip: 1 to 8 of them, anywhere.
        reorder: how many places a packet may come too late; 0 keeps the order.
        duplicate: probability that a packet comes twice in a row.
        join_mid_gop: leave out everything up to the first key frame and that key frame too, as for who joins
            a running stream. A key frame is one whose ``keyframe`` is true.
        seed: start of the pseudorandom numbers.

    Raises:
        ValueError: a probability outside of 0 to 1, or a ``reorder`` below 0.
    """

    faults: Counter[str]
    """How many packets have been met so far, by fault: ``"joined"`` (left out in front of the join), ``"lost"``,
    ``"truncated"``, ``"flipped"``, ``"duplicated"``, ``"reordered"`` (overtaken by others)."""

    def __init__(
        self,
        packets: Iterable[tuple[VideoFrame, bytes]],
        *,
        loss: float = 0.0,
        truncate: float = 0.0,
        bitflip: float = 0.0,
        reorder: int = 0,
        duplicate: float = 0.0,
        join_mid_gop: bool = False,
        seed: int = 0,
    ) -> None:
        probabilities = {"loss": loss, "truncate": truncate, "bitflip": bitflip, "duplicate": duplicate}
        for name, value in probabilities.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is a probability, 0 to 1, got {value}")
        if reorder < 0:
            raise ValueError(f"reorder is a number of places, got {reorder}")
        self.faults = Counter()
        self._loss, self._truncate, self._bitflip, self._duplicate = loss, truncate, bitflip, duplicate
        self._reorder = reorder
        self._random = Random(seed)
        joined = self._behind_first_key_frame(packets) if join_mid_gop else packets
        self._output = self._delayed(self._damaged(joined))

    def __iter__(self) -> Iterator[tuple[VideoFrame, bytes]]:
        return self

    def __next__(self) -> tuple[VideoFrame, bytes]:
        return next(self._output)

    def _behind_first_key_frame(
        self, packets: Iterable[tuple[VideoFrame, bytes]]
    ) -> Iterator[tuple[VideoFrame, bytes]]:
        rest = iter(packets)
        for frame, _ in rest:
            self.faults["joined"] += 1
            if frame.keyframe:
                break
        yield from rest

    def _damaged(self, packets: Iterable[tuple[VideoFrame, bytes]]) -> Iterator[tuple[VideoFrame, bytes]]:
        for frame, data in packets:
            if self._happens(self._loss, "lost"):
                continue
            if len(data) > 1 and self._happens(self._truncate, "truncated"):
                data = data[: self._random.randrange(1, len(data))]
            if data and self._happens(self._bitflip, "flipped"):
                data = self._flipped(data)
            yield frame, data
            if self._happens(self._duplicate, "duplicated"):
                yield frame.copy(), data

    def _flipped(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        bits = self._random.sample(range(8 * len(data)), self._random.randint(1, _MAX_FLIPPED_BITS))
        for bit in bits:
            damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)

    def _delayed(self, packets: Iterator[tuple[VideoFrame, bytes]]) -> Iterator[tuple[VideoFrame, bytes]]:
        """Each packet leaves behind the one whose place it is late for."""
        waiting: list[tuple[int, int, tuple[VideoFrame, bytes]]] = []
        latest = 0

        def leave() -> tuple[VideoFrame, bytes]:
            nonlocal latest
            _, negative_index, packet = heapq.heappop(waiting)
            index = -negative_index
            self.faults["reordered"] += index < latest
            latest = max(latest, index)
            return packet

        for index, packet in enumerate(packets):
            # Of those for the same place the latest comes first.
            heapq.heappush(waiting, (index + self._random.randint(0, self._reorder), -index, packet))
            while waiting and waiting[0][0] <= index:
                yield leave()
        while waiting:
            yield leave()

    def _happens(self, probability: float, fault: str) -> bool:
        happens = self._random.random() < probability
        self.faults[fault] += happens
        return happens
