"""What generators tell about their pools, and the debug mode."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from batches import PLAIN
from savant_rs.deepstream import BufferGenerator, UniformBatchGenerator

LIMIT_S = 100


def acquire_buffer(generator, **arguments):
    return generator.acquire(**arguments)


def acquire_batch(generator, **arguments):
    return generator.acquire_batch(PLAIN, **arguments)


GENERATORS = [
    pytest.param(lambda size: BufferGenerator("RGBA", 8, 8, pool_size=size), acquire_buffer, id="buffers"),
    pytest.param(lambda size: UniformBatchGenerator("RGBA", 8, 8, 2, size), acquire_batch, id="batches"),
]


@pytest.mark.parametrize(("make", "acquire"), GENERATORS)
def test_a_pool_of_fixed_size(make, acquire):
    generator = make(3)
    expected = {"capacity": 3, "free": 3, "in_use": 0, "waits": 0, "longest_wait_ms": 0.0}
    assert generator.stats() == expected
    held = [acquire(generator) for _ in range(3)]
    assert generator.stats() == expected | {"free": 0, "in_use": 3}
    with pytest.raises(TimeoutError):
        acquire(generator, timeout_ms=20)
    stats = generator.stats()
    assert stats["waits"] == 1 and stats["longest_wait_ms"] >= 20
    del held[1:]
    stats = generator.stats()
    assert (stats["free"], stats["in_use"], stats["waits"]) == (2, 1, 1)


@pytest.mark.parametrize(("make", "acquire"), GENERATORS)
def test_a_pool_without_limit(make, acquire):
    generator = make(0)
    assert generator.stats()["free"] == 0
    held = [acquire(generator) for _ in range(4)]
    assert len(held) == generator.stats()["in_use"] == 4
    del held
    stats = generator.stats()
    assert (stats["capacity"], stats["free"], stats["in_use"], stats["waits"]) == (0, 4, 0, 0)


@pytest.mark.parametrize(("make", "acquire"), GENERATORS)
def test_a_blocked_acquire_is_counted_while_it_waits(make, acquire):
    generator = make(1)
    held = [acquire(generator)]
    waiter = threading.Thread(target=acquire, args=(generator,))
    waiter.start()
    while generator.stats()["waits"] == 0 and waiter.is_alive():
        pass
    assert waiter.is_alive() and generator.stats()["longest_wait_ms"] == 0.0
    held.clear()
    waiter.join()
    stats = generator.stats()
    assert stats["waits"] == 1 and stats["longest_wait_ms"] > 0 and stats["in_use"] == 0


def run_in_debug_mode(script: str, value: str = "1") -> str:
    search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "SAVANT_POOL_DEBUG": value, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_debug_mode_names_holders_and_poisons_free_buffers(tmp_path):
    (tmp_path / "user.py").write_text("def take(acquire):\n    return acquire()\n")
    run_in_debug_mode(
        f"""
        import sys, threading
        from inspect import currentframe
        sys.path.insert(0, {str(tmp_path)!r})
        import user
        from batches import PLAIN, download
        from savant_rs.deepstream import BufferGenerator, SurfaceView, UniformBatchGenerator, set_num_filled

        buffers = BufferGenerator("NV12", 33, 17, pool_size=2)
        assert buffers.stats()["holders"] == []
        first = user.take(buffers.acquire)
        def later():
            global second, line
            second, line = buffers.acquire(), currentframe().f_lineno
        thread = threading.Thread(target=later)
        thread.start()
        thread.join()
        where = [holder["where"] for holder in buffers.stats()["holders"]]
        assert where == [user.__file__ + ":2", f"<string>:{{line}}"], where
        held = [holder["held_ms"] for holder in buffers.stats()["holders"]]
        assert held == sorted(held, reverse=True) and held[1] > 0, held
        SurfaceView.from_buffer(first).memset(1)
        SurfaceView.from_buffer(second).memset(1)
        del first
        assert [holder["where"] for holder in buffers.stats()["holders"]] == where[1:]
        assert (download(buffers.acquire()) == 0xA5).all()
        assert (download(second) == 1).all()

        batches = UniformBatchGenerator("RGBA", 33, 17, 3, 1)
        batch, line = batches.acquire_batch(PLAIN), currentframe().f_lineno
        assert [holder["where"] for holder in batches.stats()["holders"]] == [f"<string>:{{line}}"]
        batch.finalize()
        buffer = batch.shared_buffer()
        set_num_filled(buffer, 3)
        for slot in range(3):
            batch.memset_slot(slot, slot)
        del batch, buffer
        batch = batches.acquire_batch(PLAIN)
        buffer = batch.shared_buffer()
        set_num_filled(buffer, 3)
        for slot in range(3):
            assert (download(buffer, slot) == 0xA5).all()
        """
    )


@pytest.mark.parametrize("value", ["0", ""])
def test_the_debug_mode_is_off_by_default(value):
    run_in_debug_mode(
        """
        from batches import download
        from savant_rs.deepstream import BufferGenerator, SurfaceView
        generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
        buffer = generator.acquire()
        assert "holders" not in generator.stats()
        SurfaceView.from_buffer(buffer).memset(1)
        del buffer
        assert (download(generator.acquire()) == 1).all()
        """,
        value,
    )
