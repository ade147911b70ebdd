"""Waiting for outputs in an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from savant_rs.deepstream import DecoderOutputs, FlexibleDecoderOutput


def _complete(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def next_output(outputs: DecoderOutputs) -> FlexibleDecoderOutput:
    """The next output; ``StopAsyncIteration`` after the last."""
    loop = asyncio.get_running_loop()
    while True:
        ready: asyncio.Future[None] = loop.create_future()

        def waker(ready: asyncio.Future[None] = ready) -> None:
            with suppress(RuntimeError):  # The loop is closed: nobody waits.
                loop.call_soon_threadsafe(_complete, ready)

        outputs._when_ready(waker)
        await ready
        try:
            output = outputs._take()
        except ValueError:
            # Another task was faster.
            continue
        if output is None:
            raise StopAsyncIteration
        return output
