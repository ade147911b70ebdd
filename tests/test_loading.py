"""What importing the package does to its process; each test imports it in a process of its own."""

import os
import subprocess
import sys

import pytest

SHOW_PLUGIN_FOLDER = "import os, savant_rs.deepstream; print(os.environ.get('LIBV4L2_PLUGIN_DIR'))"


@pytest.fixture
def python(tmp_path):
    """Runs code in a new interpreter that finds packages in ``tmp_path`` first."""

    def run(code, **environment):
        inherited = {key: value for key, value in os.environ.items() if key != "LIBV4L2_PLUGIN_DIR"}
        return subprocess.run(
            [sys.executable, "-c", code],
            env=inherited | {"PYTHONPATH": str(tmp_path)} | environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

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
    assert (done.stdout, done.stderr) == ("", "")
