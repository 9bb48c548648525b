"""One show on one stage: whatever happens, and whoever interrupts it, the stage is taken down."""

import asyncio
from collections.abc import Awaitable, Callable

from rich.console import Console

from bot.errors import NightshiftError
from bot.signals import until_signal
from bot.stage.stage import Stage
from twins.worlds.loader import World

INTERRUPTED = 130

Play = Callable[[Stage, asyncio.Event], Awaitable[int]]
"""Plays on an empty stage and returns the exit code; it is cancelled when somebody interrupts."""


async def staged(world: World, console: Console, play: Play, *, keep: bool = False) -> int:
    """Make a stage, play, take the stage down; return the play's code, or 130.

    Signals are heard from before the first file is made until the last one is gone: a second one
    while everything is being stopped does not leave half of it behind.
    """
    async with until_signal() as interrupted:
        stage = Stage.make(world)
        playing = asyncio.ensure_future(play(stage, interrupted))
        stopping = asyncio.ensure_future(interrupted.wait())
        try:
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                console.print("stopping what was started ...")
            elif keep and playing.exception() is None:
                console.print("everything keeps running; Ctrl-C ends it", style="bold")
                await stopping
        finally:
            for task in (playing, stopping):
                task.cancel()
            ended, _ = await asyncio.gather(playing, stopping, return_exceptions=True)
            await stage.close(keep=_names_a_file(ended, stage))
    if playing.cancelled():
        console.print("interrupted: everything was stopped, and nothing is left behind")
        return INTERRUPTED
    return playing.result()


def _names_a_file(ended: object, stage: Stage) -> bool:
    """Whether somebody is told to read a file of the stage: then it has to be there."""
    return isinstance(ended, NightshiftError) and str(stage.state) in ended.remedy
