"""gst-launch-1.0 with elements that decode on the CPU; `OUTPUTS` says what becomes of the planes."""

from __future__ import annotations

from _programs.gst_process import measure_branch
from _programs.pictures import check_pictures, read_raw_pictures
from _programs.steady import Task, serve

DECODERS = {
    "h264": "h264parse ! avdec_h264",
    "hevc": "h265parse ! avdec_h265",
    "vp8": "avdec_vp8",
    "vp9": "vp9parse ! avdec_vp9",
    "av1": "av1parse ! av1dec",
    "jpeg": "jpegdec",
}
RGBA = "videoconvert ! video/x-raw,format=RGBA"
OUTPUTS = {
    "plain": RGBA,
    "queue": "queue ! videoconvert n-threads=2 ! video/x-raw,format=RGBA",
    "decode-only": "identity",
}


def branch(task: Task, output: str, sink: str) -> str:
    return f"filesrc location={task.file} ! matroskademux ! {DECODERS[task.clip.codec]} ! {OUTPUTS[output]} ! {sink}"


def check(task: Task) -> None:
    """Of a pipeline that only decodes, the decoder is checked by what comes out behind a conversion."""
    output = "plain" if task.output == "decode-only" else task.output
    command = ["gst-launch-1.0", "--quiet", *branch(task, output, "fdsink fd=1").split()]
    check_pictures(task, read_raw_pictures(command, task))


if __name__ == "__main__":
    serve(lambda task: measure_branch(branch(task, task.output, "fakesink sync=false"), task), check)
