"""Platform functions on the host backend."""

import os
import subprocess
import sys

import pytest

import savant_rs.deepstream as ds

pytestmark = pytest.mark.skipif(ds.backend() != "host", reason="the answers of a machine without a GPU")


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
    with pytest.raises(RuntimeError, match="1"):
        function(gpu_id=1)
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


@pytest.mark.parametrize("value", ["host", "auto"])
def test_the_backend_follows_the_environment(value):
    process = run_with_backend(value, "print(ds.backend())")
    assert process.stdout.strip() == "host", process.stderr


def test_an_unusable_backend_is_an_error_and_nothing_falls_back():
    code = """
for call in (ds.backend, lambda: ds.BufferGenerator("RGBA", 64, 64), ds.init_cuda):
    try:
        call()
    except RuntimeError as error:
        print(error)
"""
    lines = run_with_backend("deepstream", code).stdout.splitlines()
    assert sum("host backend only" in line for line in lines) == 3
    wrong = run_with_backend("cuda", code).stdout
    assert wrong.count("SAVANT_BACKEND") == 3
