"""The doctor: what ``savant-deepstream doctor`` says, and what it concludes."""

from __future__ import annotations

import copy
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from savant_rs.deepstream import backend
from savant_rs.deepstream._doctor import screen
from savant_rs.deepstream._doctor.hints import hints

LIMIT_S = 100
CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "jpeg", "png")
VIDEO = ("h264", "hevc", "vp8", "vp9")
HARDWARE = (*VIDEO, "jpeg")
UNKNOWN = {"error": str}
PLUGIN = {"path": str, "version": str}
ELEMENT = {"name": str, "package": str, "installed": bool}
LIBRARY = {"name": str, "path": (str, UNKNOWN), "version": (str, None)}
MODE = {"codec": str, "chroma": str, "bit_depth": int, "min_size": [int], "max_size": [int], "engines": int}
GPU = {
    "gpu_id": int,
    "name": (str, UNKNOWN),
    "architecture": (str, None, UNKNOWN),
    "capability": (str, UNKNOWN),
    "memory": ({"used_mib": int, "total_mib": int}, UNKNOWN),
    "nvenc": (bool, UNKNOWN),
    "decodes": ([MODE], UNKNOWN),
}
DEEPSTREAM = {
    "root": str,
    "place": str,
    "slot_stride": int,
    "generation": (str, None),
    "version": (str, None),
    "libraries": [LIBRARY],
}
SCHEMA = {
    "format": int,
    "ok": bool,
    "distributions": dict,
    "system": {"system": str, "machine": str, "libc": str, "python": str},
    "requested_backend": (str, None),
    "backend": (str, UNKNOWN),
    "jetson": bool,
    "jetson_model": (str, None, UNKNOWN),
    "deepstream": (DEEPSTREAM, {"error": str, "tried": [str]}),
    "driver": {"visible": bool, "version": (str, UNKNOWN), "cuda": (str, UNKNOWN), "libraries": [LIBRARY]},
    "gpus": ([GPU], UNKNOWN),
    "gstreamer": {
        "version": str,
        "nvv4l2decoder": (PLUGIN, UNKNOWN),
        "decoders": [{"codec": str, "elements": [ELEMENT]}],
        "reader": [ELEMENT],
    },
    "codecs": [{"codec": str, "decoder": (str, None), "hardware": bool, "problem": (str, None)}],
    "hints": [str],
}


def fits(value: Any, schema: Any) -> bool:
    """Whether a JSON value has the shape of a schema: a type, a list of one, exactly these keys, or one of a tuple."""
    if isinstance(schema, tuple):
        return any(fits(value, choice) for choice in schema)
    if isinstance(schema, list):
        return isinstance(value, list) and all(fits(item, schema[0]) for item in value)
    if isinstance(schema, dict):
        return (
            isinstance(value, dict)
            and value.keys() == schema.keys()
            and all(fits(value[key], schema[key]) for key in schema)
        )
    return value is None if schema is None else type(value) is schema


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "savant_rs.deepstream", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document of this machine."""
    done = run("doctor", "--json", cwd=tmp_path_factory.mktemp("doctor"))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def no_elements(tmp_path: Path) -> dict[str, str]:
    """Variables for a GStreamer without any plugin, on the host backend."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return {
        "GST_PLUGIN_SYSTEM_PATH_1_0": str(empty),
        "GST_PLUGIN_PATH_1_0": str(empty),
        "GST_REGISTRY_1_0": str(tmp_path / "registry.bin"),
        "SAVANT_BACKEND": "host",
    }


def test_the_document_has_its_keys(document: dict[str, Any]) -> None:
    wrong = {key: document.get(key) for key in SCHEMA if not fits(document.get(key), SCHEMA[key])}
    assert (wrong, document.keys()) == ({}, SCHEMA.keys())
    assert document["ok"] is True
    assert document["backend"] == backend()


def test_every_codec_has_a_decoder_that_is_known(document: dict[str, Any]) -> None:
    assert tuple(row["codec"] for row in document["codecs"]) == CODECS
    known = {row["codec"]: row["elements"] for row in document["gstreamer"]["decoders"]}
    for row in document["codecs"]:
        assert row["problem"] is None
        software = [element["name"] for element in known.get(row["codec"], [])]
        if row["hardware"]:
            assert row["decoder"] == "nvv4l2decoder"
        elif row["codec"] in VIDEO:
            assert row["decoder"] in software


@pytest.mark.skipif(backend() != "host", reason="a machine without a GPU")
def test_a_host_names_every_place_that_was_tried(document: dict[str, Any]) -> None:
    assert not any(row["hardware"] for row in document["codecs"])
    assert any("SAVANT_DEEPSTREAM_LIB_DIR" in place for place in document["deepstream"]["tried"])
    assert any("/opt/nvidia/deepstream" in place for place in document["deepstream"]["tried"])


@pytest.mark.gpu
def test_a_gpu_is_described(document: dict[str, Any]) -> None:
    assert document["driver"]["visible"] is True
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", document["driver"]["version"])
    assert re.fullmatch(r"\d+\.\d+", document["driver"]["cuda"])
    for library in [*document["driver"]["libraries"][:3], *document["deepstream"]["libraries"]]:
        assert Path(library["path"]).is_file(), library
    assert document["deepstream"]["slot_stride"] in (384, 416)
    plugin = Path(document["gstreamer"]["nvv4l2decoder"]["path"])
    assert Path(document["deepstream"]["root"]).resolve() in plugin.resolve().parents
    for gpu in document["gpus"]:
        assert fits(gpu, {**GPU, "name": str, "memory": {"used_mib": int, "total_mib": int}, "nvenc": bool})
        assert gpu["memory"]["used_mib"] <= gpu["memory"]["total_mib"]
    modes = document["gpus"][0]["decodes"]
    can = {mode["codec"] for mode in modes if (mode["chroma"], mode["bit_depth"]) == ("4:2:0", 8)}
    in_hardware = {row["codec"] for row in document["codecs"] if row["hardware"]}
    assert in_hardware == can & set(HARDWARE)
    for mode in modes:
        assert all(small < large for small, large in zip(mode["min_size"], mode["max_size"], strict=True)), mode


@pytest.mark.parametrize("arguments", [(), ("doctor",)])
def test_the_screen_names_the_decoder_of_every_codec(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for codec in CODECS:
        assert re.search(rf"│ {codec}\s*│ \w+", done.stdout), done.stdout
    assert re.search(rf"backend\s+{backend()}", done.stdout)
    assert re.search(r"GStreamer\s+1\.\d+\.\d+", done.stdout)


def test_the_subcommand_may_be_left_out_before_options(tmp_path: Path) -> None:
    assert json.loads(run("--json", cwd=tmp_path).stdout)["ok"] is True


def test_help_looks_at_nothing(tmp_path: Path, no_elements: dict[str, str]) -> None:
    for arguments in (["--help"], ["doctor", "--help"]):
        done = run(*arguments, cwd=tmp_path, **no_elements)
        assert done.returncode == 0
        assert "doctor" in done.stdout


def test_missing_decoders_fail_and_their_package_is_named(tmp_path: Path, no_elements: dict[str, str]) -> None:
    done = run("doctor", "--json", cwd=tmp_path, **no_elements)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert [row["codec"] for row in document["codecs"] if row["decoder"] is None] == list(VIDEO)
    assert all("avdec" in row["problem"] for row in document["codecs"][: len(VIDEO)])
    decoders, reader, *_ = document["hints"]
    assert decoders == "no decoder for h264, hevc, vp8, vp9: apt-get install gstreamer1.0-libav"
    assert "matroskademux" in reader and "gstreamer1.0-plugins-good" in reader


@pytest.mark.skipif(backend() != "host", reason="a machine without a GPU")
def test_the_places_are_listed_once(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, SAVANT_BACKEND="deepstream")
    assert done.returncode == 1
    assert "the deepstream backend cannot be used" in done.stdout
    assert done.stdout.count("/opt/nvidia/deepstream") == 1


def test_a_backend_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, SAVANT_BACKEND="nonsense")
    assert done.returncode == 1
    assert "SAVANT_BACKEND is " in done.stdout
    assert "Traceback" not in done.stderr


def plain_host(document: dict[str, Any]) -> dict[str, Any]:
    """A machine of which there is nothing to say."""
    quiet = copy.deepcopy(document)
    quiet.update(backend="host", requested_backend=None, jetson=False, gpus={"error": "there is no driver"})
    quiet["driver"]["visible"] = False
    quiet["deepstream"] = {"error": "libnvbufsurface.so could not be loaded", "tried": ["somewhere: not there"]}
    for row in quiet["gstreamer"]["decoders"]:
        for element in row["elements"]:
            element["installed"] = True
    for element in quiet["gstreamer"]["reader"]:
        element["installed"] = True
    preferred = {row["codec"]: row["elements"][0]["name"] for row in quiet["gstreamer"]["decoders"]}
    for row in quiet["codecs"]:
        row.update(decoder=preferred.get(row["codec"], row["decoder"]), hardware=False)
    return quiet


@pytest.fixture
def machine(document: dict[str, Any]) -> dict[str, Any]:
    """A document that tests may change."""
    return plain_host(document)


def test_a_machine_in_order_gets_no_hint(machine: dict[str, Any]) -> None:
    assert hints(machine) == []


def test_the_second_best_decoder_is_reported(machine: dict[str, Any]) -> None:
    best, other = machine["gstreamer"]["decoders"][0]["elements"]
    best["installed"] = False
    machine["codecs"][0]["decoder"] = other["name"]
    (hint,) = hints(machine)
    assert all(text in hint for text in (best["name"], other["name"], f"apt-get install {best['package']}"))


def test_a_driver_that_is_not_used_is_reported(machine: dict[str, Any]) -> None:
    machine["driver"]["visible"] = True
    (hint,) = [hint for hint in hints(machine) if "CUDA shows no GPU" in hint]
    assert "there is no driver" in hint
    machine["gpus"] = []
    (hint,) = [hint for hint in hints(machine) if "DeepStream" in hint]
    assert "pip install 'savant-rs-deepstream[deepstream]'" in hint
    machine["requested_backend"] = "host"
    assert any("SAVANT_BACKEND=host" in hint for hint in hints(machine))


def test_a_container_without_the_video_libraries_is_reported(machine: dict[str, Any]) -> None:
    machine.update(backend="deepstream", gpus=[])
    machine["driver"]["visible"] = True
    for library in machine["driver"]["libraries"]:
        library["path"] = {"error": "cannot be opened"} if "nvcuvid" in library["name"] else "/lib/libcuda.so.580.1"
    (hint,) = [hint for hint in hints(machine) if "NVIDIA_DRIVER_CAPABILITIES" in hint]
    assert "libnvcuvid.so.1" in hint


def test_a_jetson_is_told_to_be_untested(machine: dict[str, Any]) -> None:
    machine["jetson"] = True
    assert any("nothing here has been tested" in hint for hint in hints(machine))


def test_the_other_distribution_is_reported(machine: dict[str, Any], tmp_path: Path, monkeypatch: Any) -> None:
    metadata = tmp_path / "savant_rs-1.2.3.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: savant-rs\nVersion: 1.2.3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (hint,) = hints(machine)
    assert "savant-rs 1.2.3" in hint


def test_the_screen_shows_gpus_and_libraries(machine: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    machine["driver"].update(visible=True, version="580.95.05", cuda="13.0")
    limits = {"min_size": [144, 144], "max_size": [8192, 8192], "engines": 7}
    modes = [
        {"codec": "hevc", "chroma": chroma, "bit_depth": bits, **limits}
        for chroma in ("4:2:0", "4:4:4")
        for bits in (8, 10)
    ]
    gpu = {"gpu_id": 0, "name": "a GPU", "architecture": "hopper", "capability": "9.0", "nvenc": False}
    memory = {"used_mib": 12, "total_mib": 81559}
    machine["gpus"] = [{**gpu, "memory": memory, "decodes": modes}]
    output = io.StringIO()
    screen.show(machine, output)
    text = output.getvalue()
    assert "a GPU, hopper (9.0), memory: 12 of 81559 MiB in use, NVENC: no" in text
    row = re.search(r"│ 0\s*│ hevc.*", text)
    assert row is not None
    assert [cell.strip() for cell in row[0].split("│")[3:7]] == ["4:2:0 4:4:4", "8 10", "144x144 to 8192x8192", "7"]
    assert "580.95.05" in text and "libcuda.so.1" in text
