"""Decoders and pools under any use of threads: nothing hangs, and every frame is accounted for."""

from __future__ import annotations

import os
import threading

import pytest

from decoding import assert_accounted, config
from pools import pool_config, wait_until
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderPool
from schedules import run_schedule
from scripts import run_script
from test_decoder_pool import RAW, raw_frame

SCHEDULES = int(os.environ.get("SAVANT_SCHEDULES", "150"))


@pytest.mark.timeout(1800)
def test_random_schedules_of_real_threads() -> None:
    """Submits, ends of stream, evictions and shutdowns from many threads, with callbacks of every bad manner.

    ``SAVANT_SCHEDULES`` sets how many; schedule n is that of seed n.
    """
    for seed in range(SCHEDULES):
        run_schedule(seed)


@pytest.mark.parametrize("end", ["shutdown", "drop"])
def test_a_submitter_that_waits_for_buffers_is_woken_by_the_end(end: str) -> None:
    held, errors = [], []
    decoder = FlexibleDecoder(config(pool_size=2), held.append)

    def feed(submit: object) -> None:
        try:
            while True:
                submit(raw_frame("camera-1"), RAW)
        except RuntimeError as error:
            errors.append(str(error))

    feeder = threading.Thread(target=feed, args=(decoder.submit,))
    feeder.start()
    wait_until(lambda: decoder.stats()["queue_depths"]["input"] == 16)
    wait_until(lambda: decoder.stats()["blocked_on"] == "pool")
    decoder.shutdown()
    feeder.join(30)
    assert not feeder.is_alive()
    assert errors == ["the decoder is shut down"]
    if end == "drop":
        del decoder
    else:
        assert_accounted(decoder.stats())


def test_an_end_of_stream_from_the_callback_and_shutdown_from_another_thread() -> None:
    kinds = []

    def callback(output: object) -> None:
        kinds.append(repr(output))
        if output.is_frame:
            decoder.source_eos("from the callback")
            decoder.submit(raw_frame("camera-1"), RAW)

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(raw_frame("camera-1"), RAW)
    wait_until(lambda: len(kinds) > 50)
    decoder.shutdown()
    frames = [index for index, kind in enumerate(kinds) if "Frame" in kind]
    assert frames == list(range(0, len(kinds), 2)), "each end of stream is behind its frame"
    assert_accounted(decoder.stats())


def test_a_callback_that_blocks_does_not_keep_a_pool_from_its_immediate_end() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def callback(output: object) -> None:
        inside.set()
        go_on.wait(60)

    pool = FlexibleDecoderPool(pool_config(), callback)
    for _ in range(8):
        pool.submit(raw_frame("a"), RAW)
    assert inside.wait(30)
    # It is waited for, but not for ever.
    pool.shutdown()
    go_on.set()
    assert_accounted(pool.stats())


def test_an_interpreter_that_exits_with_a_busy_pool() -> None:
    script = """
import threading
from pools import packets_for
from clips_lib import CLIPS
from savant_rs.deepstream import FlexibleDecoderPool, FlexibleDecoderPoolConfig

held = []
pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, 2, 1), held.append, lambda source: None)

def feed(source):
    while True:
        for frame, data in packets_for(CLIPS["h264_320x240"], source):
            pool.submit(frame, data)

for index in range(4):
    threading.Thread(target=feed, args=(f"s{index}",), daemon=True).start()
while len(held) < 8:
    pass
print("exits")
"""
    for _ in range(3):
        done = run_script(script)
        # NVIDIA's element says a line for each decoder.
        assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["exits"]), done.stderr


@pytest.mark.parametrize("kind", ["decoder", "pool"])
def test_an_interpreter_that_exits_while_an_interrupted_shutdown_goes_on(kind: str) -> None:
    script = """
import _thread, sys, threading, time
from test_decoder_pool import RAW, raw_frame
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, FlexibleDecoderPool, FlexibleDecoderPoolConfig

go_on = threading.Event()

def callback(output):
    go_on.wait(30)
    for _ in range(200):
        time.sleep(0.001)

if sys.argv[1] == "decoder":
    target = FlexibleDecoder(FlexibleDecoderConfig("a", 0, 4), callback)
else:
    target = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, 4, 60000), callback)
for _ in range(4):
    target.submit(raw_frame("a"), RAW)

def interrupt():
    time.sleep(0.3)
    _thread.interrupt_main()

threading.Thread(target=interrupt, daemon=True).start()
try:
    target.graceful_shutdown()
except KeyboardInterrupt:
    print("interrupted", flush=True)
go_on.set()
"""
    done = run_script(script, kind)
    assert done.returncode == 0 and done.stdout.endswith("interrupted\n"), (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("waits_for", ["room", "decision", "drain", "output"])
def test_ctrl_c_ends_a_wait(waits_for: str) -> None:
    script = """
import _thread, sys, threading, time
from test_decoder_pool import RAW, raw_frame
from savant_rs.deepstream import FlexibleDecoderPool, FlexibleDecoderPoolConfig

waits_for = sys.argv[1]
held, asked, decide = [], threading.Event(), threading.Event()

def evict(source):
    asked.set()
    decide.wait(60)

callback = None if waits_for == "output" else held.append
pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, 2, 50 if waits_for == "decision" else 60000), callback, evict)
def submit():
    pool.submit(raw_frame("a"), RAW)
def wait():
    if waits_for == "decision":
        submit()
        assert asked.wait(30)
        submit()
    elif waits_for == "output":
        next(pool.outputs())
    else:
        for _ in range(8 if waits_for == "drain" else 100):
            submit()
        pool.graceful_shutdown()

def interrupt():
    time.sleep(0.5)
    _thread.interrupt_main()

threading.Thread(target=interrupt, daemon=True).start()
try:
    wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
decide.set()
"""
    done = run_script(script, waits_for)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_a_fork_is_told_and_ends() -> None:
    script = """
import gc, os, sys
from test_decoder_pool import RAW, raw_frame
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, FlexibleDecoderPool, FlexibleDecoderPoolConfig

decoder = FlexibleDecoder(FlexibleDecoderConfig("s", 0, 4), lambda output: None)
pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, 4, 60000), lambda output: None)
for _ in range(8):
    decoder.submit(raw_frame("s"), RAW)
    pool.submit(raw_frame("s"), RAW)
child = os.fork()
if child == 0:
    made_here = FlexibleDecoder(FlexibleDecoderConfig("s", 0, 4), lambda output: None)
    calls = [lambda: decoder.submit(raw_frame("s"), RAW), lambda: pool.submit(raw_frame("s"), RAW),
             lambda: made_here.submit(raw_frame("s"), RAW), lambda: decoder.source_eos("s"),
             decoder.shutdown, pool.graceful_shutdown]
    for call in calls:
        try:
            call()
        except RuntimeError as error:
            assert "forked" in str(error) and "spawn" in str(error), error
        else:
            os._exit(3)
    del made_here, decoder, pool, calls, call
    gc.collect()
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
decoder.graceful_shutdown()
pool.graceful_shutdown()
assert decoder.stats()["delivered"] == pool.stats()["delivered"] == 8
print("done")
"""
    done = run_script(script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_a_child_of_a_process_that_did_nothing_yet_ends() -> None:
    script = """
import os, sys
import savant_rs.deepstream

child = os.fork()
if child == 0:
    print("the child", flush=False)
    sys.exit(7)
print("exit status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = run_script(script)
    assert (done.returncode, done.stdout) == (0, "the child\nexit status 7\n"), done.stderr


def test_a_child_forked_before_the_first_decoder_may_decode() -> None:
    script = """
import os
from decoding import packets
from clips_lib import CLIPS
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig

def run():
    decoder = FlexibleDecoder(FlexibleDecoderConfig("camera-1", 0, 4), lambda output: None)
    for frame, data in packets(CLIPS["mjpeg_480x272"]):
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    return decoder.stats()["delivered"]

child = os.fork()
if child == 0:
    os._exit(run())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == run() == 30
print("done")
"""
    if "nvidia" in " ".join(os.listdir("/dev")):
        pytest.skip("CUDA is initialised by the import, and does not work in a fork")
    done = run_script(script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
