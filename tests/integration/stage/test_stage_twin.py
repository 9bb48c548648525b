"""A twin starts as a process of its own, says where it is, and goes away."""

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from bot.errors import EnvironmentProblem
from bot.stage.twin import Twin


def alive(pid: int) -> bool:
    """Say whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_twin_lives_and_ends(tmp_path: Path) -> None:
    """Its admin routes answer; after `stop` there is no process, and a second stop is nothing."""
    twin = await Twin.start("twins.anthropic", log=tmp_path / "log")
    try:
        health = await twin.admin("GET", "health")
        assert health["ok"]
        assert alive(twin.pid)
        with pytest.raises(aiohttp.ClientResponseError):
            await twin.admin("POST", "faults", {"no-such-key": 1})
    finally:
        await twin.stop()
    assert not alive(twin.pid)
    await asyncio.wait_for(twin.stop(), 1)


async def test_what_our_own_programs_miss_is_told(tmp_path: Path) -> None:
    """Each route once; what a person tries by hand makes nothing invalid."""
    twin = await Twin.start("twins.github", log=tmp_path / "log")
    try:
        async with aiohttp.ClientSession() as session:
            for client in ("nightshift", "nightshift", "curl/8"):
                place = f"{twin.url}/repos/o/r/{client[:4]}"
                async with session.get(place, headers={"User-Agent": client}) as answer:
                    assert answer.status == 501
        assert await twin.unmodelled() == ("GET /repos/o/r/nigh",)
    finally:
        await twin.stop()


async def test_a_twin_that_does_not_start_is_explained(tmp_path: Path) -> None:
    """With the log that says why."""
    with pytest.raises(EnvironmentProblem) as caught:
        await Twin.start("twins.anthropic", "--brain", "nonsense", log=tmp_path / "log")
    assert str(tmp_path / "log") in caught.value.remedy
    assert "--brain is search" in (tmp_path / "log").read_text()
