"""What the properties do to the stream. That each reaches its element is in test_encoder_settings.py."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS
from decoding import psnr
from encoding import (
    FPS,
    SOFTWARE,
    buffers,
    clip_pictures,
    config,
    decoded,
    encode,
    nal_types,
    probe,
    software,
    stream,
)
from gst_features import has_gst_feature, needs_gst_feature
from savant_rs.deepstream import (
    Av1DgpuProps,
    Av1JetsonProps,
    DgpuPreset,
    EncodedOutput,
    Encoder,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    H264JetsonProps,
    H264Profile,
    HevcDgpuProps,
    HevcProfile,
    JpegProps,
    PngProps,
    RateControl,
    TuningPreset,
    VideoFormat,
    backend,
)
from savant_rs.gstreamer import PacketWriter
from savant_rs.primitives import Codec

CLIP = CLIPS["h264_640x360"]
WIDTH, HEIGHT = CLIP.width, CLIP.height
WAIT_S = 30.0
QP = RateControl.CONSTANT_QP
VBR = RateControl.VARIABLE_BITRATE


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


MAKERS = {Codec.H264: h264, Codec.Hevc: hevc, Codec.Av1: av1}
needs_x264, needs_x265, needs_aom = (needs_gst_feature(element) for element in SOFTWARE.values())
on_the_host = pytest.mark.skipif(backend() != "host", reason="a GPU refuses the properties of a Jetson")


def each_maker(*codecs: Codec) -> pytest.MarkDecorator:
    """Runs a test with the function that makes a configuration of each codec as its ``make``."""
    rows = [pytest.param(MAKERS[codec], marks=needs_gst_feature(SOFTWARE[codec]), id=codec.name()) for codec in codecs]
    return pytest.mark.parametrize("make", rows)


every_video = each_maker(*MAKERS)
h264_and_hevc = each_maker(Codec.H264, Codec.Hevc)


def size(outputs: list[EncodedOutput]) -> int:
    return sum(len(output.data) for output in outputs)


def rate(outputs: list[EncodedOutput]) -> float:
    """Bits a second."""
    return size(outputs) * 8 * FPS / len(outputs)


def syntax(outputs: list[EncodedOutput], folder: Path) -> dict[str, set[int]]:
    """The values of every syntax element in the headers, as ffmpeg parses them."""
    path = folder / "syntax.mkv"
    with PacketWriter(path) as writer:
        for output in outputs:
            writer.write(output)
    command = ["ffmpeg", "-hide_banner", "-i", str(path), "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, set[int]] = {}
    for name, value in re.findall(r"\]\s+\d+\s+(\w+)(?:\[\d+\])*\s+[01]+ = (-?\d+)", done.stderr):
        found.setdefault(name, set()).add(int(value))
    assert found, done.stderr
    return found


@pytest.fixture(scope="module")
def scene(pictures: np.ndarray) -> list[np.ndarray]:
    """Six seconds with more in them than the rates below have room for, so that it is the rate that decides."""
    noise = np.random.default_rng(3).integers(0, 40, (HEIGHT, WIDTH, 1), np.uint8)
    return [
        np.clip(picture.astype(np.uint16) + np.roll(noise, n * 31), 0, 255).astype(np.uint8)
        for n, picture in enumerate([*pictures, *pictures, *pictures][:150])
    ]


PROFILES = [
    *[
        pytest.param(make(profile=profile), name, marks=[needs_x264, *marks])
        for make, marks in [(h264, []), (jetson, [on_the_host])]
        for profile, name in [
            (H264Profile.BASELINE, "Constrained Baseline"),
            (H264Profile.MAIN, "Main"),
            (H264Profile.HIGH, "High"),
        ]
    ],
    pytest.param(h264(tuning_info=TuningPreset.LOSSLESS), "High 4:4:4 Predictive", marks=needs_x264),
    pytest.param(hevc(profile=HevcProfile.MAIN), "Main", marks=needs_x265),
]


@pytest.mark.ffmpeg
@pytest.mark.parametrize(("made", "name"), PROFILES)
def test_the_stream_has_the_profile(made: EncoderConfig, name: str, pictures: np.ndarray, tmp_path: Path) -> None:
    assert probe(stream(encode(made, pictures[:5]), tmp_path))["streams"][0]["profile"] == name


@every_video
@pytest.mark.parametrize("fields", [{"iframeinterval": 7, "idrinterval": 100}, {"idrinterval": 7}], ids=["i", "idr"])
def test_key_frames_come_at_the_interval(make: Any, fields: dict[str, int], pictures: np.ndarray) -> None:
    outputs = encode(make(**fields), pictures[:30])
    assert [index for index, output in enumerate(outputs) if output.keyframe] == [0, 7, 14, 21, 28]


@every_video
@pytest.mark.parametrize("bitrate", [500_000, 1_500_000])
def test_a_constant_rate_is_held(make: Any, bitrate: int, scene: list[np.ndarray]) -> None:
    outputs = encode(make(bitrate=bitrate, control_rate=RateControl.CONSTANT_BITRATE), scene)
    assert rate(outputs) == pytest.approx(bitrate, rel=0.15)


@every_video
def test_the_default_rate_is_four_megabits(make: Any, scene: list[np.ndarray]) -> None:
    assert rate(encode(make(), scene)) == pytest.approx(4_000_000, rel=0.15)


@h264_and_hevc
def test_a_variable_rate_is_held_in_the_mean(make: Any, scene: list[np.ndarray]) -> None:
    assert rate(encode(make(bitrate=1_000_000, control_rate=VBR), scene)) == pytest.approx(1_000_000, rel=0.25)


@h264_and_hevc
def test_quality_decides_the_rate_up_to_the_greatest(make: Any, scene: list[np.ndarray]) -> None:
    rates = [rate(encode(make(control_rate=VBR, cq=cq, max_bitrate=1_500_000), scene)) for cq in [50, 42, 10]]
    assert rates[0] * 1.5 < rates[1] * 1.1 < rates[2]
    assert rates[2] <= 1_500_000 * 1.15


@h264_and_hevc
def test_packets_fit_into_the_buffer(make: Any, scene: list[np.ndarray]) -> None:
    largest = {}
    for buffer in [150_000, 1_000_000]:
        outputs = encode(make(bitrate=1_000_000, vbv_buf_size=buffer), scene[:40])
        largest[buffer] = max(len(output.data) * 8 for output in outputs)
    # x265 keeps to it but nearly.
    assert largest[150_000] <= 150_000 * 1.25 < largest[1_000_000]


@needs_x265
def test_a_buffer_that_is_not_full_at_first_has_less_room_for_the_first_picture(scene: list[np.ndarray]) -> None:
    first = [
        len(encode(hevc(bitrate=1_000_000, vbv_buf_size=1_000_000, vbv_init=initial), scene[:10])[0].data)
        for initial in [100_000, 1_000_000]
    ]
    assert first[0] * 1.5 < first[1]


@every_video
def test_greater_quantisers_make_smaller_streams(make: Any, pictures: np.ndarray) -> None:
    ranges = ["80:80", "200:200"] if make is av1 else ["20:20", "40:40"]
    large, small = (size(encode(make(qp_range=each, bitrate=50_000_000), pictures[:20])) for each in ranges)
    assert small * 3 < large


@h264_and_hevc
def test_constant_quantisers_are_those_of_their_kind_of_frame(make: Any, pictures: np.ndarray) -> None:
    def sizes(text: str) -> tuple[int, int]:
        first, *others = encode(make(control_rate=QP, const_qp=text), pictures[:20])
        return len(first.data), size(others)

    coarse, fine, mixed = sizes("40:40:40"), sizes("20:20:20"), sizes("34:40:40")
    assert coarse[0] * 3 < fine[0] and coarse[1] * 3 < fine[1]
    # A finer first picture costs more, and the others next to nothing.
    assert coarse[0] * 1.3 < mixed[0] and mixed[1] < coarse[1] * 1.3


@needs_aom
@on_the_host
def test_quantisers_of_av1_on_a_jetson_are_those_of_the_element(pictures: np.ndarray) -> None:
    def stream_size(quantiser: int) -> int:
        props = Av1JetsonProps(ratecontrol_enable=False, quant_i_frames=quantiser, quant_p_frames=quantiser)
        made = software(Codec.Av1, WIDTH, HEIGHT).properties(EncoderProperties.av1_jetson(props))
        return size(encode(made, pictures[:20]))

    assert stream_size(200) * 3 < stream_size(80)


@every_video
def test_a_better_preset_makes_smaller_streams(make: Any, pictures: np.ndarray) -> None:
    fixed = {"qp_range": "120:120"} if make is av1 else {"control_rate": QP, "const_qp": "28:28:28"}
    fast, good = (
        size(encode(make(preset=preset, **fixed), pictures[:30])) for preset in [DgpuPreset.P1, DgpuPreset.P7]
    )
    assert good * 1.02 < fast


@h264_and_hevc
@pytest.mark.parametrize("tuning", [None, TuningPreset.LOW_LATENCY, TuningPreset.ULTRA_LOW_LATENCY])
def test_tuning_decides_how_many_pictures_are_held_back(
    make: Any, tuning: TuningPreset | None, pictures: np.ndarray
) -> None:
    """x264 looks 50 pictures ahead at this preset, x265 25, unless they are tuned; beside what their threads hold."""
    given = 1 if tuning == TuningPreset.ULTRA_LOW_LATENCY else 30 if make is h264 else 20
    came: list[EncodedOutput] = []
    arrived = threading.Event()

    def callback(output: EncodedOutput) -> None:
        came.append(output)
        arrived.set()

    encoder = Encoder(make(tuning_info=tuning, preset=DgpuPreset.P7), callback)
    for buffer in buffers(pictures[:given]):
        encoder.submit(buffer)
    assert arrived.wait(WAIT_S if tuning else 2) == (tuning is not None)
    encoder.graceful_shutdown()
    assert len(came) == given


@h264_and_hevc
@pytest.mark.parametrize("fields", [{"aq": 15}, {"temporal_aq": False}], ids=["aq", "temporal_aq"])
def test_adaptive_quantisation_changes_what_is_coded(make: Any, fields: dict[str, Any], pictures: np.ndarray) -> None:
    def pixels(**more: Any) -> list[bytes]:
        outputs = encode(make(control_rate=VBR, cq=30, **more), pictures[:12])
        return [picture.pixels.tobytes() for picture in decoded(outputs, WIDTH, HEIGHT)]

    usual = pixels()
    assert usual == pixels()
    assert usual != pixels(**fields)


@pytest.mark.ffmpeg
@needs_x264
@on_the_host
def test_headers_of_h264_follow_the_properties_of_a_jetson(pictures: np.ndarray, tmp_path: Path) -> None:
    usual = encode(jetson(), pictures[:6])
    other = encode(jetson(num_ref_frames=1, insert_aud=False, insert_vui=False, disable_cabac=True), pictures[:6])
    told = [syntax(outputs, tmp_path) for outputs in [usual, other]]
    names = ["max_num_ref_frames", "colour_description_present_flag", "entropy_coding_mode_flag"]
    assert [[values.get(name, {0}) for name in names] for values in told] == [[{3}, {1}, {1}], [{1}, {0}, {0}]]
    delimiter = 9
    assert [delimiter in nal_types(output.data, Codec.H264) for output in usual] == [True] * 6
    assert [delimiter in nal_types(output.data, Codec.H264) for output in other] == [False] * 6


@pytest.mark.ffmpeg
@needs_aom
@on_the_host
def test_av1_has_the_tiles(pictures: np.ndarray, tmp_path: Path) -> None:
    def tiles(text: str) -> tuple[int, int]:
        props = EncoderProperties.av1_jetson(Av1JetsonProps(tiles=text))
        outputs = encode(software(Codec.Av1, WIDTH, HEIGHT).properties(props), pictures[:3])
        told = syntax(outputs, tmp_path)
        [rows], [columns] = told["tile_rows_log2"], told["tile_cols_log2"]
        return rows, columns

    assert [tiles("0,0"), tiles("1,0"), tiles("0,1")] == [(0, 0), (1, 0), (0, 1)]


@h264_and_hevc
def test_lossless_keeps_every_sample(make: Any, pictures: np.ndarray) -> None:
    if make is h264 and not has_gst_feature("avdec_h264"):
        pytest.skip("nothing else decodes High 4:4:4 Predictive")
    outputs = encode(make(tuning_info=TuningPreset.LOSSLESS), pictures[:4])
    made = decoded(outputs, WIDTH, HEIGHT, output={"format": VideoFormat.NV12})
    raw = encode(config(Codec.RawNv12, WIDTH, HEIGHT), pictures[:4])
    assert [picture.pixels.tobytes() for picture in made] == [output.data for output in raw]


@pytest.mark.ffmpeg
@h264_and_hevc
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
