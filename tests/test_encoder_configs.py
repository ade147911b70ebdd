"""The encoder configuration and the property classes as values: defaults, types, copies."""

from __future__ import annotations

import pytest

from savant_rs import deepstream
from savant_rs.deepstream import (
    DgpuPreset,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    H264Profile,
    HevcDgpuProps,
    HevcProfile,
    JetsonPresetLevel,
    MemType,
    PngProps,
    RateControl,
    TuningPreset,
    VideoFormat,
)
from savant_rs.gstreamer import Codec

DGPU = {
    "bitrate": 8_000_000,
    "control_rate": RateControl.CONSTANT_QP,
    "profile": H264Profile.HIGH,
    "iframeinterval": 25,
    "idrinterval": 250,
    "preset": DgpuPreset.P3,
    "tuning_info": TuningPreset.LOSSLESS,
    "qp_range": "10:40",
    "const_qp": "20:22:24",
    "init_qp": "30:30:30",
    "max_bitrate": 9_000_000,
    "vbv_buf_size": 1_000_000,
    "vbv_init": 500_000,
    "cq": 20,
    "aq": 8,
    "temporal_aq": True,
    "extended_colorformat": False,
}
JETSON = {
    "bitrate": 8_000_000,
    "control_rate": RateControl.VARIABLE_BITRATE,
    "profile": H264Profile.MAIN,
    "iframeinterval": 25,
    "idrinterval": 250,
    "preset_level": JetsonPresetLevel.SLOW,
    "peak_bitrate": 9_000_000,
    "vbv_size": 1_000_000,
    "qp_range": "10:40",
    "quant_i_frames": 20,
    "quant_p_frames": 22,
    "ratecontrol_enable": False,
    "maxperf_enable": True,
    "two_pass_cbr": True,
    "num_ref_frames": 2,
    "insert_sps_pps": True,
    "insert_aud": False,
    "insert_vui": True,
    "disable_cabac": True,
}


def without(fields: dict[str, object], *names: str, **more: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names} | more


H264_ONLY = ("profile", "insert_sps_pps", "insert_aud", "insert_vui", "disable_cabac")
# Class -> its function in EncoderProperties and a value for each field, in the order of the constructor.
CLASSES: dict[str, tuple[str, dict[str, object]]] = {
    "H264DgpuProps": ("h264_dgpu", DGPU),
    "HevcDgpuProps": ("hevc_dgpu", DGPU | {"profile": HevcProfile.MAIN10}),
    "Av1DgpuProps": ("av1_dgpu", without(DGPU, "profile", "const_qp", "init_qp", "extended_colorformat")),
    "H264JetsonProps": ("h264_jetson", JETSON),
    "HevcJetsonProps": (
        "hevc_jetson",
        without(JETSON, *H264_ONLY[1:], enable_lossless=True) | {"profile": HevcProfile.FREXT},
    ),
    "Av1JetsonProps": ("av1_jetson", without(JETSON, *H264_ONLY, quant_b_frames=24, insert_seq_hdr=True, tiles="1,1")),
    "JpegProps": ("jpeg", {"quality": 90}),
    "PngProps": ("png", {"compression_level": 9}),
}
every_class = pytest.mark.parametrize("name", CLASSES)


@every_class
def test_every_field_starts_unset_and_is_read_and_written(name: str) -> None:
    props = getattr(deepstream, name)()
    for field, value in CLASSES[name][1].items():
        assert getattr(props, field) is None
        setattr(props, field, value)
        assert getattr(props, field) == value
        setattr(props, field, None)
        assert getattr(props, field) is None
    with pytest.raises(AttributeError):
        props.no_such_field = 1


@every_class
def test_the_constructor_takes_every_field(name: str) -> None:
    cls, fields = getattr(deepstream, name), CLASSES[name][1]
    props = cls(**fields)
    assert {field: getattr(props, field) for field in fields} == fields
    assert all(field in repr(props) for field in fields) and repr(props).startswith(f"{name}(")
    assert props != cls(**fields)  # no value class: compared by identity


@every_class
def test_a_field_takes_its_own_type_only(name: str) -> None:
    props = getattr(deepstream, name)()
    for field, value in CLASSES[name][1].items():
        wrong: list[tuple[object, type[Exception]]] = [(object(), TypeError)]
        if type(value) is int:
            wrong += [(-1, OverflowError), (2**32, OverflowError), ("1", TypeError)]
        elif not isinstance(value, (str, bool)):
            wrong += [(1, TypeError), (VideoFormat.RGBA, TypeError)]
        for bad, error in wrong:
            with pytest.raises(error):
                setattr(props, field, bad)
            with pytest.raises(error):
                getattr(deepstream, name)(**{field: bad})
        assert getattr(props, field) is None


def test_profiles_are_those_of_the_codec() -> None:
    with pytest.raises(TypeError):
        H264DgpuProps(profile=HevcProfile.MAIN)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        HevcDgpuProps(profile=H264Profile.MAIN)  # type: ignore[arg-type]


@every_class
def test_the_umbrella_copies_what_it_is_given(name: str) -> None:
    function, fields = CLASSES[name]
    props = getattr(deepstream, name)(**fields)
    wrapped = getattr(EncoderProperties, function)(props)
    before = repr(wrapped)
    assert before == f"EncoderProperties({props!r})"
    for field in fields:
        setattr(props, field, None)
    assert repr(wrapped) == before
    for other in CLASSES:
        if other != name:
            with pytest.raises(TypeError):
                getattr(EncoderProperties, function)(getattr(deepstream, other)())


def test_the_umbrella_is_made_by_its_functions_only() -> None:
    with pytest.raises(TypeError):
        EncoderProperties()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        EncoderProperties.h264_dgpu(None)  # type: ignore[arg-type]


def test_builders_change_the_object_and_return_it() -> None:
    config = EncoderConfig(Codec.H264, 640, 360)
    props = EncoderProperties.h264_dgpu(H264DgpuProps(bitrate=1))
    for chained in (
        config.format(VideoFormat.RGBA),
        config.fps(25, 2),
        config.gpu_id(0),
        config.mem_type(MemType.SYSTEM),
        config.properties(props),
        config.with_hardware(deepstream.Hardware.PREFERRED),
        config.with_b_frames(2),
        config.with_stall_timeout_ms(500),
    ):
        assert chained is config
    assert (config.fps_num, config.fps_den) == (25, 2)
    assert repr(config.encoder_params) == repr(props)
    text = repr(config)
    assert text.startswith("EncoderConfig(")
    assert all(part in text for part in ["h264", "640", "360", "RGBA", "25/2", "bitrate=1"])


def test_some_values_are_methods_only() -> None:
    config = EncoderConfig(Codec.Hevc, 640, 360)
    for name in ["format", "gpu_id", "mem_type"]:
        assert callable(getattr(config, name))
        with pytest.raises(AttributeError):
            setattr(config, name, 0)


def test_rate_and_properties_are_attributes() -> None:
    config = EncoderConfig(Codec.Png, 1, 2)
    assert (config.fps_num, config.fps_den, config.encoder_params) == (30, 1, None)
    config.fps_num, config.fps_den = -1, 2**31 - 1
    assert (config.fps_num, config.fps_den) == (-1, 2**31 - 1)
    config.encoder_params = EncoderProperties.png(PngProps(3))
    assert "compression_level=3" in repr(config.encoder_params)
    assert config.encoder_params is not config.encoder_params
    config.encoder_params = None
    assert config.encoder_params is None
    with pytest.raises(OverflowError):
        config.fps_num = 2**31
    with pytest.raises(TypeError):
        config.encoder_params = PngProps()  # type: ignore[assignment]


def test_arguments_are_checked_by_their_type() -> None:
    assert repr(EncoderConfig("H265", 2, 2)) == repr(EncoderConfig(Codec.Hevc, 2, 2))
    with pytest.raises(ValueError, match="h266"):
        EncoderConfig("h266", 2, 2)
    with pytest.raises(TypeError):
        EncoderConfig(0, 2, 2)  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        EncoderConfig(Codec.H264, -1, 2)
    config = EncoderConfig(Codec.H264, 2, 2)
    with pytest.raises(TypeError):
        config.format("RGBA")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        config.mem_type(6)  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        config.gpu_id(-1)
