"""What the properties do: to the element, and to the stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS
from decoding import psnr
from encoding import (
    FPS,
    SOFTWARE,
    clip_pictures,
    config,
    decoded,
    encode,
    numbered_picture,
    probe,
    software,
    stream,
)
from gst_features import needs_gst_feature
from savant_rs.deepstream import (
    Av1DgpuProps,
    DgpuPreset,
    Encoder,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    H264JetsonProps,
    H264Profile,
    HevcDgpuProps,
    JetsonPresetLevel,
    JpegProps,
    PngProps,
    RateControl,
    TuningPreset,
    VideoFormat,
    backend,
)
from savant_rs.primitives import Codec

CLIP = CLIPS["h264_640x360"]
WIDTH, HEIGHT = CLIP.width, CLIP.height


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Shape (count, 360, 640, 4)."""
    return clip_pictures(CLIP)


def h264(**fields: Any) -> EncoderConfig:
    return software(Codec.H264, WIDTH, HEIGHT).properties(EncoderProperties.h264_dgpu(H264DgpuProps(**fields)))


def hevc(**fields: Any) -> EncoderConfig:
    return software(Codec.Hevc, WIDTH, HEIGHT).properties(EncoderProperties.hevc_dgpu(HevcDgpuProps(**fields)))


def av1(**fields: Any) -> EncoderConfig:
    return software(Codec.Av1, WIDTH, HEIGHT).properties(EncoderProperties.av1_dgpu(Av1DgpuProps(**fields)))


def jetson(**fields: Any) -> EncoderConfig:
    return software(Codec.H264, WIDTH, HEIGHT).properties(EncoderProperties.h264_jetson(H264JetsonProps(**fields)))


def size(outputs: list[Any]) -> int:
    return sum(len(output.data) for output in outputs)


VIDEO = {Codec.H264: h264, Codec.Hevc: hevc, Codec.Av1: av1}


def each_maker(*codecs: Codec) -> pytest.MarkDecorator:
    """Runs a test with the function that makes a configuration of each codec as its ``make``."""
    rows = [pytest.param(VIDEO[codec], marks=needs_gst_feature(SOFTWARE[codec]), id=codec.name()) for codec in codecs]
    return pytest.mark.parametrize("make", rows)


every_video = each_maker(*VIDEO)
needs_x264 = needs_gst_feature("x264enc")
on_the_host = pytest.mark.skipif(backend() != "host", reason="a GPU refuses the properties of a Jetson")
QP = RateControl.CONSTANT_QP
VBR = RateControl.VARIABLE_BITRATE

# Configuration, element, and what the element must say.
READ_BACK = [
    (h264(bitrate=1_234_400), "x264enc", {"bitrate": "1234", "pass": "cbr", "bframes": "0"}),
    (h264(control_rate=VBR, cq=30, max_bitrate=2_000_000), "x264enc", {"pass": "qual", "quantizer": "30"}),
    (h264(control_rate=VBR), "x264enc", {"pass": "cbr", "vbv-buf-capacity": "0"}),
    (h264(control_rate=QP, const_qp="24:24:24"), "x264enc", {"pass": "quant", "quantizer": "24", "ip-factor": "1"}),
    (h264(iframeinterval=12), "x264enc", {"key-int-max": "12"}),
    (h264(preset=DgpuPreset.P2), "x264enc", {"speed-preset": "superfast"}),
    (h264(tuning_info=TuningPreset.ULTRA_LOW_LATENCY), "x264enc", {"tune": "Zero latency"}),
    (h264(tuning_info=TuningPreset.LOW_LATENCY), "x264enc", {"sync-lookahead": "0", "rc-lookahead": "10"}),
    (h264(qp_range="12:40"), "x264enc", {"qp-min": "12", "qp-max": "40"}),
    (h264(vbv_buf_size=2_000_000), "x264enc", {"vbv-buf-capacity": "500"}),
    (
        h264(aq=4, temporal_aq=False),
        "x264enc",
        {"option-string": "scenecut=0:aq-mode=1:aq-strength=0.5", "mb-tree": "false"},
    ),
    pytest.param(
        jetson(preset_level=JetsonPresetLevel.MEDIUM), "x264enc", {"speed-preset": "medium"}, marks=on_the_host
    ),
    pytest.param(jetson(num_ref_frames=2), "x264enc", {"ref": "2"}, marks=on_the_host),
    pytest.param(
        jetson(ratecontrol_enable=False, quant_p_frames=33),
        "x264enc",
        {"pass": "quant", "quantizer": "33"},
        marks=on_the_host,
    ),
    pytest.param(
        jetson(insert_aud=False, insert_vui=False),
        "x264enc",
        {"aud": "false", "insert-vui": "false"},
        marks=on_the_host,
    ),
    pytest.param(jetson(disable_cabac=True), "x264enc", {"cabac": "false"}, marks=on_the_host),
    (hevc(bitrate=900_000, preset=DgpuPreset.P1), "x265enc", {"bitrate": "900", "speed-preset": "ultrafast"}),
    (hevc(control_rate=QP, const_qp="20:30:30"), "x265enc", {"qp": "30"}),
    (av1(bitrate=700_000, iframeinterval=9), "av1enc", {"target-bitrate": "700", "keyframe-max-dist": "9"}),
    (av1(preset=DgpuPreset.P1, qp_range="102:204"), "av1enc", {"cpu-used": "10", "max-quantizer": "50"}),
]


@pytest.mark.parametrize(("made", "element", "expected"), READ_BACK)
def test_properties_reach_the_element(made: EncoderConfig, element: str, expected: dict[str, str]) -> None:
    encoder = Encoder(made)
    assert encoder.encoder == element
    assert {name: encoder.settings.get(name) for name in expected} == expected


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("profile", "name"),
    [(H264Profile.BASELINE, "Constrained Baseline"), (H264Profile.MAIN, "Main"), (H264Profile.HIGH, "High")],
)
def test_the_stream_has_the_profile(profile: H264Profile, name: str, pictures: np.ndarray, tmp_path: Path) -> None:
    path = stream(encode(h264(profile=profile), pictures[:5]), tmp_path)
    assert probe(path)["streams"][0]["profile"] == name


@every_video
def test_key_frames_come_at_the_interval(make: Any, pictures: np.ndarray) -> None:
    outputs = encode(make(iframeinterval=7, idrinterval=100), pictures[:30])
    assert [index for index, output in enumerate(outputs) if output.keyframe] == [0, 7, 14, 21, 28]


@every_video
@pytest.mark.parametrize("bitrate", [500_000, 1_500_000])
def test_a_constant_rate_is_held(make: Any, bitrate: int, pictures: np.ndarray) -> None:
    noise = np.random.default_rng(3).integers(0, 40, (HEIGHT, WIDTH, 1), np.uint8)
    # More than the rate has room for, so that it is the rate that decides.
    scene = [
        np.clip(picture.astype(np.uint16) + np.roll(noise, n * 31), 0, 255).astype(np.uint8)
        for n, picture in enumerate([*pictures, *pictures, *pictures][:150])
    ]
    outputs = encode(make(bitrate=bitrate, control_rate=RateControl.CONSTANT_BITRATE), scene)
    rate = size(outputs) * 8 * FPS / len(outputs)
    assert abs(rate - bitrate) <= 0.15 * bitrate, rate


@every_video
def test_greater_quantisers_make_smaller_streams(make: Any, pictures: np.ndarray) -> None:
    ranges = ["80:80", "200:200"] if make is av1 else ["20:20", "40:40"]
    fields = [{"qp_range": text, "bitrate": 50_000_000} for text in ranges]
    if make is not av1:
        fields = [{"const_qp": f"{qp}:{qp}:{qp}", "control_rate": QP} for qp in [20, 40]]
    small, large = (size(encode(make(**each), pictures[:20])) for each in reversed(fields))
    assert small * 3 < large


@each_maker(Codec.H264, Codec.Hevc)
def test_lossless_keeps_every_sample(make: Any, pictures: np.ndarray) -> None:
    outputs = encode(make(tuning_info=TuningPreset.LOSSLESS), pictures[:4])
    made = decoded(outputs, WIDTH, HEIGHT, output={"format": VideoFormat.NV12})
    raw = encode(config(Codec.RawNv12, WIDTH, HEIGHT), pictures[:4])
    assert [picture.pixels.tobytes() for picture in made] == [output.data for output in raw]


@pytest.mark.ffmpeg
@each_maker(Codec.H264, Codec.Hevc)
@pytest.mark.parametrize(("extended", "name"), [(True, "pc"), (False, "tv"), (None, "tv")])
def test_the_stream_tells_matrix_and_range(
    make: Any, extended: bool | None, name: str, pictures: np.ndarray, tmp_path: Path
) -> None:
    outputs = encode(make(extended_colorformat=extended), pictures[:3])
    told = probe(stream(outputs, tmp_path))["streams"][0]
    assert (told["color_range"], told["color_space"]) == (name, "smpte170m")
    made = decoded(outputs, WIDTH, HEIGHT)[0].pixels.reshape(HEIGHT, WIDTH, 4)
    assert psnr(made[..., :3], pictures[0][..., :3]) > 35


def test_jpeg_quality_and_png_effort_change_the_size(pictures: np.ndarray) -> None:
    def jpeg(quality: int | None) -> int:
        props = EncoderProperties.jpeg(JpegProps(quality))
        return size(encode(config(Codec.Jpeg, WIDTH, HEIGHT).properties(props), pictures[:1]))

    def png(level: int | None) -> int:
        props = EncoderProperties.png(PngProps(level))
        return size(encode(config(Codec.Png, WIDTH, HEIGHT).properties(props), pictures[:1]))

    assert jpeg(0) < jpeg(50) < jpeg(None) == jpeg(85) < jpeg(100)
    assert png(0) > png(1) > png(9)
    assert png(None) == png(6)


WRONG = [
    (h264(aq=16), "aq=16.*0 to 15"),
    (h264(bitrate=0), "bitrate=0.*1 or more"),
    (h264(const_qp="1:2"), "const_qp.*I:P:B"),
    (h264(qp_range="40:10"), "qp_range.*min:max"),
    (av1(qp_range="0:256"), "qp_range.*255"),
    pytest.param(jetson(num_ref_frames=9), "num_ref_frames=9.*0 to 8", marks=on_the_host),
    (config(Codec.Jpeg, 8, 8).properties(EncoderProperties.jpeg(JpegProps(101))), "quality=101.*0 to 100"),
    (config(Codec.Png, 8, 8).properties(EncoderProperties.png(PngProps(10))), "compression_level=10.*0 to 9"),
    (config(Codec.Hevc, 64, 64).properties(EncoderProperties.h264_dgpu(H264DgpuProps())), "H264DgpuProps.*h264.*hevc"),
    (config(Codec.Vp8, 64, 64), "vp8"),
    (config(Codec.SwJpeg, 64, 64), "swjpeg"),
    (config(Codec.H264, 63, 64), "63x64.*2"),
    (config(Codec.Jpeg, 0, 64), "0x64"),
    (config(Codec.H264, 64, 64).fps(0, 1), "0/1"),
    (config(Codec.Av1, 64, 64).with_b_frames(1), "b_frames=1"),
    (EncoderConfig(Codec.Png, 64, 64), "RGBA.*NV12"),
]


@pytest.mark.parametrize(("wrong", "text"), WRONG)
def test_a_configuration_that_cannot_be_used_is_refused_with_the_reason(wrong: EncoderConfig, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Encoder(wrong)


def test_what_has_no_counterpart_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    outputs = encode(h264(init_qp="1:2:3", vbv_init=5), [numbered_picture(0, WIDTH, HEIGHT)] * 3)
    assert len(outputs) == 3
    told = [line for line in capfd.readouterr().err.splitlines() if "x264enc" in line]
    assert len(told) == 1 and "init_qp" in told[0] and "vbv_init" in told[0]


def test_formats_are_those_of_the_configuration() -> None:
    assert Encoder(EncoderConfig(Codec.Png, 3, 5).format(VideoFormat.RGBA)).encoder == "png"
    assert Encoder(EncoderConfig(Codec.Jpeg, 3, 5)).encoder == "libjpeg-turbo"
