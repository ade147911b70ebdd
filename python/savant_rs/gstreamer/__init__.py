"""Codecs, and a reader that takes encoded video out of files and URLs."""

from savant_rs.deepstream._native import Codec, PacketReader

__all__ = ["Codec", "PacketReader"]
