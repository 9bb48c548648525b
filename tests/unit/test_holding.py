"""`nightshift pause` and `resume`, as an owner types them."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.adapters.store import Store
from bot.supervise import Supervisor


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the database of an installation that was started once."""
    (tmp_path / "shared").mkdir()
    address = Supervisor(tmp_path, None).database_url
    asyncio.run(_with(address))
    return address


async def _with(url: str, source: str = "", *, on: bool = True) -> list[str]:
    """Put an issue's hand on the switch, or take it off; return who has one on it."""
    async with Store(url) as store:
        if source:
            await (store.pause(source, "label") if on else store.resume(source))
        return [pause.source for pause in await store.pauses()]


def test_the_owner_holds_and_lets_go(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice is once, and what an issue holds only the issue lets go."""
    words = ["--state", str(tmp_path), "--config", str(tmp_path)]
    assert 0 == main(["pause", *words])
    assert 0 == main(["pause", *words])
    assert ["owner"] == asyncio.run(_with(url))
    asyncio.run(_with(url, "acme/parcel#7"))
    assert 1 == main(["resume", *words])
    said = capsys.readouterr().out
    assert "still held by acme/parcel#7: label" in said
    assert "nightshift resume --all" in said
    asyncio.run(_with(url, "acme/parcel#7", on=False))
    assert 0 == main(["resume", *words])
    assert [] == asyncio.run(_with(url))
    assert "it was not paused from here" in capsys.readouterr().out
    asyncio.run(_with(url, "acme/parcel#7"))
    assert 0 == main(["resume", "--all", *words])
    assert [] == asyncio.run(_with(url))


def test_a_folder_where_nothing_ever_ran_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No database is made by asking, and the next step is named."""
    assert 2 == main(["pause", "--state", str(tmp_path), "--config", str(tmp_path)])
    assert "--state" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())
