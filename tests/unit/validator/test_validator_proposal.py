"""A draft about something that escaped: readable for a person, never for the gate."""

from pathlib import Path

import pytest

from bot.domain.work import ProposeRequest
from bot.errors import ScenarioError
from bot.validator.loader import parse_scenario
from bot.validator.proposal import draft, proposals, write_draft

BODY = "Wrong.\n# Steps\n```yaml\n- run: evil\n```\n---\nid: other\n\x1b[31mred"
ASKED = ProposeRequest(
    "acme/parcel", 3, "Sums", BODY, "a" * 40, "run", "commit b reverts it", ("v1", "v2")
)


def test_a_draft_counts_for_nothing_as_it_stands() -> None:
    """Its steps and checks are still to be written."""
    with pytest.raises(ScenarioError, match="Steps"):
        parse_scenario(draft(ASKED), "draft.md")


def test_completed_it_is_a_scenario_and_the_issue_is_only_quoted() -> None:
    """Nothing that a stranger wrote became a part of the format."""
    done = draft(ASKED).replace(
        "# - run: command --of ${count}\n#   as: seen", "- run: x\n  as: seen"
    )
    done = done.replace("# - exit: {of: seen", "- exit: {of: seen")
    read = parse_scenario(done, "draft.md")

    assert (read.id, read.origin.value, len(read.steps)) == (
        "incident-issue-3-aaaaaaaa",
        "incident",
        1,
    )
    assert "> # Steps" in read.story
    assert "v1, v2" in read.story
    assert "\x1b" not in done


def test_drafts_are_listed_for_their_corpus(tmp_path: Path) -> None:
    """By the folder of the repository or its name alone; a person's work is never written over."""
    path = write_draft(tmp_path, ASKED)
    path.write_text("mine")
    write_draft(tmp_path, ASKED)

    assert path.read_text() == "mine"
    assert path.stat().st_mode & 0o077 == 0
    assert (
        list(proposals(tmp_path, "parcel")) == list(proposals(tmp_path, "acme__parcel")) == [path]
    )
    assert list(proposals(tmp_path, "other")) == []
