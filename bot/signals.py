"""Ends a process the polite way."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def until_signal() -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set on SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def run_to_the_end(work: Coroutine[Any, Any, int]) -> int:
    """Run what a person started; SIGTERM ends it as Ctrl-C does: tidied up, and exit code 130."""

    async def whole() -> int:
        me = asyncio.current_task()
        if me is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
        return await work

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        return 130
