"""Superframes of VP9 (bitstream specification, Annex B): taken apart and put together."""

from __future__ import annotations

from collections.abc import Sequence


def shows_again(slot: int) -> bytes:
    """A frame without a picture, which shows that of a reference slot (``show_existing_frame``)."""
    return bytes([0b1000_1000 | slot])


def frames_of(packet: bytes) -> list[bytes]:
    """The frames of a packet, which may be a superframe."""
    marker = packet[-1]
    size, count = (marker >> 3 & 3) + 1, (marker & 7) + 1
    begin = len(packet) - 2 - size * count
    if marker >> 5 != 0b110 or begin < 0 or packet[begin] != marker:
        return [packet]
    frames, at = [], 0
    for place in range(begin + 1, len(packet) - 1, size):
        end = at + int.from_bytes(packet[place : place + size], "little")
        frames.append(packet[at:end])
        at = end
    return frames


def superframe(frames: Sequence[bytes]) -> bytes:
    """One packet of several frames."""
    marker = bytes([0b1101_1000 | len(frames) - 1])
    sizes = [len(frame).to_bytes(4, "little") for frame in frames]
    return b"".join([*frames, marker, *sizes, marker])


def made_hidden(key_frame: bytes) -> bytes:
    """A shown key frame of profile 0, hidden (``show_frame``): the only bit that says so."""
    show_frame = 0b0000_0010
    assert key_frame[0] & 0b1111_1110 == 0b1000_0000 | show_frame
    return bytes([key_frame[0] & ~show_frame]) + key_frame[1:]


def slot_of_hidden(frame: bytes) -> int:
    """The first reference slot that a hidden predicted frame of profile 0 goes into."""
    bits = "".join(f"{byte:08b}" for byte in frame[:8])
    assert bits.startswith("1000010"), "profile 0, decoded, predicted, hidden"
    is_resilient, is_intra_only = bits[7:9]
    at = 9 if is_resilient == "1" else 11  # reset_frame_context
    if is_intra_only == "1":
        at += 24  # the sync code
    return 7 - bits[at : at + 8].rindex("1")
