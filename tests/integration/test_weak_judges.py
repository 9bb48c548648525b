"""The same forgeries under the designs of the field: each of those lets some through."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.validator.trajectories import Runner
from tests.integration.test_validator_forgers import FORGERIES, RIGHT
from tests.integration.weak_judges import AIMED, BlackBox, WeakJudges

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

UID_BASE = 2_400_000 + os.getpid() % 20_000 * 16
TWENTY = {name: AIMED.get(name, files) for name, files in list(FORGERIES.items())[:20]}
TEXT = {4, 5, 6, 7, 8, 9, 10, 13, 14}
"""They bend the judged process itself: what it says of itself is theirs to choose."""
REPORT = TEXT | {11}
OUTSIDE_EXIT = TEXT | {2, 3, 11}
BESIDE = OUTSIDE_EXIT | {12}


@dataclass
class Table:
    """Who accepted what."""

    weak: Mapping[str, set[str]]
    ours: Mapping[str, bool]
    honest: set[str]
    honest_ours: bool

    def accepted(self, design: str) -> set[int]:
        """Return the numbers of the forgeries that a weak design accepts."""
        return {int(name.split()[0]) for name, by in self.weak.items() if design in by}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a directory that the users of boxes can walk."""
    made = Path(tempfile.mkdtemp(prefix="nightshift-weak-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def table(folder: Path) -> AsyncIterator[Table]:
    """Ask every judge about every product once."""
    config = LauncherConfig(2, UID_BASE, (folder,), folder / "work")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=folder / "work")
    pool = await BoxPool.open(settings, await spawn_launcher(config))
    try:
        weak, ours = WeakJudges.over(pool, folder), BlackBox(Runner(pool))
        products = {**TWENTY, "right": {"tally/__init__.py": RIGHT}}
        asked = [(files, 4 if name == "16 hang" else 60) for name, files in products.items()]
        by = await asyncio.gather(*[weak.accepting(*question) for question in asked])
        box = await asyncio.gather(*[ours.accepts(*question) for question in asked])
        heard, seen = dict(zip(products, by, strict=True)), dict(zip(products, box, strict=True))
        honest, honest_ours = heard.pop("right"), seen.pop("right")
        yield Table(heard, seen, honest, honest_ours)
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("design", "accepted"),
    [
        ("beside, exit code", BESIDE),
        ("outside, exit code", OUTSIDE_EXIT),
        ("outside, report", REPORT),
        ("outside, text", TEXT),
    ],
)
async def test_a_weak_judge_lets_forgeries_through(
    table: Table, design: str, accepted: set[int]
) -> None:
    """Just these of the twenty, so the forgeries are real and this suite can fail."""
    assert accepted == table.accepted(design)


async def test_ours_lets_none_through(table: Table) -> None:
    """On the very same examples, in the same boxes, the black box accepts no forgery."""
    assert [] == [name for name, accepted in table.ours.items() if accepted]


async def test_honest_work_passes_every_judge(table: Table) -> None:
    """The right product is accepted by all designs: none is merely broken."""
    assert {"beside, exit code", "outside, exit code", "outside, report", "outside, text"} == (
        table.honest
    )
    assert table.honest_ours
