"""A world's past as a git repository."""

from pathlib import Path

import pytest

from tests.person import git
from twins.worlds.history import build_repository
from twins.worlds.loader import known, load, product_files
from twins.worlds.world import WorldError

SCENARIOS = Path(__file__).parents[4] / "scenarios"


def test_the_same_commits_come_out_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither directory, shape nor the caller's git settings change a single id."""
    world = load("parcel")
    bare = build_repository(world, tmp_path / "bare")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "init.defaultBranch")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "trunk")
    normal = build_repository(world, tmp_path / "normal", bare=False)
    assert git(bare, "rev-parse", "main") == git(normal, "rev-parse", "main")
    assert git(normal, "status", "--porcelain") == ""
    assert git(bare, "fsck", "--strict") == ""


def test_the_history_looks_lived_in(tmp_path: Path) -> None:
    """At least six commits by more than one person, in the order of time, each with its reason."""
    world = load("parcel")
    bare = build_repository(world, tmp_path / "bare")
    lines = git(bare, "log", "--reverse", "--format=%an|%at|%cI|%s").splitlines()
    assert len(lines) == len(world.commits) >= 6
    assert len({line.split("|")[0] for line in lines}) >= 2
    times = [int(line.split("|")[1]) for line in lines]
    assert times == sorted(set(times))
    assert lines[0].split("|")[2] == "2025-01-14T09:12:40+01:00"


def test_the_head_is_the_product(tmp_path: Path) -> None:
    """What is checked out is the folder a person edits, byte for byte."""
    world = load("parcel")
    normal = build_repository(world, tmp_path / "normal", bare=False)
    tracked = git(normal, "ls-files").splitlines()
    assert world.folder is not None
    expected = product_files(world.folder / "product")
    assert {path: (normal / path).read_bytes() for path in tracked} == expected


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    """Nothing is ever built over somebody's files."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(WorldError, match="not empty"):
        build_repository(load("parcel"), tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", known())
def test_a_known_fix_applies_to_the_head(name: str, tmp_path: Path) -> None:
    """Git applies each alone, and all of them one after the other."""
    tree = build_repository(load(name), tmp_path / "tree", bare=False)
    patches = sorted(str(one) for one in SCENARIOS.glob(f"{load(name).corpus}/_oracle/*.patch"))
    assert patches
    for patch in patches:
        git(tree, "apply", "--check", patch)
    for patch in patches:
        git(tree, "apply", patch)
