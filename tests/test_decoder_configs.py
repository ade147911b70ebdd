"""The decoder configurations: fields, builders, and the umbrella over them."""

import platform

import pytest

from savant_rs import deepstream
from savant_rs.deepstream import (
    Av1DecoderConfig,
    DecoderConfig,
    H264DecoderConfig,
    H264StreamFormat,
    HevcDecoderConfig,
    HevcStreamFormat,
    JpegBackend,
    JpegDecoderConfig,
    PngDecoderConfig,
    RawRgbaDecoderConfig,
    RawRgbDecoderConfig,
    Vp8DecoderConfig,
    Vp9DecoderConfig,
)
from savant_rs.gstreamer import Codec

HARDWARE_CONFIGS = {
    H264DecoderConfig: (H264StreamFormat.AVC,),
    HevcDecoderConfig: (HevcStreamFormat.HEV1,),
    Vp8DecoderConfig: (),
    Vp9DecoderConfig: (),
    Av1DecoderConfig: (),
}
VALUES = {"num_extra_surfaces": 4, "drop_frame_interval": 2**32 - 1}
IS_AARCH64 = platform.machine() == "aarch64"
if not IS_AARCH64:
    VALUES |= {"cudadec_memtype": deepstream.CudadecMemtype.UNIFIED, "low_latency_mode": False}

# Name in DecoderConfig -> a configuration and the codec that the umbrella reports for it.
VARIANTS = {
    "h264": (H264DecoderConfig(H264StreamFormat.BYTE_STREAM), Codec.H264),
    "hevc": (HevcDecoderConfig(HevcStreamFormat.HVC1), Codec.Hevc),
    "vp8": (Vp8DecoderConfig().with_num_extra_surfaces(1), Codec.Vp8),
    "vp9": (Vp9DecoderConfig(), Codec.Vp9),
    "av1": (Av1DecoderConfig().with_drop_frame_interval(2), Codec.Av1),
    "jpeg": (JpegDecoderConfig.gpu(), Codec.Jpeg),
    "png": (PngDecoderConfig(), Codec.Png),
    "raw_rgba": (RawRgbaDecoderConfig(640, 360), Codec.RawRgba),
    "raw_rgb": (RawRgbDecoderConfig(1, 2), Codec.RawRgb),
}

every_hardware_config = pytest.mark.parametrize("cls", HARDWARE_CONFIGS, ids=lambda cls: cls.__name__)
every_variant = pytest.mark.parametrize("variant", VARIANTS)


@every_hardware_config
def test_tunables_are_unset_at_first(cls):
    config = cls(*HARDWARE_CONFIGS[cls])
    assert [getattr(config, field) for field in VALUES] == [None] * len(VALUES)


@every_hardware_config
def test_a_builder_returns_a_new_object_and_leaves_the_receiver_alone(cls):
    config = cls(*HARDWARE_CONFIGS[cls])
    for done, (field, value) in enumerate(VALUES.items(), start=1):
        before = repr(config)
        built = getattr(config, f"with_{field}")(value)
        assert type(built) is cls and built is not config
        assert repr(config) == before and getattr(config, field) is None
        assert [getattr(built, other) for other in VALUES] == list(VALUES.values())[:done] + [None] * (
            len(VALUES) - done
        )
        config = built


@every_hardware_config
def test_a_tunable_takes_its_own_type_only(cls):
    config = cls(*HARDWARE_CONFIGS[cls])
    for field in ["num_extra_surfaces", "drop_frame_interval"]:
        build = getattr(config, f"with_{field}")
        for value, error in [
            (-1, OverflowError),
            (2**32, OverflowError),
            (None, TypeError),
            ("4", TypeError),
            (1.0, TypeError),
        ]:
            with pytest.raises(error):
                build(value)
    if not IS_AARCH64:
        for value in [2, None, "unified", deepstream.MemType.CUDA_UNIFIED]:
            with pytest.raises(TypeError):
                config.with_cudadec_memtype(value)
        for value in [1, None]:
            with pytest.raises(TypeError):
                config.with_low_latency_mode(value)


@every_hardware_config
def test_fields_are_read_only_and_codec_data_is_hidden(cls):
    config = cls(*HARDWARE_CONFIGS[cls])
    for field in VALUES:
        with pytest.raises(AttributeError):
            setattr(config, field, VALUES[field])
    assert not hasattr(config, "codec_data")


@pytest.mark.skipif(IS_AARCH64, reason="the tunables of desktop GPUs")
@every_hardware_config
def test_tunables_of_jetson_are_absent_on_x86(cls):
    config = cls(*HARDWARE_CONFIGS[cls])
    for field in ["enable_max_performance", "low_latency"]:
        assert not hasattr(config, field)
        assert not hasattr(config, f"with_{field}")
    assert hasattr(deepstream, "CudadecMemtype") and "CudadecMemtype" in deepstream.__all__


@pytest.mark.parametrize(
    ("cls", "formats"), [(H264DecoderConfig, H264StreamFormat), (HevcDecoderConfig, HevcStreamFormat)]
)
def test_the_stream_format_is_required_and_typed(cls, formats):
    config = cls(formats.BYTE_STREAM)
    assert config.stream_format == formats.BYTE_STREAM
    assert cls(stream_format=formats.BYTE_STREAM).with_num_extra_surfaces(1).stream_format == formats.BYTE_STREAM
    assert "byte-stream" in repr(config)
    with pytest.raises(AttributeError):
        config.stream_format = formats.BYTE_STREAM
    other = HevcStreamFormat if formats is H264StreamFormat else H264StreamFormat
    for arguments in [(), (0,), ("byte-stream",), (other.BYTE_STREAM,)]:
        with pytest.raises(TypeError):
            cls(*arguments)


def test_repr_names_the_class_and_every_field():
    text = repr(H264DecoderConfig(H264StreamFormat.AVC3).with_num_extra_surfaces(4))
    assert text.startswith("H264DecoderConfig(stream_format=avc3, num_extra_surfaces=Some(4), ")
    assert "drop_frame_interval=None" in text
    for cls, arguments in HARDWARE_CONFIGS.items():
        assert repr(cls(*arguments)).startswith(f"{cls.__name__}(")
    assert repr(PngDecoderConfig()) == "PngDecoderConfig()"
    assert repr(RawRgbDecoderConfig(3, 5)) == "RawRgbDecoderConfig(width=3, height=5)"


def test_jpeg_is_made_by_its_factories_only():
    assert JpegDecoderConfig.gpu().backend == JpegBackend.GPU
    assert JpegDecoderConfig.cpu().backend == JpegBackend.CPU
    with pytest.raises(TypeError):
        JpegDecoderConfig()


@pytest.mark.parametrize("cls", [RawRgbaDecoderConfig, RawRgbDecoderConfig])
def test_a_raw_config_is_a_size(cls):
    config = cls(width=1920, height=1080)
    assert (config.width, config.height) == (1920, 1080)
    for arguments, error in [((1,), TypeError), ((-1, 1), OverflowError), ((1, 2**32), OverflowError)]:
        with pytest.raises(error):
            cls(*arguments)


@every_variant
def test_the_umbrella_wraps_and_unwraps(variant):
    config, codec = VARIANTS[variant]
    umbrella = getattr(DecoderConfig, f"from_{variant}")(config)
    assert umbrella.codec() == codec
    assert repr(umbrella) == f"DecoderConfig({config!r})"
    for other in VARIANTS:
        inner = getattr(umbrella, f"as_{other}")()
        if other == variant:
            assert type(inner) is type(config) and repr(inner) == repr(config)
        else:
            assert inner is None


@every_variant
def test_with_replaces_whatever_is_inside(variant):
    config, codec = VARIANTS[variant]
    for other, (other_config, other_codec) in VARIANTS.items():
        umbrella = getattr(DecoderConfig, f"from_{other}")(other_config)
        replaced = getattr(umbrella, f"with_{variant}")(config)
        assert replaced.codec() == codec
        assert umbrella.codec() == other_codec


@every_variant
def test_the_umbrella_takes_the_right_config_only(variant):
    for value in [VARIANTS["jpeg" if variant == "png" else "png"][0], None, "config"]:
        with pytest.raises(TypeError):
            getattr(DecoderConfig, f"from_{variant}")(value)


def test_the_umbrella_has_no_constructor():
    with pytest.raises(TypeError):
        DecoderConfig()


def test_jpeg_on_the_cpu_is_the_software_codec():
    umbrella = DecoderConfig.from_jpeg(JpegDecoderConfig.gpu())
    assert umbrella.codec() == Codec.Jpeg
    assert umbrella.with_jpeg(JpegDecoderConfig.cpu()).codec() == Codec.SwJpeg


def test_configs_compare_by_identity():
    first, second = PngDecoderConfig(), PngDecoderConfig()
    assert first == first and first != second
    assert len({first, second}) == 2
