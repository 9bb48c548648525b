"""Whatever ends a show, nothing of it stays behind, and the exit code says what ended it."""

import asyncio
import io
import os
import shutil
import signal

import pytest
from rich.console import Console

from bot.errors import EnvironmentProblem, UsageError
from bot.stage.stage import Stage
from bot.stage.staged import INTERRUPTED, staged
from twins.worlds.loader import load

SIGNALS = [signal.SIGINT, signal.SIGTERM]


class Shown:
    """A console that remembers, and the stage that was played on."""

    def __init__(self) -> None:
        self.page = io.StringIO()
        self.console = Console(file=self.page, width=100)
        self.stage: Stage | None = None

    def gone(self) -> bool:
        """Whether the stage's folder is no more."""
        return self.stage is not None and not self.stage.state.exists()


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_at_any_moment_takes_the_stage_down(number: signal.Signals) -> None:
    """Also one that comes before anything was started, and a second one while all is stopped."""
    shown = Shown()

    async def play(stage: Stage, _: asyncio.Event) -> int:
        shown.stage = stage
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), number)
        return 0

    code = await staged(load("parcel"), shown.console, play)

    assert INTERRUPTED == code
    assert shown.gone()
    assert ["stopping what was started ...", "interrupted"] == [
        line.partition(":")[0] for line in shown.page.getvalue().splitlines()
    ]


async def test_the_play_decides_the_code_when_nobody_interrupts() -> None:
    """Its error is raised as it is, after the stage has gone."""
    shown = Shown()

    async def play(stage: Stage, _: asyncio.Event) -> int:
        shown.stage = stage
        raise UsageError("a mistake")

    async def three(_: Stage, __: asyncio.Event) -> int:
        return 3

    with pytest.raises(UsageError, match="a mistake"):
        await staged(load("parcel"), shown.console, play, keep=True)

    assert shown.gone()
    assert 3 == await staged(load("parcel"), shown.console, three)


async def test_a_file_that_somebody_is_told_to_read_is_there() -> None:
    """The message names a log; everything was stopped, and the log stays."""
    shown = Shown()

    async def play(stage: Stage, _: asyncio.Event) -> int:
        shown.stage = stage
        raise EnvironmentProblem("a role did not start", remedy=f"read {stage.state}/logs/x.log")

    with pytest.raises(EnvironmentProblem):
        await staged(load("parcel"), shown.console, play)

    assert shown.stage is not None
    assert (shown.stage.state / "logs").is_dir()
    shutil.rmtree(shown.stage.state)


async def test_what_is_kept_stays_until_somebody_ends_it() -> None:
    """The result's own code survives the Ctrl-C that ends the looking around."""
    shown = Shown()

    async def play(stage: Stage, _: asyncio.Event) -> int:
        shown.stage = stage
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
        return 3

    code = await staged(load("parcel"), shown.console, play, keep=True)

    assert 3 == code
    assert shown.gone()
    assert "everything keeps running" in shown.page.getvalue()
    assert "interrupted" not in shown.page.getvalue()
