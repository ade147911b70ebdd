"""Encoders under any use of threads: nothing hangs, every picture ends once, and submitters take turns."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from clips_lib import CLIPS
from encoding import (
    assert_accounted,
    buffers,
    config,
    each_codec,
    needs_encoder,
    numbered_picture,
    software,
)
from savant_rs.deepstream import (
    BufferGenerator,
    EncodedOutput,
    Encoder,
    EncoderErrorOutput,
    SharedBuffer,
    VideoFormat,
)
from savant_rs.primitives import Codec
from test_decoder_threads import run_script

WIDTH, HEIGHT = 160, 120
WAIT_S = 30.0
LARGE = CLIPS["h264_1080p"]


@each_codec(Codec.H264, Codec.Hevc)
def test_an_element_that_stalls_is_given_up_and_submit_goes_on(codec: Codec) -> None:
    """Coding a picture of this size takes longer than the limit, while others wait in front of the element."""
    outputs: list[EncodedOutput | EncoderErrorOutput] = []
    encoder = Encoder(software(codec, LARGE.width, LARGE.height).with_stall_timeout_ms(1), outputs.append)
    picture = np.random.default_rng(5).integers(0, 256, (LARGE.height, LARGE.width, 4), np.uint8)
    for number, buffer in enumerate(buffers([picture] * 40)):
        encoder.submit(buffer, id=number)
    encoder.flush()
    assert sorted(output.id for output in outputs) == list(range(40))
    errors = [output for output in outputs if isinstance(output, EncoderErrorOutput)]
    assert errors
    assert {error.message for error in errors} == {f"{encoder.encoder} did nothing for 1ms and was given up"}
    assert (encoder.stats()["failed"], encoder.stats()["encoded"]) == (len(errors), 40 - len(errors))
    encoder.graceful_shutdown()
    assert_accounted(encoder)


@needs_encoder(Codec.H264)
@pytest.mark.parametrize("limit_ms", [0, 500])
def test_an_encoder_without_pictures_does_not_stall(limit_ms: int) -> None:
    """It keeps its last pictures until more come, however long that takes; and 0 is no limit."""
    outputs: list[EncodedOutput | EncoderErrorOutput] = []
    encoder = Encoder(software(Codec.H264, WIDTH, HEIGHT).with_stall_timeout_ms(limit_ms), outputs.append)
    source = buffers(map(numbered_picture, range(20)))
    for _ in range(10):
        encoder.submit(next(source))
    time.sleep(1)
    for buffer in source:
        encoder.submit(buffer)
    encoder.graceful_shutdown()
    assert [output.id for output in outputs] == list(range(20))
    assert not any(isinstance(output, EncoderErrorOutput) for output in outputs)


@each_codec(Codec.H264, Codec.Jpeg)
def test_pictures_of_many_threads_all_come_out(codec: Codec) -> None:
    outputs: list[EncodedOutput] = []
    encoder = Encoder(config(codec, WIDTH, HEIGHT), outputs.append)

    def work(thread: int) -> None:
        for number, buffer in enumerate(buffers(map(numbered_picture, range(25)))):
            encoder.submit(buffer, id=thread * 25 + number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    encoder.graceful_shutdown()
    assert_accounted(encoder)
    ids = [output.id for output in outputs]
    assert sorted(ids) == list(range(100))
    assert not any(isinstance(output, EncoderErrorOutput) for output in outputs)
    for thread in range(4):
        own = [id for id in ids if id // 25 == thread]
        assert own == sorted(own)


class Blocked:
    """An encoder whose callback holds the first output, and takes nothing more."""

    def __init__(self, codec: Codec) -> None:
        self.outputs: list[EncodedOutput] = []
        # Of submissions that were refused: the reason, and whether the handle is usable.
        self.errors: list[tuple[str, bool]] = []
        self.go_on = threading.Event()
        self.encoder = Encoder(config(codec, WIDTH, HEIGHT), self._callback)
        generator = BufferGenerator(VideoFormat.RGBA, WIDTH, HEIGHT, pool_size=200)
        self.buffers = (generator.acquire() for _ in range(200))
        self.submitted = 0

    def _callback(self, output: EncodedOutput) -> None:
        self.go_on.wait(WAIT_S)
        self.outputs.append(output)

    def _submit(self, buffer: SharedBuffer, id: int) -> None:
        try:
            self.encoder.submit(buffer, id=id)
        except RuntimeError as error:
            self.errors.append((str(error), bool(buffer)))

    def submit(self) -> threading.Thread:
        """Submits on a thread of its own, which has returned or waits."""
        thread = threading.Thread(target=self._submit, args=(next(self.buffers), self.submitted))
        self.submitted += 1
        thread.start()
        thread.join(0.1)
        return thread

    def wait_with(self, number: int) -> list[threading.Thread]:
        """Submits until so many submitters wait; returns them in the order of their calls."""
        waiting: list[threading.Thread] = []
        while len(waiting) < number:
            waiting += [thread for thread in [self.submit()] if thread.is_alive()]
        return waiting


@each_codec(Codec.H264, Codec.RawRgba)
def test_submitters_that_wait_come_in_the_order_of_their_calls(codec: Codec) -> None:
    blocked = Blocked(codec)
    waiting = blocked.wait_with(12)
    blocked.go_on.set()
    for thread in waiting:
        thread.join(WAIT_S)
    blocked.encoder.graceful_shutdown()
    assert_accounted(blocked.encoder)
    assert [output.id for output in blocked.outputs] == list(range(blocked.submitted))


@pytest.mark.parametrize("end", ["shutdown", "graceful_shutdown"])
def test_submitters_that_wait_are_sent_away_by_the_end(end: str) -> None:
    blocked = Blocked(Codec.RawRgba)
    waiting = blocked.wait_with(4)
    ender = threading.Thread(target=getattr(blocked.encoder, end))
    ender.start()
    for thread in waiting:
        thread.join(WAIT_S)
    assert blocked.errors == [("the encoder is shut down", True)] * 4
    blocked.go_on.set()
    ender.join(WAIT_S)
    assert_accounted(blocked.encoder)
    assert blocked.encoder.stats()["submitted"] == blocked.submitted - 4


@pytest.mark.parametrize("waits_for", ["room", "turn", "flush", "graceful_shutdown"])
@each_codec(Codec.H264, Codec.Jpeg)
def test_ctrl_c_ends_a_wait(codec: Codec, waits_for: str) -> None:
    script = """
import _thread, sys, threading, time
from encoding import assert_accounted
from pools import wait_until
from test_encoder_threads import Blocked
from savant_rs.primitives import Codec

waits_for = sys.argv[1]
blocked = Blocked(Codec.from_name(sys.argv[2]))
encoder = blocked.encoder
if waits_for == "turn":
    blocked.wait_with(1)

def wait():
    if waits_for in ("room", "turn"):
        for buffer in blocked.buffers:
            last.append(buffer)
            encoder.submit(buffer)
    encoder.submit(next(blocked.buffers))
    getattr(encoder, waits_for)()

def interrupt():
    time.sleep(0.5)
    _thread.interrupt_main()

last = []
threading.Thread(target=interrupt, daemon=True).start()
try:
    wait()
except KeyboardInterrupt:
    # Nobody has taken the picture whose submission was given up.
    print("interrupted", [bool(buffer) for buffer in last[-1:]], flush=True)
blocked.go_on.set()
if waits_for == "graceful_shutdown":
    # It goes on by itself.
    wait_until(lambda: encoder.stats()["in_flight"] == 0)
else:
    encoder.flush()
    encoder.graceful_shutdown()
assert_accounted(encoder)
assert encoder.stats()["lost"] == 0
"""
    done = run_script(script, waits_for, codec.name())
    usable = "[True]" if waits_for in ("room", "turn") else "[]"
    assert (done.returncode, done.stdout) == (0, f"interrupted {usable}\n"), done.stderr


def test_calls_from_the_callback_never_wait_for_it() -> None:
    refused: list[str] = []
    finished = threading.Event()
    outputs = []
    source = buffers(map(numbered_picture, range(100)))

    def callback(output: EncodedOutput) -> None:
        outputs.append(output.id)
        if len(outputs) == 1:
            for call in [encoder.flush, encoder.shutdown, encoder.graceful_shutdown]:
                try:
                    call()
                except RuntimeError as error:
                    refused.append(str(error))
        if len(outputs) < 20:
            encoder.submit(next(source))
        elif len(outputs) == 20:
            finished.set()

    encoder = Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), callback)
    encoder.submit(next(source))
    assert finished.wait(WAIT_S)
    encoder.graceful_shutdown()
    assert len(refused) == 3 and all("callback" in text for text in refused)
    assert outputs == list(range(20))
