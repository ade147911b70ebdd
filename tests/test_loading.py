"""What importing the package does to its process; each test imports it in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from savant_rs.deepstream import backend
from savant_rs.deepstream._loading import LIBRARY_FOLDER_VARIABLES

SHOW_PLUGIN_FOLDER = "import os, savant_rs.deepstream; print(os.environ.get('LIBV4L2_PLUGIN_DIR'))"
# NVIDIA's libraries complain by themselves where the kernel does not list its modules.
NVIDIA_COMPLAINT = "NvBufSurface"

host = pytest.mark.skipif(backend() != "host", reason="a machine without a GPU")


@pytest.fixture
def python(tmp_path):
    """Runs code in a new interpreter that finds packages in ``tmp_path`` first, then where this one does."""
    replaced = {"LIBV4L2_PLUGIN_DIR", *LIBRARY_FOLDER_VARIABLES}
    inherited = {key: value for key, value in os.environ.items() if key not in replaced}
    search = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])

    def run(code, **environment):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=inherited | {"PYTHONPATH": search} | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def plugin_folder(tmp_path):
    """The plugin folder of a package laid out as NVIDIA's decoder wheel, which fails when imported."""
    package = tmp_path / "nvidia" / "deepstream_videodecode"
    folder = package / "_libs" / "v4l_plugins"
    folder.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    return folder


def test_libv4l2_finds_its_plugins_in_the_nvidia_wheel(python, plugin_folder):
    assert python(SHOW_PLUGIN_FOLDER).stdout.strip() == str(plugin_folder)


def test_the_first_nvidia_wheel_on_the_import_path_counts(python, plugin_folder, tmp_path):
    """Python's own search would begin with the wheel that turns ``nvidia`` from a namespace into a package."""
    behind = tmp_path / "behind"
    shutil.copytree(tmp_path / "nvidia", behind / "nvidia")
    (behind / "nvidia/__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(__path__, __name__)")
    search = os.pathsep.join([str(tmp_path), str(behind), *filter(None, sys.path)])
    assert python(SHOW_PLUGIN_FOLDER, PYTHONPATH=search).stdout.strip() == str(plugin_folder)


def test_a_plugin_folder_from_outside_stays(python, plugin_folder):
    assert python(SHOW_PLUGIN_FOLDER, LIBV4L2_PLUGIN_DIR="/elsewhere").stdout.strip() == "/elsewhere"


def test_libraries_chosen_by_the_environment_bring_their_own_plugins(python, plugin_folder, tmp_path):
    other = tmp_path / "other" / "v4l_plugins"
    assert python(SHOW_PLUGIN_FOLDER, DEEPSTREAM_LIB_DIR=str(other.parent)).stdout.strip() == "None"
    other.mkdir(parents=True)
    assert python(SHOW_PLUGIN_FOLDER, DEEPSTREAM_LIB_DIR=str(other.parent)).stdout.strip() == str(other)


def test_a_wheel_without_the_folder_changes_nothing(python, plugin_folder):
    plugin_folder.rmdir()
    assert python(SHOW_PLUGIN_FOLDER).stdout.strip() == "None"


def test_the_other_distribution_is_reported_once(python, tmp_path):
    metadata = tmp_path / "savant_rs-1.2.3.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: savant-rs\nVersion: 1.2.3\n")
    errors = python("import savant_rs.deepstream, savant_rs.primitives, savant_rs.gstreamer").stderr
    assert errors.count("RuntimeWarning") == 1
    assert "savant-rs 1.2.3" in errors


def test_importing_is_silent(python):
    done = python("from savant_rs.deepstream import *")
    complaints = [line for line in done.stderr.splitlines() if not line.startswith(NVIDIA_COMPLAINT)]
    assert (done.stdout, complaints) == ("", [])


GSTREAMER = """
import ctypes
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_element_factory_find.restype = gst.gst_parse_launch.restype = ctypes.c_void_p
def is_initialised():
    return bool(gst.gst_is_initialized())
"""


@pytest.mark.parametrize("value", ["host", pytest.param("auto", marks=host)])
def test_without_a_gpu_in_use_importing_leaves_gstreamer_alone(python, value):
    code = f"{GSTREAMER}\nimport savant_rs.deepstream\nprint(is_initialised())"
    assert python(code, SAVANT_BACKEND=value).stdout.strip() == "False"


@host
def test_importing_succeeds_where_the_demanded_backend_has_no_libraries(python):
    code = f"{GSTREAMER}\nimport savant_rs.deepstream\nprint(is_initialised())"
    assert python(code, SAVANT_BACKEND="deepstream").stdout.strip() == "False"


@pytest.fixture
def scanning_gstreamer(tmp_path):
    """Variables for a GStreamer that was told nothing about NVIDIA's plugins and looks at plugins in a process of
    its own, as it does by default."""

    def is_foreign(folder):
        return not any(Path(folder).glob("libnvbufsurface.so*"))

    variables = {"GST_REGISTRY_1_0": str(tmp_path / "registry.bin"), "GST_REGISTRY_FORK": "yes"}
    for name in ("GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0"):
        if value := os.environ.get(name):
            variables[name] = os.pathsep.join(filter(is_foreign, value.split(os.pathsep)))
    return variables


@pytest.fixture
def nvidia_variables():
    """The variables that lead to NVIDIA's libraries on this machine."""
    names = ("LIBV4L2_PLUGIN_DIR", *LIBRARY_FOLDER_VARIABLES)
    return {name: os.environ[name] for name in names if name in os.environ}


FIND_DECODER = f"""{GSTREAMER}
if BEFORE:
    gst.gst_init(None, None)
import savant_rs.deepstream
context = ctypes.c_void_p()
ctypes.CDLL("libcuda.so.1").cuCtxGetCurrent(ctypes.byref(context))
assert context.value is None, "a CUDA context is current"
gst.gst_init(None, None)
assert gst.gst_element_factory_find(b"nvv4l2decoder"), "not found"
error = ctypes.c_void_p()
assert gst.gst_parse_launch(b"fakesrc ! nvv4l2decoder ! fakesink", ctypes.byref(error)) and not error.value
"""


@pytest.mark.gpu
@pytest.mark.parametrize("before", [False, True], ids=["gstreamer_after", "gstreamer_before"])
def test_importing_makes_the_decoder_element_usable(python, scanning_gstreamer, nvidia_variables, before):
    code = FIND_DECODER.replace("BEFORE", str(before))
    python(code, **scanning_gstreamer, **nvidia_variables)
