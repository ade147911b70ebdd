"""Platform functions."""

import os
import subprocess
import sys

import pytest

import savant_rs.deepstream as ds

host = pytest.mark.skipif(ds.backend() != "host", reason="an answer of a machine without a GPU")


@host
def test_answers_for_device_zero():
    assert ds.init_cuda() is None
    assert ds.init_cuda(0) is None
    assert ds.is_jetson_kernel() is False
    assert ds.jetson_model() is None
    assert ds.jetson_model(99) is None
    assert ds.has_nvenc() is False
    assert ds.gpu_platform_tag() == "unknown"
    with pytest.raises(RuntimeError):
        ds.gpu_architecture()
    with pytest.raises(RuntimeError):
        ds.gpu_mem_used_mib()


@pytest.mark.parametrize(
    "function", [ds.init_cuda, ds.has_nvenc, ds.gpu_architecture, ds.gpu_platform_tag, ds.gpu_mem_used_mib]
)
def test_other_devices_do_not_exist(function):
    with pytest.raises(RuntimeError, match="99"):
        function(99)
    with pytest.raises(OverflowError):
        function(-1)
    with pytest.raises(TypeError):
        function("0")


def run_with_backend(value, code):
    environment = {**os.environ, "SAVANT_BACKEND": value}
    return subprocess.run(
        [sys.executable, "-c", f"import savant_rs.deepstream as ds\n{code}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@host
def test_the_host_has_one_device():
    with pytest.raises(RuntimeError, match="GPU 1"):
        ds.init_cuda(gpu_id=1)


@pytest.mark.gpu
def test_answers_for_a_gpu():
    assert ds.init_cuda() is None
    assert ds.jetson_model() is None or ds.is_jetson_kernel()
    assert isinstance(ds.has_nvenc(), bool)
    assert ds.has_nvenc() == ds.has_nvenc(0)
    if not ds.is_jetson_kernel():
        assert ds.gpu_platform_tag() == (ds.gpu_architecture() or "unknown")


@pytest.mark.gpu
def test_chips_without_an_encoder_say_so():
    if ds.gpu_architecture() != "hopper":
        pytest.skip("a Hopper GPU has no encoder, although NVML states a capacity")
    assert ds.has_nvenc() is False


@pytest.mark.gpu
def test_memory_in_use_follows_allocations():
    before = ds.gpu_mem_used_mib()
    generator = ds.BufferGenerator("RGBA", 4096, 4096, pool_size=8)
    # 512 MiB; other processes may free or take some meanwhile.
    assert ds.gpu_mem_used_mib() - before > 256
    del generator
    assert ds.gpu_mem_used_mib() - before < 256


@pytest.mark.parametrize("value", ["host", pytest.param("auto", marks=host)])
def test_the_backend_follows_the_environment(value):
    process = run_with_backend(value, "print(ds.backend())")
    assert process.stdout.strip() == "host", process.stderr


@host
def test_an_unusable_backend_is_an_error_and_nothing_falls_back():
    code = """
for call in (ds.backend, lambda: ds.BufferGenerator("RGBA", 64, 64), ds.init_cuda):
    try:
        call()
    except RuntimeError as error:
        print(error)
"""
    lines = run_with_backend("deepstream", code).stdout.splitlines()
    assert sum("the deepstream backend cannot be used: " in line for line in lines) == 3


def test_an_unknown_backend_is_an_error():
    code = """
for call in (ds.backend, lambda: ds.BufferGenerator("RGBA", 64, 64), ds.init_cuda):
    try:
        call()
    except RuntimeError as error:
        print(error)
"""
    wrong = run_with_backend("cuda", code).stdout
    assert wrong.count("SAVANT_BACKEND") == 3


def test_nvidias_wheel_is_looked_for_on_the_import_path(tmp_path):
    (tmp_path / "nvidia" / "deepstream_videodecode").mkdir(parents=True)
    process = subprocess.run(
        [sys.executable, "-c", "from savant_rs.deepstream import _loading; print(_loading._nvidia_site_packages()[0])"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.stdout.strip() == str(tmp_path), process.stderr


def test_the_search_cannot_change_once_the_backend_is_chosen():
    from savant_rs.deepstream._native import _set_search

    assert ds.backend() in ("host", "deepstream")
    assert _set_search([]) is False
