"""Every property field in software: it reaches the element, which tells it back, and x264 and x265 write it down.

What no element has a counterpart for is told in one warning, and what a configuration cannot mean is refused.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from encoding import SOFTWARE, config, encode, numbered_picture, software
from gst_features import has_gst_feature
from savant_rs import deepstream
from savant_rs.deepstream import (
    Av1DgpuProps,
    DgpuPreset,
    Encoder,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    HevcProfile,
    JetsonPresetLevel,
    JpegProps,
    PngProps,
    RateControl,
    TuningPreset,
    VideoFormat,
    backend,
)
from savant_rs.primitives import Codec
from test_encoder_configs import CLASSES

WIDTH, HEIGHT = 160, 120
VBR, QP = RateControl.VARIABLE_BITRATE, RateControl.CONSTANT_QP
CODECS = {"H264": Codec.H264, "Hevc": Codec.Hevc, "Av1": Codec.Av1, "Jpeg": Codec.Jpeg, "Png": Codec.Png}

# Class, fields, what the element tells of them (options of its text among them), and what the encoder writes into
# the stream about itself.
REACHES: list[tuple[str, dict[str, Any], dict[str, str], str]] = [
    ("H264DgpuProps", {}, {"bitrate": "4000", "key-int-max": "30", "bframes": "0", "scenecut": "0"}, "scenecut=0"),
    ("H264DgpuProps", {"bitrate": 1_234_400}, {"bitrate": "1234", "pass": "cbr"}, "rc=cbr bitrate=1234"),
    ("H264DgpuProps", {"control_rate": VBR}, {"pass": "cbr", "vbv-buf-capacity": "0"}, "rc=abr bitrate=4000"),
    (
        "H264DgpuProps",
        {"control_rate": VBR, "cq": 30, "max_bitrate": 2_000_000},
        {"pass": "qual", "quantizer": "30", "bitrate": "2000"},
        "rc=crf crf=30.0 vbv_maxrate=2000",
    ),
    (
        "H264DgpuProps",
        {"control_rate": QP, "const_qp": "20:26:32"},
        {"pass": "quant", "quantizer": "26", "ip-factor": "2", "pb-factor": "2"},
        "rc=cqp qp=26 ip_ratio=2.00",
    ),
    ("H264DgpuProps", {"iframeinterval": 12}, {"key-int-max": "12"}, "keyint=12"),
    ("H264DgpuProps", {"iframeinterval": 50, "idrinterval": 20}, {"key-int-max": "20"}, "keyint=20"),
    ("H264DgpuProps", {"preset": DgpuPreset.P1}, {"speed-preset": "ultrafast"}, "subme=0"),
    ("H264DgpuProps", {"preset": DgpuPreset.P7}, {"speed-preset": "slow"}, "subme=8"),
    (
        "H264DgpuProps",
        {"tuning_info": TuningPreset.LOW_LATENCY},
        {"sync-lookahead": "0", "rc-lookahead": "10"},
        "rc_lookahead=10",
    ),
    (
        "H264DgpuProps",
        {"tuning_info": TuningPreset.ULTRA_LOW_LATENCY},
        {"tune": "Zero latency"},
        "rc_lookahead=0 sliced_threads=1",
    ),
    ("H264DgpuProps", {"tuning_info": TuningPreset.LOSSLESS}, {"pass": "quant", "quantizer": "0"}, "rc=cqp qp=0"),
    ("H264DgpuProps", {"qp_range": "12:40"}, {"qp-min": "12", "qp-max": "40"}, "qpmin=12 qpmax=40"),
    ("H264DgpuProps", {"vbv_buf_size": 2_000_000}, {"vbv-buf-capacity": "500"}, "vbv_bufsize=2000"),
    ("H264DgpuProps", {"aq": 4}, {"aq-mode": "1", "aq-strength": "0.5"}, "aq=1:0.50"),
    ("H264DgpuProps", {"temporal_aq": False}, {"mb-tree": "false"}, "mbtree=0"),
    ("H264DgpuProps", {"temporal_aq": True}, {"mb-tree": "true"}, "mbtree=1"),
    ("H264JetsonProps", {"bitrate": 900_000}, {"bitrate": "900"}, "bitrate=900"),
    ("H264JetsonProps", {"control_rate": VBR}, {"pass": "cbr", "vbv-buf-capacity": "0"}, "rc=abr"),
    ("H264JetsonProps", {"iframeinterval": 40, "idrinterval": 9}, {"key-int-max": "9"}, "keyint=9"),
    ("H264JetsonProps", {"preset_level": JetsonPresetLevel.MEDIUM}, {"speed-preset": "medium"}, "subme=7"),
    ("H264JetsonProps", {"preset_level": JetsonPresetLevel.ULTRA_FAST}, {"speed-preset": "ultrafast"}, "subme=0"),
    ("H264JetsonProps", {"vbv_size": 1_000_000}, {"vbv-buf-capacity": "250"}, "vbv_bufsize=1000"),
    ("H264JetsonProps", {"qp_range": "1,2:3,4:5,6"}, {"qp-min": "1", "qp-max": "2"}, "qpmin=1 qpmax=2"),
    (
        "H264JetsonProps",
        {"ratecontrol_enable": False, "quant_i_frames": 27, "quant_p_frames": 33},
        {"pass": "quant", "quantizer": "33", "ip-factor": "2"},
        "rc=cqp qp=33 ip_ratio=2.00",
    ),
    ("H264JetsonProps", {"num_ref_frames": 2}, {"ref": "2"}, "ref=2"),
    ("H264JetsonProps", {"insert_aud": False}, {"aud": "false"}, ""),
    ("H264JetsonProps", {"insert_vui": False}, {"insert-vui": "false"}, ""),
    ("H264JetsonProps", {"disable_cabac": True}, {"cabac": "false"}, "cabac=0"),
    (
        "HevcDgpuProps",
        {"bitrate": 900_000},
        {"bitrate": "900", "vbv-maxrate": "900", "vbv-bufsize": "900", "bframes": "0"},
        "rc=cbr bitrate=900 keyint=30 bframes=0 no-open-gop",
    ),
    (
        "HevcDgpuProps",
        {
            "bitrate": 2_000_000,
            "control_rate": VBR,
            "max_bitrate": 3_000_000,
            "vbv_buf_size": 2_000_000,
            "vbv_init": 1_000_000,
        },
        {"vbv-maxrate": "3000", "vbv-bufsize": "2000", "vbv-init": "0.5"},
        "rc=abr bitrate=2000 vbv-maxrate=3000 vbv-bufsize=2000 vbv-init=0.5",
    ),
    ("HevcDgpuProps", {"control_rate": VBR, "cq": 30}, {"crf": "30"}, "rc=crf crf=30.0"),
    ("HevcDgpuProps", {"control_rate": QP, "const_qp": "24:30:36"}, {"qp": "30", "ipratio": "2"}, "rc=cqp qp=30"),
    ("HevcDgpuProps", {"iframeinterval": 50, "idrinterval": 20}, {"key-int-max": "20"}, "keyint=20"),
    ("HevcDgpuProps", {"preset": DgpuPreset.P1}, {"speed-preset": "ultrafast"}, "ctu=32 no-sao"),
    ("HevcDgpuProps", {"tuning_info": TuningPreset.LOW_LATENCY}, {"rc-lookahead": "10"}, "rc-lookahead=10"),
    ("HevcDgpuProps", {"tuning_info": TuningPreset.ULTRA_LOW_LATENCY}, {"tune": "zerolatency"}, "rc-lookahead=0"),
    ("HevcDgpuProps", {"tuning_info": TuningPreset.LOSSLESS}, {"lossless": "1"}, "lossless"),
    ("HevcDgpuProps", {"qp_range": "12:40"}, {"qpmin": "12", "qpmax": "40"}, "qpmin=12 qpmax=40"),
    ("HevcDgpuProps", {"aq": 4}, {"aq-mode": "1", "aq-strength": "0.5"}, "aq-mode=1 aq-strength=0.50"),
    ("HevcDgpuProps", {"temporal_aq": False}, {"cutree": "0"}, "no-cutree"),
    ("HevcJetsonProps", {"bitrate": 800_000}, {"bitrate": "800"}, "bitrate=800"),
    (
        "HevcJetsonProps",
        {"bitrate": 2_000_000, "control_rate": VBR, "peak_bitrate": 3_000_000, "vbv_size": 1_000_000},
        {"vbv-maxrate": "3000", "vbv-bufsize": "1000"},
        "rc=abr vbv-maxrate=3000 vbv-bufsize=1000",
    ),
    ("HevcJetsonProps", {"iframeinterval": 7, "idrinterval": 70}, {"key-int-max": "7"}, "keyint=7"),
    ("HevcJetsonProps", {"preset_level": JetsonPresetLevel.FAST}, {"speed-preset": "veryfast"}, "rdoq-level=0"),
    ("HevcJetsonProps", {"qp_range": "3:43"}, {"qpmin": "3", "qpmax": "43"}, "qpmin=3 qpmax=43"),
    (
        "HevcJetsonProps",
        {"ratecontrol_enable": False, "quant_i_frames": 26, "quant_p_frames": 32},
        {"qp": "32", "ipratio": "2"},
        "rc=cqp qp=32 ipratio=2.00",
    ),
    ("HevcJetsonProps", {"num_ref_frames": 2}, {"ref": "2"}, "ref=2"),
    ("HevcJetsonProps", {"enable_lossless": True}, {"lossless": "1"}, "lossless"),
    ("Av1DgpuProps", {"bitrate": 700_000}, {"target-bitrate": "700", "end-usage": "cbr"}, ""),
    ("Av1DgpuProps", {"control_rate": VBR}, {"end-usage": "vbr", "target-bitrate": "4000"}, ""),
    ("Av1DgpuProps", {"iframeinterval": 9}, {"keyframe-max-dist": "9"}, ""),
    ("Av1DgpuProps", {"idrinterval": 8}, {"keyframe-max-dist": "8"}, ""),
    ("Av1DgpuProps", {"preset": DgpuPreset.P1}, {"cpu-used": "10"}, ""),
    ("Av1DgpuProps", {"preset": DgpuPreset.P7}, {"cpu-used": "5"}, ""),
    (
        "Av1DgpuProps",
        {"tuning_info": TuningPreset.LOSSLESS},
        {"end-usage": "q", "min-quantizer": "0", "max-quantizer": "0"},
        "",
    ),
    ("Av1DgpuProps", {"qp_range": "102:204"}, {"min-quantizer": "25", "max-quantizer": "50"}, ""),
    ("Av1DgpuProps", {"vbv_buf_size": 2_000_000}, {"buf-sz": "500", "buf-initial-sz": "250"}, ""),
    ("Av1JetsonProps", {"bitrate": 600_000}, {"target-bitrate": "600"}, ""),
    ("Av1JetsonProps", {"control_rate": VBR}, {"end-usage": "vbr"}, ""),
    ("Av1JetsonProps", {"iframeinterval": 6, "idrinterval": 60}, {"keyframe-max-dist": "6"}, ""),
    ("Av1JetsonProps", {"preset_level": JetsonPresetLevel.FAST}, {"cpu-used": "8"}, ""),
    ("Av1JetsonProps", {"vbv_size": 4_000_000}, {"buf-sz": "1000"}, ""),
    ("Av1JetsonProps", {"qp_range": "0:255"}, {"min-quantizer": "0", "max-quantizer": "63"}, ""),
    (
        "Av1JetsonProps",
        {"ratecontrol_enable": False, "quant_i_frames": 102, "quant_p_frames": 102},
        {"end-usage": "q", "min-quantizer": "25", "max-quantizer": "25"},
        "",
    ),
    ("Av1JetsonProps", {"tiles": "1,0"}, {"tile-rows": "1", "tile-columns": "0"}, ""),
    ("JpegProps", {"quality": 31}, {"quality": "31"}, ""),
    ("JpegProps", {}, {"quality": "85"}, ""),
    ("PngProps", {"compression_level": 3}, {"compression-level": "3"}, ""),
    ("PngProps", {}, {"compression-level": "6"}, ""),
]

# Class, and fields that its software encoder has nothing for.
IGNORED: list[tuple[str, dict[str, Any]]] = [
    ("H264DgpuProps", {"init_qp": "1:2:3", "vbv_init": 5, "max_bitrate": 5_000_000}),
    ("H264JetsonProps", {"maxperf_enable": True, "two_pass_cbr": True, "insert_sps_pps": False}),
    ("H264JetsonProps", {"control_rate": VBR, "peak_bitrate": 5_000_000}),
    ("HevcDgpuProps", {"init_qp": "1:2:3", "profile": HevcProfile.MAIN10}),
    ("HevcJetsonProps", {"maxperf_enable": True, "two_pass_cbr": True, "profile": HevcProfile.FREXT}),
    ("Av1DgpuProps", {"max_bitrate": 5_000_000, "vbv_init": 5, "cq": 30, "aq": 4, "temporal_aq": True}),
    ("Av1DgpuProps", {"tuning_info": TuningPreset.LOW_LATENCY}),
    ("Av1JetsonProps", {"maxperf_enable": True, "two_pass_cbr": True, "insert_seq_hdr": False, "num_ref_frames": 2}),
    ("Av1JetsonProps", {"peak_bitrate": 5_000_000, "quant_b_frames": 3}),
]

# Fields that the stream alone tells of: test_encoder_properties.py looks there.
IN_THE_STREAM = {
    ("H264DgpuProps", "profile"),
    ("H264DgpuProps", "extended_colorformat"),
    ("H264JetsonProps", "profile"),
    ("HevcDgpuProps", "extended_colorformat"),
}


def codec_of(name: str) -> Codec:
    return next(codec for start, codec in CODECS.items() if name.startswith(start))


def made(name: str, fields: dict[str, Any]) -> EncoderConfig:
    """A configuration with one class of properties, for the software encoder of this machine; else skips."""
    codec = codec_of(name)
    if backend() != "host" and "Jetson" in name:
        pytest.skip("a GPU refuses the properties of a Jetson")
    if codec in SOFTWARE and not has_gst_feature(SOFTWARE[codec]):
        pytest.skip(f"needs {SOFTWARE[codec]} of GStreamer")
    props = getattr(deepstream, name)(**fields)
    return software(codec, WIDTH, HEIGHT).properties(getattr(EncoderProperties, CLASSES[name][0])(props))


def told(encoder: Encoder) -> dict[str, str]:
    """The settings, with the options inside the text of x264enc and x265enc beside them."""
    text = encoder.settings.get("option-string", "")
    return encoder.settings | dict(pair.split("=") for pair in text.split(":") if pair)


def row_name(row: tuple[Any, ...]) -> str:
    return "-".join([row[0].removesuffix("Props"), *row[1]])


@pytest.mark.parametrize(("name", "fields", "expected", "written"), REACHES, ids=map(row_name, REACHES))
def test_a_field_reaches_the_element_and_the_stream(
    name: str, fields: dict[str, Any], expected: dict[str, str], written: str
) -> None:
    wanted = made(name, fields)
    settings = told(Encoder(wanted))
    assert {key: settings.get(key) for key in expected} == expected
    data = b"".join(output.data for output in encode(wanted, map(numbered_picture, range(2))))
    # x264 and x265 tell all their options in user data of the first picture.
    options = re.split(rb"[\s\0]+", data)
    assert [word for word in written.split() if word.encode() not in options] == []


@pytest.mark.parametrize(("name", "fields"), IGNORED, ids=map(row_name, IGNORED))
def test_a_field_without_a_counterpart_is_told_once(
    name: str, fields: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = made(name, fields)
    assert len(encode(wanted, map(numbered_picture, range(3)))) == 3
    element = SOFTWARE[codec_of(name)]
    [line] = [line for line in capfd.readouterr().err.splitlines() if f"{element} has nothing for" in line]
    assert [field for field in fields if field not in line and field != "control_rate"] == []


def test_every_field_of_every_class_is_looked_at() -> None:
    seen = {(row[0], field) for row in [*REACHES, *IGNORED] for field in row[1]} | IN_THE_STREAM
    assert {(name, field) for name, (_, fields) in CLASSES.items() for field in fields} == seen


def h264(**fields: Any) -> EncoderConfig:
    return config(Codec.H264, 64, 64).properties(EncoderProperties.h264_dgpu(H264DgpuProps(**fields)))


WRONG = [
    (h264(aq=16), "aq=16.*0 to 15"),
    (h264(bitrate=0), "bitrate=0.*1 or more"),
    (h264(const_qp="1:2"), "const_qp.*I:P:B"),
    (h264(qp_range="40:10"), "qp_range.*min:max"),
    (
        config(Codec.Av1, 64, 64).properties(EncoderProperties.av1_dgpu(Av1DgpuProps(qp_range="0:256"))),
        "qp_range.*255",
    ),
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


def test_a_value_of_a_jetson_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"num_ref_frames=9.*0 to 8"):
        Encoder(made("H264JetsonProps", {"num_ref_frames": 9}))


def test_formats_are_those_of_the_configuration() -> None:
    assert Encoder(EncoderConfig(Codec.Png, 3, 5).format(VideoFormat.RGBA)).encoder == "png"
    jpeg = Encoder(EncoderConfig(Codec.Jpeg, 3, 5))
    assert jpeg.hardware or jpeg.encoder == "libjpeg-turbo"
