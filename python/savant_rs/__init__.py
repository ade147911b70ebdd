"""Video decoding into pooled, zero-copy surfaces.

The classes are in the subpackages:

* ``savant_rs.deepstream``: decoders, encoders, surfaces and buffers.
* ``savant_rs.primitives``: video frames, which describe what is decoded.
* ``savant_rs.gstreamer``: codecs, and a reader of video files and URLs.
* ``savant_rs.testing``: packets with faults, for tests.
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("savant-rs-deepstream")
except PackageNotFoundError:  # A source tree that is not installed.
    __version__ = "0+unknown"
