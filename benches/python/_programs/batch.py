"""Eight 1080p pictures letterboxed into a batch at once: this library beside OpenCV and GStreamer.

A process of its own, as the library's threads are counted when it starts. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json

import cv2
import numpy as np

from _letterboxing import CONFIG, FRAMES, TARGET, compared, inner, resize, smooth_frames, take_turns, timed, upload
from _programs.gst_scale import Scaling
from savant_rs.deepstream import UniformBatchGenerator

OURS = "savant_rs.deepstream"
SIZE = (1920, 1080)
GREATEST_MEAN_DIFFERENCE = 1.0


def mean_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """In levels, of the pixels that the pictures cover."""
    rows, columns = inner(SIZE)
    ours, theirs = (batch[:, rows, columns].astype(int) for batch in (ours, theirs))
    return float(np.abs(ours - theirs).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, required=True, help="what RAYON_NUM_THREADS is")
    parser.add_argument("--repetitions", type=int, required=True)
    parser.add_argument("--loops", type=int, required=True, help="batches in a repetition")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)

    frames = smooth_frames("RGBA", SIZE)
    sources = [(slot, buffer, None) for slot, buffer in enumerate(upload("RGBA", SIZE, frames))]
    generator = UniformBatchGenerator("RGBA", *TARGET, FRAMES)
    canvas = np.zeros((FRAMES, TARGET[1], TARGET[0], 4), np.uint8)
    scaling = Scaling(frames[0], TARGET, options.threads)

    def transform(_: int) -> np.ndarray:
        batch = generator.acquire_batch(CONFIG)
        batch.transform_slots(sources)
        batch.finalize()
        return np.asarray(batch)

    def resize_all(_: int) -> None:
        for frame, image in zip(frames, canvas, strict=True):
            resize(frame, image)

    resize_all(0)
    ours = transform(0)
    differences = {
        "cv2.resize": mean_difference(ours, canvas),
        "videoconvertscale": mean_difference(ours[:1], scaling.scaled()[None]),
    }
    if max(differences.values()) > GREATEST_MEAN_DIFFERENCE:
        raise SystemExit(f"the outputs differ by {differences} levels in the mean")
    del ours
    each = take_turns(
        {
            OURS: lambda: timed(transform, options.loops),
            "cv2.resize": lambda: timed(resize_all, options.loops),
            "videoconvertscale": lambda: FRAMES * scaling.ms_a_frame(FRAMES * options.loops),
        },
        options.repetitions,
    )
    subject = f"batch of {FRAMES}, RGBA {SIZE[0]}x{SIZE[1]} to RGBA {TARGET[0]}x{TARGET[1]}"
    print(
        json.dumps(
            {
                "subject": subject,
                "threads": options.threads,
                "mean difference": {name: round(value, 3) for name, value in differences.items()},
                **compared(each, OURS),
            }
        )
    )


if __name__ == "__main__":
    main()
