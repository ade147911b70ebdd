"""PyAV; `OUTPUTS` says in how many threads, and how the pictures get into NumPy.

One converter a stream and an array over its result, without a copy, is the fastest way that PyAV has;
``to_ndarray`` is the one that its documentation shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from _programs.pictures import serve_pictures
from _programs.steady import Task

ToArray = Callable[[av.VideoFrame], np.ndarray]
AUTO, ONE_THREAD = {"thread_type": "AUTO"}, {"thread_type": "NONE", "thread_count": 1}


def pictures(task: Task) -> Iterator[np.ndarray]:
    threads, to_array = OUTPUTS[task.output]
    with av.open(str(task.file)) as container:
        stream = container.streams.video[0]
        for name, value in threads.items():
            setattr(stream.codec_context, name, value)
        yield from map(to_array(), container.decode(stream))


def copier() -> ToArray:
    return lambda frame: frame.to_ndarray(format="rgba")


def converter(threads: int) -> ToArray:
    reformatter = VideoReformatter()

    def convert(frame: av.VideoFrame) -> np.ndarray:
        converted = reformatter.reformat(frame, format="rgba", threads=threads)
        plane = converted.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(converted.height, plane.line_size)
        return rows[:, : converted.width * 4].reshape(converted.height, converted.width, 4)

    return convert


# A converter of 0 threads takes as many as there are cores.
OUTPUTS: dict[str, tuple[dict[str, object], Callable[[], ToArray]]] = {
    "auto": (AUTO, partial(converter, 0)),
    "to-ndarray": (AUTO, copier),
    "single": (ONE_THREAD, partial(converter, 1)),
}


if __name__ == "__main__":
    serve_pictures(pictures)
