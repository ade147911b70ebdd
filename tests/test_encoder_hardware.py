"""Who encodes: hardware where it is asked for and there is some, and straight from the decoder's buffers."""

from __future__ import annotations

import re

import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import psnr
from encoding import (
    NVENC,
    SOFTWARE,
    VIDEO,
    assert_accounted,
    clip_pictures,
    config,
    decoded,
    decoded_buffers,
    each_codec,
    encode,
    needs_encoder,
    numbered_picture,
    software,
)
from savant_rs.deepstream import (
    Encoder,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    H264JetsonProps,
    Hardware,
    JpegProps,
    SurfaceView,
    VideoFormat,
    backend,
)
from savant_rs.primitives import Codec

CLIP = CLIPS["h264_640x360"]
GPU = backend() == "deepstream"
NO_HARDWARE = r"GPU 0 \(.+\) has no NVENC" if GPU else "the host backend has no hardware encoder"
DLPACK_CPU, DLPACK_CUDA = 1, 2
without_nvenc = pytest.mark.skipif(NVENC, reason="the hardware is there")


@without_nvenc
@pytest.mark.parametrize("codec", VIDEO, ids=lambda codec: codec.name())
def test_required_hardware_that_is_missing_is_an_error_that_says_why(codec: Codec) -> None:
    for asked in [config(codec, 64, 64).with_hardware(Hardware.REQUIRED), EncoderConfig(codec, 64, 64)][: 1 + GPU]:
        with pytest.raises(RuntimeError, match=rf"hardware encoding of {codec.name()} is required.*{NO_HARDWARE}"):
            Encoder(asked)


@without_nvenc
@each_codec(*VIDEO)
def test_preferred_hardware_that_is_missing_is_replaced_by_software_that_says_so(
    codec: Codec, capfd: pytest.CaptureFixture[str]
) -> None:
    for asked in [config(codec, 160, 120), software(codec, 160, 120)]:
        encoder = Encoder(asked)
        assert (encoder.encoder, encoder.hardware) == (SOFTWARE[codec], False)
        [output] = encode(asked, [numbered_picture(0, 160, 120)])
        assert (output.encoder, output.hardware) == (SOFTWARE[codec], False)
    told = re.findall(rf"{codec.name()} is encoded in software: {NO_HARDWARE}", capfd.readouterr().err)
    # Where there is no GPU nobody is surprised, and who asks for software knows.
    assert len(told) == (2 if GPU else 0)


@pytest.mark.parametrize(
    "codec", [Codec.Png, Codec.RawRgba, Codec.RawRgb, Codec.RawNv12], ids=lambda codec: codec.name()
)
def test_pictures_of_the_cpu_need_no_hardware(codec: Codec) -> None:
    asked = EncoderConfig(codec, 64, 64).format(VideoFormat.RGBA)
    assert not Encoder(asked).hardware
    with pytest.raises(RuntimeError, match=f"hardware encoding of {codec.name()} is required"):
        Encoder(asked.with_hardware(Hardware.REQUIRED))


@each_codec(*VIDEO, Codec.Jpeg)
@pytest.mark.parametrize("format", [VideoFormat.NV12, VideoFormat.RGBA])
def test_pictures_are_encoded_from_the_buffers_of_their_decoder(codec: Codec, format: VideoFormat) -> None:
    devices = set()
    frames = []

    def pictures() -> object:
        for buffer, frame in decoded_buffers(CLIP, pool_size=8, output={"format": format}):
            if format == VideoFormat.RGBA:
                devices.add(SurfaceView.from_buffer(buffer).__dlpack_device__()[0])
            frames.append(frame)
            yield buffer, frame

    encoder = Encoder(config(codec, CLIP.width, CLIP.height))
    outputs = list(encoder.encode(pictures()))
    encoder.graceful_shutdown()
    assert_accounted(encoder)
    assert devices <= {DLPACK_CUDA if GPU else DLPACK_CPU}
    assert len(outputs) == CLIP.frames
    assert all(output.frame is frame for output, frame in zip(outputs, frames, strict=True))
    made = [p.pixels.reshape(CLIP.height, CLIP.width, 4) for p in decoded(outputs, CLIP.width, CLIP.height)]
    assert [read_frame_number(picture) for picture in made] == list(CLIP.numbers)
    for picture, given in zip(made, clip_pictures(CLIP), strict=True):
        assert psnr(picture[..., :3], given[..., :3]) >= 35


@needs_encoder(Codec.H264)
def test_properties_are_those_of_the_machine() -> None:
    """The host takes the properties of both platforms, a GPU its own."""
    of_gpu = EncoderProperties.h264_dgpu(H264DgpuProps(bitrate=2_000_000))
    of_jetson = EncoderProperties.h264_jetson(H264JetsonProps(bitrate=2_000_000))
    assert Encoder(software(Codec.H264, 64, 64).properties(of_gpu)).settings["bitrate"] == "2000"
    other = software(Codec.H264, 64, 64).properties(of_jetson)
    if GPU:
        with pytest.raises(ValueError, match=r"H264JetsonProps.*jetson.*dgpu"):
            Encoder(other)
    else:
        assert Encoder(other).settings["bitrate"] == "2000"
    either = EncoderProperties.jpeg(JpegProps(quality=31))
    assert Encoder(config(Codec.Jpeg, 64, 64).properties(either)).settings["quality"] == "31"


def test_a_gpu_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        Encoder(config(Codec.Jpeg, 64, 64).gpu_id(99))
