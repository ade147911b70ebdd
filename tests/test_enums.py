"""The enums: members, integers, comparison, and the names that each one is read from."""

import platform

import pytest

from savant_rs import deepstream

MEMBERS = {
    "VideoFormat": {"RGBA": 0, "BGRx": 1, "NV12": 2, "NV21": 3, "I420": 4, "UYVY": 5, "GRAY8": 6},
    "MemType": {
        "DEFAULT": 0,
        "CUDA_PINNED": 1,
        "CUDA_DEVICE": 2,
        "CUDA_UNIFIED": 3,
        "SURFACE_ARRAY": 4,
        "HANDLE": 5,
        "SYSTEM": 6,
    },
    "Padding": {"NONE": 0, "RIGHT_BOTTOM": 1, "SYMMETRIC": 2},
    "Interpolation": {
        "NEAREST": 0,
        "BILINEAR": 1,
        "GPU_CUBIC_VIC_5TAP": 2,
        "GPU_SUPER_VIC_10TAP": 3,
        "GPU_LANCZOS_VIC_SMART": 4,
        "GPU_IGNORED_VIC_NICEST": 5,
        "DEFAULT": 6,
    },
    "ComputeMode": {"DEFAULT": 0, "GPU": 1, "VIC": 2},
    "SavantIdMetaKind": {"FRAME": 0, "BATCH": 1},
    "MetaClearPolicy": {"NONE": 0, "BEFORE": 1, "AFTER": 2, "BOTH": 3},
    "H264StreamFormat": {"BYTE_STREAM": 0, "AVC": 1, "AVC3": 2},
    "HevcStreamFormat": {"BYTE_STREAM": 0, "HVC1": 1, "HEV1": 2},
    "JpegBackend": {"GPU": 0, "CPU": 1},
    "Hardware": {"REQUIRED": 0, "PREFERRED": 1, "SOFTWARE": 2},
    "Platform": {"DGPU": 0, "JETSON": 1},
    "RateControl": {"VARIABLE_BITRATE": 0, "CONSTANT_BITRATE": 1, "CONSTANT_QP": 2},
    "H264Profile": {"BASELINE": 0, "MAIN": 2, "HIGH": 4, "HIGH444": 7},
    "HevcProfile": {"MAIN": 0, "MAIN10": 1, "FREXT": 3},
    "DgpuPreset": {"P1": 1, "P2": 2, "P3": 3, "P4": 4, "P5": 5, "P6": 6, "P7": 7},
    "TuningPreset": {"HIGH_QUALITY": 1, "LOW_LATENCY": 2, "ULTRA_LOW_LATENCY": 3, "LOSSLESS": 4},
    "JetsonPresetLevel": {"DISABLED": 0, "ULTRA_FAST": 1, "FAST": 2, "MEDIUM": 3, "SLOW": 4},
}
if platform.machine() != "aarch64":
    MEMBERS["CudadecMemtype"] = {"DEVICE": 0, "PINNED": 1, "UNIFIED": 2}

SPELLINGS = {
    "Padding": {
        "NONE": ["none", "None"],
        "RIGHT_BOTTOM": ["right_bottom", "rightbottom", "RightBottom", "RIGHT_BOTTOM"],
        "SYMMETRIC": ["symmetric", "SYMMETRIC"],
    },
    "Interpolation": {
        "NEAREST": ["nearest", "NEAREST"],
        "BILINEAR": ["bilinear", "Bilinear"],
        "GPU_CUBIC_VIC_5TAP": ["gpu_cubic_vic_5tap", "GpuCubicVic5Tap", "cubic", "algo1"],
        "GPU_SUPER_VIC_10TAP": ["gpu_super_vic_10tap", "GpuSuperVic10Tap", "super", "ALGO2"],
        "GPU_LANCZOS_VIC_SMART": ["gpu_lanczos_vic_smart", "GpuLanczosVicSmart", "Lanczos", "algo3"],
        "GPU_IGNORED_VIC_NICEST": ["gpu_ignored_vic_nicest", "GpuIgnoredVicNicest", "nicest", "algo4"],
        "DEFAULT": ["default", "DEFAULT"],
    },
    "VideoFormat": {name: [name] for name in MEMBERS["VideoFormat"]},
    "Platform": {"DGPU": ["dgpu", "gpu", "Discrete"], "JETSON": ["jetson", "TEGRA"]},
    "RateControl": {
        "VARIABLE_BITRATE": ["variable_bitrate", "VBR", "0"],
        "CONSTANT_BITRATE": ["constant_bitrate", "cbr", "1"],
        "CONSTANT_QP": ["constant_qp", "cqp", "ConstantQP", "2"],
    },
    "H264Profile": {
        "BASELINE": ["baseline", "0"],
        "MAIN": ["Main", "2"],
        "HIGH": ["high", "4"],
        "HIGH444": ["high444", "High444Predictive", "7"],
    },
    "HevcProfile": {"MAIN": ["main", "0"], "MAIN10": ["MAIN10", "1"], "FREXT": ["frext", "3"]},
    "DgpuPreset": {f"P{level}": [f"p{level}", f"P{level}", str(level)] for level in range(1, 8)},
    "TuningPreset": {
        "HIGH_QUALITY": ["high_quality", "high-quality", "HighQuality", "1"],
        "LOW_LATENCY": ["low_latency", "low-latency", "lowlatency", "2"],
        "ULTRA_LOW_LATENCY": ["ultra_low_latency", "ultra-low-latency", "UltraLowLatency", "3"],
        "LOSSLESS": ["lossless", "4"],
    },
    "JetsonPresetLevel": {
        "DISABLED": ["disabled", "disable", "0"],
        "ULTRA_FAST": ["ultra_fast", "ultra-fast", "UltraFast", "1"],
        "FAST": ["fast", "2"],
        "MEDIUM": ["medium", "3"],
        "SLOW": ["SLOW", "4"],
    },
}

REFUSED = {
    "Padding": ["right-bottom", "", " none", "1"],
    "Interpolation": ["algo5", "gpu-cubic-vic-5tap", "1", ""],
    "VideoFormat": ["nv12", "rgba", "BGRX", "BGR", ""],
    "Platform": ["0", "x86", "gpu "],
    "RateControl": ["3", "constant-qp", "constantbitrate"],
    "H264Profile": ["1", "3", "high 4:4:4"],
    "HevcProfile": ["2", "main-10"],
    "DgpuPreset": ["0", "8", "p0", "p8"],
    "TuningPreset": ["0", "5", "quality"],
    "JetsonPresetLevel": ["5", "ultra fast"],
}

ALL_MEMBERS = [(name, member, value) for name, members in MEMBERS.items() for member, value in members.items()]
every_member = pytest.mark.parametrize(("name", "member", "value"), ALL_MEMBERS)
every_enum = pytest.mark.parametrize("name", MEMBERS)


@every_member
def test_a_member_is_its_integer_and_itself(name, member, value):
    enum = getattr(deepstream, name)
    thing = getattr(enum, member)
    assert type(thing) is enum
    assert int(thing) == value
    assert thing == value and value == thing
    assert thing == getattr(enum, member)
    assert hash(thing) == hash(value)
    assert repr(thing) == f"{name}.{member}"


@every_member
def test_a_member_differs_from_everything_else(name, member, value):
    enum = getattr(deepstream, name)
    thing = getattr(enum, member)
    others = [getattr(enum, other) for other in MEMBERS[name] if other != member]
    others += [value + 1, -1, 2**200, float(value) + 0.5, member, None, object()]
    for other_name, members in MEMBERS.items():
        if other_name != name:
            others += [getattr(getattr(deepstream, other_name), other) for other in members]
    for other in others:
        assert thing != other
        assert not thing == other


@every_enum
def test_the_members_are_exactly_these(name):
    enum = getattr(deepstream, name)
    found = {key for key, value in vars(enum).items() if type(value) is enum}
    assert found == set(MEMBERS[name])


@every_enum
def test_an_enum_is_neither_callable_nor_iterable_nor_ordered(name):
    enum = getattr(deepstream, name)
    assert enum.__module__ == "savant_rs.deepstream"
    assert enum.__doc__
    for arguments in [(), (0,), ("RGBA",)]:
        with pytest.raises(TypeError):
            enum(*arguments)
    with pytest.raises(TypeError):
        iter(enum)
    first, second = [getattr(enum, member) for member in list(MEMBERS[name])[:2]]
    for compare in [lambda: first < second, lambda: first >= second, lambda: first > 0, lambda: first <= 0]:
        with pytest.raises(TypeError):
            compare()
    assert not hasattr(first, "value")
    with pytest.raises(AttributeError):
        first.label = "x"


@every_enum
def test_an_enum_cannot_be_subclassed(name):
    with pytest.raises(TypeError):
        type("Sub", (getattr(deepstream, name),), {})


def test_members_are_keys_beside_ints():
    assert {deepstream.H264Profile.HIGH: "high"}[4] == "high"
    assert len({deepstream.Padding.NONE, 0, deepstream.ComputeMode.DEFAULT}) == 2


@pytest.mark.parametrize(
    ("name", "member", "spelling"),
    [
        (name, member, spelling)
        for name, members in SPELLINGS.items()
        for member, spellings in members.items()
        for spelling in spellings
    ],
)
def test_from_name_knows_the_spelling(name, member, spelling):
    enum = getattr(deepstream, name)
    assert enum.from_name(spelling) == getattr(enum, member)


@pytest.mark.parametrize(
    ("name", "spelling"), [(name, spelling) for name, spellings in REFUSED.items() for spelling in spellings]
)
def test_from_name_refuses_other_text_and_shows_it(name, spelling):
    with pytest.raises(ValueError, match="unknown") as raised:
        getattr(deepstream, name).from_name(spelling)
    assert f'"{spelling}"' in str(raised.value)


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("value", [0, None, b"main"])
def test_from_name_takes_text_only(name, value):
    with pytest.raises(TypeError):
        getattr(deepstream, name).from_name(value)


def test_only_these_enums_have_from_name_and_name():
    assert {name for name in MEMBERS if hasattr(getattr(deepstream, name), "from_name")} == set(SPELLINGS)
    assert {name for name in MEMBERS if hasattr(getattr(deepstream, name), "name")} == {"VideoFormat", "MemType"}


def test_a_format_is_named_as_it_is_spelled():
    for member in MEMBERS["VideoFormat"]:
        assert getattr(deepstream.VideoFormat, member).name() == member


def test_a_memory_type_is_named_in_lower_case():
    for member in MEMBERS["MemType"]:
        assert getattr(deepstream.MemType, member).name() == member.lower()


def test_an_id_kind_equals_the_text_that_buffers_report():
    kind = deepstream.SavantIdMetaKind
    assert kind.FRAME == "frame" and "batch" == kind.BATCH
    assert kind.FRAME != "batch" and kind.FRAME != "FRAME"
    assert deepstream.Padding.NONE != "none"


class Named:
    """Any object whose ``name()`` is a text, as enums of other libraries have it."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"Named({self._name!r})"

    def name(self):
        return self._name


def generator(video_format="RGBA", mem_type=None):
    return deepstream.BufferGenerator(video_format, 64, 48, mem_type=mem_type, pool_size=1)


@pytest.mark.parametrize("spelling", MEMBERS["VideoFormat"])
def test_a_format_parameter_takes_the_enum_its_name_or_a_named_object(spelling):
    member = getattr(deepstream.VideoFormat, spelling)
    for value in [member, spelling, Named(spelling)]:
        assert generator(value).format == member


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("nv12", ValueError),
        ("", ValueError),
        (Named("rgba"), ValueError),
        (0, TypeError),
        (None, TypeError),
        (b"RGBA", TypeError),
        (Named(0), TypeError),
        (deepstream.Padding.NONE, TypeError),
    ],
    ids=repr,
)
def test_a_format_parameter_refuses_anything_else(value, error):
    with pytest.raises(error):
        generator(value)


@pytest.mark.parametrize(
    "value", [None, 0, 6, 7, 99, 2**31, *(Named(name) for name in ["default", "system"])], ids=repr
)
def test_a_memory_parameter_takes_ints_and_named_objects_and_reads_large_ints_as_default(value):
    assert generator(mem_type=value).acquire().strong_count == 1


@pytest.mark.skipif(platform.machine() == "aarch64", reason="memory types of Jetson")
@pytest.mark.parametrize("member", ["SURFACE_ARRAY", "HANDLE"])
def test_a_memory_parameter_means_the_same_in_every_form(member):
    value = getattr(deepstream.MemType, member)
    for form in [value, int(value), Named(value.name())]:
        with pytest.raises(RuntimeError):
            generator(mem_type=form).acquire()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("cuda_device", TypeError),
        (-1, TypeError),
        (1.0, TypeError),
        (Named("CUDA_DEVICE"), ValueError),
        (Named("device"), ValueError),
    ],
    ids=repr,
)
def test_a_memory_parameter_refuses_anything_else(value, error):
    with pytest.raises(error):
        generator(mem_type=value)
