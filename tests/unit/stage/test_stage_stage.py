"""The stage gives each role what is its own, and leaves nothing behind."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from bot.domain.role import Role
from bot.errors import ScenarioError, UsageError
from bot.stage.demo import DemoOptions, demo
from bot.stage.stage import Place, Stage
from bot.stage.trial import check_scenarios
from bot.supervise import CODE
from bot.validator.loader import corpus_digest, find_corpus
from twins.worlds.loader import load
from twins.worlds.world import Repository


@pytest.fixture
def stage() -> Stage:
    """Make the folder of a stage on which nothing is started."""
    return Stage.make(load("parcel"))


async def test_a_stage_cleans_up(stage: Stage) -> None:
    """Closing before anything was opened is fine."""
    assert stage.state.is_dir()
    await stage.close()
    assert not stage.state.exists()


async def test_scenarios_are_behind_the_wall(stage: Stage) -> None:
    """The one copy belongs to the validator and nobody else can enter its folder."""
    corpus = CODE / "scenarios" / "parcel"
    key = stage._open_wall([Place(stage.world.repository, corpus, corpus)])
    home = stage.supervisor.home(Role.VALIDATOR)
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "corpora").stat().st_mode & 0o077 == 0
    assert (home / "corpora" / "acme__parcel" / "README.md").is_file()
    assert (home / "signing-key.pem").stat().st_mode & 0o077 == 0
    assert len(bytes.fromhex(key)) == 32
    owner = home.stat().st_uid
    assert all(path.lstat().st_uid == owner for path in home.rglob("*"))
    assert (owner != 0) or os.geteuid() != 0
    await stage.close()


async def test_repositories_find_the_corpus_that_is_theirs(stage: Stage) -> None:
    """Each of them finds the scenarios under its own name; one without any finds none."""
    corpus, here = CODE / "scenarios" / "parcel", Path()
    shown = (("a/one", corpus), ("a/two", corpus), ("a/three", None))
    stage._open_wall([Place(Repository(name), here, scenarios) for name, scenarios in shown])
    corpora = stage.supervisor.home(Role.VALIDATOR) / "corpora"
    found = {name: find_corpus(corpora, name) for name, _ in shown}
    assert {corpora / "a__one", corpora / "a__two", None} == set(found.values())
    assert corpus_digest(corpora / "a__two") == corpus_digest(corpus)
    await stage.close()


async def test_a_role_gets_only_its_own_environment(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the person's shell goes along but what describes the machine."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    monkeypatch.setenv("NIGHTSHIFT_APP_KEY", "canary")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:canary@mirror.example/simple")
    for role in Role:
        given = stage._environment(role, {"NIGHTSHIFT_OWN": "1"}, 2)
        assert given["NIGHTSHIFT_OWN"] == "1"
        assert given["HOME"] == given["NIGHTSHIFT_STATE"] == str(stage.supervisor.home(role))
        leaks = {name for name, value in given.items() if "canary" in value}
        resolver = set() if role is Role.SERVER else {"NIGHTSHIFT_RESOLVER_ENV"}
        assert leaks == resolver
    await stage.close()


async def test_an_unknown_world_is_a_usage_error() -> None:
    """The message names the worlds that there are."""
    with pytest.raises(UsageError, match="parcel"):
        await demo(DemoOptions(world="atlantis"), Console(quiet=True))


def test_a_corpus_is_read_before_anything_starts(tmp_path: Path) -> None:
    """No folder, no scenario, or one with a mistake."""
    with pytest.raises(UsageError, match="no folder"):
        check_scenarios(tmp_path / "none")
    with pytest.raises(UsageError, match="no scenario"):
        check_scenarios(tmp_path)
    text = next((CODE / "scenarios" / "parcel" / "gate").glob("*.md")).read_text()
    (tmp_path / "one.md").write_text(text.replace("kind:", "kynd:", 1))
    with pytest.raises(ScenarioError, match="kynd"):
        check_scenarios(tmp_path)
    (tmp_path / "one.md").write_text(text)
    assert check_scenarios(tmp_path) == "none of them is sealed"
    sealed = text.replace("set: gate", "set: sealed").replace("id: ", "id: sealed-", 1)
    (tmp_path / "two.md").write_text(sealed)
    assert check_scenarios(tmp_path) == "1 in the gate, 25 are needed"
