"""Log lines of the native code: their level, their way to Python's ``logging``, and that nobody waits for anybody."""

from __future__ import annotations

import json
import os
import re

import pytest

from scripts import run_script

# The line that is worth telling when a decoder has started.
TOLD = "is decoded in software"

# Decodes a small picture, which hardware does not take: that is worth a line, and needs a thread of its own.
DECODE = """
import logging, sys, threading
from clips_lib import CLIPS
from decoding import config, packets
from pools import wait_until
from savant_rs.deepstream import FlexibleDecoder, log_to_python, set_log_level

[(frame, data)] = packets(CLIPS["jpeg_100x100"])

def decode(callback=lambda output: None):
    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(frame, data)
    decoder.graceful_shutdown()

class Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.seen = []

    def emit(self, record):
        self.seen.append(record)

def record(handler=None):
    handler = handler or Records()
    logger = logging.getLogger("savant_rs.deepstream")
    logger.setLevel(1)
    logger.addHandler(handler)
    return handler
"""


def run(script: str) -> tuple[str, str]:
    """What the script leaves on standard output and standard error."""
    done = run_script(DECODE + script)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_lines_have_a_level_and_go_to_standard_error() -> None:
    script = """
for level in ("off", "info", "off"):
    set_log_level(level)
    print(level, file=sys.stderr, flush=True)
    decode()
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
for call in (set_log_level, log_to_python):
    try:
        call("loud")
    except ValueError as error:
        print(error)
"""
    out, err = run(script)
    assert out.count("loud") == 2
    quiet, info, again = re.split(r"^(?:off|info)$", err, flags=re.MULTILINE)[1:]
    assert TOLD in info
    assert TOLD not in quiet + again


def test_lines_become_records_of_the_logger_of_their_module() -> None:
    script = """
import time
records = record()
log_to_python()
log_to_python("info")
before = time.time()
decode()
wait_until(lambda: records.seen)
[line] = [line for line in records.seen if "is decoded in software" in line.getMessage()]
print(line.name, line.levelname, line.threadName)
assert line.name == f"savant_rs.deepstream.decoders.{line.pathname.split('/src/')[1][:-len('/mod.rs')]}"
assert line.lineno and line.thread and line.fields == {}
assert before - 1 < line.created < time.time() and 0 <= line.msecs < 1000
assert logging.Formatter("%(asctime)s %(thread)d %(filename)s %(message)s").format(line)
assert sum(thread.name == "savant-log" for thread in threading.enumerate()) == 1
set_log_level("off")
seen = len(records.seen)
decode()
set_log_level("info")
decode()
wait_until(lambda: len(records.seen) > seen)
assert sum("is decoded in software" in line.getMessage() for line in records.seen) == 2
"""
    out, err = run(script)
    assert out.split()[:2] == ["savant_rs.deepstream.decoders.engine", "INFO"]
    assert TOLD not in err


def test_a_logger_that_is_off_and_a_filter_that_raises_keep_nothing_else() -> None:
    script = """
log_to_python()
records = record()
decoders = logging.getLogger("savant_rs.deepstream.decoders.engine")
decoders.setLevel(logging.ERROR)
decode()
decoders.setLevel(logging.NOTSET)
class Raises(logging.Filter):
    def filter(self, line):
        decoders.removeFilter(self)
        raise ValueError("from the filter")
decoders.addFilter(Raises())
decode()
decode()
wait_until(lambda: records.seen)
print(len(records.seen))
"""
    out, err = run(script)
    assert out == "1\n" and "from the filter" in err


def test_handlers_and_callbacks_that_share_a_lock_and_look_at_the_decoder() -> None:
    """A handler takes the lock under which callbacks collect garbage and ask for the counters; they log, too."""
    script = """
import gc
lock = threading.RLock()
decoders = []

class Busy(Records):
    def emit(self, record):
        with lock:
            for decoder in list(decoders):
                decoder.stats()
            gc.collect()
            super().emit(record)

records = record(Busy())
log_to_python("trace")
own = logging.getLogger("savant_rs.deepstream.own")

def callback(output):
    own.info("%r", output)
    with lock:
        gc.collect()
        for decoder in list(decoders):
            decoder.stats()

def work():
    for _ in range(20):
        decoder = FlexibleDecoder(config(), callback)
        decoders.append(decoder)
        for _ in range(3):
            decoder.submit(frame, data)
        decoder.graceful_shutdown()
        decoders.remove(decoder)

workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
native = lambda: sum("is decoded in software" in line.getMessage() for line in records.seen)
wait_until(lambda: native() == 80)
print(sum(line.name.endswith("own") for line in records.seen))
"""
    out, err = run(script)
    assert out == "240\n" and TOLD not in err


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "raise SystemExit"])
def test_what_waits_at_the_exit_is_told(end: str) -> None:
    script = """
import time

class Slow(logging.Handler):
    def emit(self, record):
        time.sleep(0.02)
        print(record.getMessage(), flush=True)

record(Slow())
log_to_python()
live = FlexibleDecoder(config(), lambda output: None)
for _ in range(30):
    decode()
live.submit(frame, data)
"""
    out, err = run(script + end)
    assert out.count(TOLD) == 31 and TOLD not in err


def test_a_handler_that_hangs_does_not_keep_the_interpreter() -> None:
    # Not in emit(): that runs under the handler's lock, which logging itself takes at the exit.
    script = """
class Hangs(logging.Handler):
    def handle(self, record):
        print("hangs", flush=True)
        threading.Event().wait()

record(Hangs())
log_to_python()
decode()
"""
    assert run(script)[0] == "hangs\n"


def test_lines_that_python_does_not_keep_up_with_are_dropped_and_counted() -> None:
    """The decoder goes on while a handler blocks. Each damaged AV1 packet is worth a line."""
    script = """
import json
from decoding import make_frame
from savant_rs.primitives import Codec
goes_on = threading.Event()

class Blocks(Records):
    def emit(self, record):
        goes_on.wait()
        super().emit(record)

records = record(Blocks())
log_to_python("debug")
decoder = FlexibleDecoder(config(), lambda output: None)
[(first, key), *_] = packets(CLIPS["av1_640x360"])
decoder.submit(first, key)
for _ in range(3000):
    decoder.submit(make_frame(Codec.Av1, 640, 360), b"\\x0a\\xff\\xff")
decoder.graceful_shutdown()
assert decoder.stats()["in_flight"] == 0
goes_on.set()
wait_until(lambda: any("dropped" in line.getMessage() for line in records.seen))
about_av1 = sum(line.getMessage().startswith("AV1: ") for line in records.seen)
[told] = [line for line in records.seen if "dropped" in line.getMessage()]
print(json.dumps([about_av1, told.name, told.levelname, told.getMessage()]))
"""
    out, _ = run(script)
    about_av1, logger, level, text = json.loads(out)
    dropped = int(text.split()[0])
    assert (logger, level) == ("savant_rs.deepstream", "WARNING")
    assert dropped > 0 and about_av1 + dropped in (3000, 3001)


def test_in_a_fork_lines_go_to_standard_error_until_it_says_otherwise() -> None:
    script = """
import os
records = record()
log_to_python()

def run():
    set_log_level("info")
    decode()
    assert not records.seen
    log_to_python()
    decode()
    wait_until(lambda: len(records.seen) == 1)

child = os.fork()
if child == 0:
    run()
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert not records.seen
decode()
wait_until(lambda: len(records.seen) == 1)
"""
    if "nvidia" in " ".join(os.listdir("/dev")):
        pytest.skip("CUDA is initialised by the import, and does not work in a fork")
    _, err = run(script)
    assert err.count(TOLD) == 1
