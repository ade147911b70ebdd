"""What decodes each codec on this machine, found by decoding one small picture of each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, FlexibleDecoderOutput
from savant_rs.gstreamer import Codec
from savant_rs.primitives import VideoFrame, VideoFrameContent

SOURCE_ID = "doctor"
SAMPLE_SIZE = 160
CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "jpeg", "png")


@dataclass(frozen=True)
class Finding:
    """What became of the sample of one codec: the element that decoded it, or why none did."""

    codec: str
    decoder: str | None
    hardware: bool
    problem: str | None


class _Outcome:
    """Collects the outputs of one decoder."""

    def __init__(self) -> None:
        self.decoder: str | None = None
        self.hardware = False
        self.problem: str | None = None

    def __call__(self, output: FlexibleDecoderOutput) -> None:
        frame, skipped, error = output.as_frame(), output.as_skipped(), output.as_error()
        if frame is not None:
            self.decoder = frame.decoded_frame.decoder
            self.hardware = frame.decoded_frame.hardware
        elif skipped is not None:
            self.problem = skipped.reason.detail or repr(skipped.reason)
        elif error is not None:
            self.problem = error.message


def examine(codec: str, gpu_id: int = 0) -> Finding:
    """Decode the sample of one codec. Blocks until it has come out or failed."""
    try:
        return _decode(codec, gpu_id)
    except RuntimeError as error:  # no backend, or a GPU that does not answer
        return Finding(codec, None, False, str(error))


def _decode(codec: str, gpu_id: int) -> Finding:
    data = resources.files(__package__).joinpath("samples").joinpath(f"{codec}.bin").read_bytes()
    outcome = _Outcome()
    decoder = FlexibleDecoder(FlexibleDecoderConfig(SOURCE_ID, gpu_id, 2), outcome)
    frame = VideoFrame(
        SOURCE_ID,
        (30, 1),
        SAMPLE_SIZE,
        SAMPLE_SIZE,
        VideoFrameContent.none(),
        codec=Codec.from_name(codec),
        keyframe=True,
    )
    decoder.submit(frame, data)
    decoder.graceful_shutdown()
    problem = None if outcome.decoder else outcome.problem or "nothing came out"
    return Finding(codec, outcome.decoder, outcome.hardware, problem)


def examine_all() -> list[Finding]:
    """One finding a codec."""
    return [examine(codec) for codec in CODECS]
