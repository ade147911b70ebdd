"""Video frames: what is submitted to decoders and comes back with their output."""

from savant_rs.deepstream._native import (
    Codec,
    EndOfStream,
    VideoFrame,
    VideoFrameContent,
    VideoFrameTranscodingMethod,
)

VideoFrameCodec = Codec
"""An older name of ``Codec``."""

__all__ = [
    "Codec",
    "EndOfStream",
    "VideoFrame",
    "VideoFrameCodec",
    "VideoFrameContent",
    "VideoFrameTranscodingMethod",
]
