"""The known fixes of every world: whole, marked, and out of everybody's sight but the panel's."""

import re
from pathlib import Path

import pytest

from bot.validator.loader import corpus_digest, load_corpus
from twins.worlds.loader import known, load

SCENARIOS = Path(__file__).parents[4] / "scenarios"
CANARY = re.compile(r"canary-[0-9a-f]{12}")
FIXES = [
    (name, issue.number)
    for name in known()
    for issue in load(name).issues
    if issue.expect.outcome == "landed"
]


def patch_of(name: str, issue: int) -> Path:
    """Say where the known fix of an issue lies."""
    return SCENARIOS / load(name).corpus / "_oracle" / f"issue-{issue}.patch"


def test_every_issue_that_can_land_has_a_known_fix() -> None:
    """The oracle coder has something for each of them, and for nothing else."""
    there = {
        patch for name in known() for patch in SCENARIOS.glob(f"{load(name).corpus}/_oracle/*")
    }
    assert there == {patch_of(name, issue) for name, issue in FIXES}


@pytest.mark.parametrize("name", known())
def test_known_fixes_are_no_part_of_the_corpus(name: str, tmp_path: Path) -> None:
    """The validator neither loads nor counts them: its corpus is the same without."""
    folder = SCENARIOS / load(name).corpus
    assert not any("_oracle" in one.file for one in load_corpus(folder).scenarios)
    for path in folder.rglob("*.md"):
        (tmp_path / path.relative_to(folder)).parent.mkdir(exist_ok=True)
        (tmp_path / path.relative_to(folder)).write_bytes(path.read_bytes())
    assert corpus_digest(tmp_path) == corpus_digest(folder)


def test_every_known_fix_carries_its_own_mark() -> None:
    """A leak of a fix is found as a leak of a scenario is, and no world holds one."""
    marks = [set(CANARY.findall(patch_of(*fix).read_text())) for fix in FIXES]
    assert all(len(found) == 1 for found in marks)
    assert len(set.union(*marks)) == len(FIXES)


@pytest.mark.parametrize(("name", "issue"), FIXES)
def test_the_lines_of_a_fix_stand_nowhere_in_the_world(name: str, issue: int) -> None:
    """No commit and no issue holds the mended line: whoever mends it has found it."""
    text = patch_of(name, issue).read_text()
    added = {line[1:].strip() for line in text.split("\n") if re.match(r"\+[^+]", line)}
    world = load(name)
    told = [content.decode() for commit in world.commits for content in commit.files.values()]
    told += [story.body for story in world.issues]
    for line in added - {"from decimal import ROUND_CEILING, Decimal"}:
        assert not [one for one in told if line in one]
