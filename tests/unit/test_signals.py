"""A process that is asked to end hears it, and afterwards signals are as they were."""

import asyncio
import os
import signal

import pytest

from bot.signals import until_signal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event(number: signal.Signals) -> None:
    """Either signal, once or twice; nothing is raised."""
    before = signal.getsignal(signal.SIGTERM)
    async with until_signal() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)
    assert signal.getsignal(signal.SIGTERM) == before
