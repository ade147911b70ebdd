"""Log lines of the native code as records of Python's ``logging``."""

from __future__ import annotations

import logging
import os
import threading
import traceback

from savant_rs.deepstream import _native

# At the exit: a handler that hangs keeps nobody for longer.
_EXIT_LIMIT_S = 5.0

# A signal handler may fork.
_lock = threading.RLock()
_pump: threading.Thread | None = None


def log_to_python(level: str = "info") -> None:
    """Hands the log lines of the native code to Python's ``logging`` instead of standard error. Addition.

    A line of the crate ``decoders`` goes to a logger below ``savant_rs.deepstream.decoders``, and so on; its record has
    the time, the name and the system's number of the thread that it comes from, and ``fields``, a ``dict`` of texts.
    One daemon thread of Python calls the handlers, so native threads wait neither for them nor for the GIL. Up to
    1,024 lines wait for it; how many were dropped beyond that is told. At the interpreter's exit it hands over what
    waits, for 5 s at most. In a fork lines go to standard error until it is called there.

    ``level`` is that of ``set_log_level``, which changes it later: loggers and handlers filter what is left. May be
    called again. Does not block. Raises ``ValueError`` for an unknown level, and ``RuntimeError`` where an application
    in Rust takes the lines itself.
    """
    global _pump
    _native.set_log_level(level)
    with _lock:
        if _pump is None:
            _native._open_log()
            _pump = threading.Thread(target=_hand_over, name="savant-log", daemon=True)
            _pump.start()


def finish() -> None:
    """Hands over what waits; later lines go to standard error. For the interpreter's exit."""
    _native._close_log()
    if _pump is not None:
        _pump.join(_EXIT_LIMIT_S)


def _hand_over() -> None:
    while (lines := _native._next_log_lines()) is not None:
        for attributes in lines:
            try:
                _handle(logging.makeLogRecord(attributes))
            except Exception:
                # Handlers see to their own errors; a filter's must not keep the lines behind.
                traceback.print_exc()


def _handle(record: logging.LogRecord) -> None:
    record.levelname = logging.getLevelName(record.levelno)
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _before_fork() -> None:
    _lock.acquire()
    _native._hold_log()


def _after_fork_in_parent() -> None:
    _native._release_log(is_child=False)
    _lock.release()


def _after_fork_in_child() -> None:
    global _pump
    _pump = None
    _native._release_log(is_child=True)
    _lock.release()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
