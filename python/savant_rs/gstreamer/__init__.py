"""Codecs, a reader that takes encoded video out of files and URLs, and a writer that puts it into files."""

from savant_rs.deepstream._native import Codec, PacketReader, PacketWriter, Reconnect

__all__ = ["Codec", "PacketReader", "PacketWriter", "Reconnect"]
