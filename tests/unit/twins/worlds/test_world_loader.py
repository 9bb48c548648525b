"""Worlds from their files, and the contradictions that are refused."""

import shutil
from pathlib import Path

import pytest

from twins.worlds.loader import HERE, known, load, parse_issue, seed_payload
from twins.worlds.world import Expectation, WorldError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a folder of worlds with a copy of parcel that a test may spoil."""
    shutil.copytree(HERE / "parcel", tmp_path / "parcel")
    return tmp_path


def spoil(root: Path, old: str, new: str) -> None:
    """Change one place of the copied world.yaml."""
    path = root / "parcel" / "world.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_an_unknown_world_is_named_beside_the_known_ones() -> None:
    """A typing error in a world's name is answered with the names there are."""
    assert "parcel" in known()
    with pytest.raises(WorldError, match=r"no world 'parcle'; known: .*parcel"):
        load("parcle")


def test_every_world_loads() -> None:
    """What is committed is whole: people, labels, commits and issues fit together."""
    for name in known():
        world = load(name)
        assert world.name == name
        assert world.commits
        assert world.issues


def test_filing_order_numbers_the_issues_and_priorities_differ_from_it() -> None:
    """The queue has something to sort: the first filed is not the most urgent."""
    issues = load("parcel").issues
    assert [issue.number for issue in issues] == [1, 2, 3, 4, 5]
    assert all("nightshift" in issue.labels for issue in issues)
    order = sorted(issues, key=lambda issue: (issue.priority, issue.number))
    assert [issue.number for issue in order] == [5, 3, 1, 2, 4]
    assert {issue.expect.outcome for issue in issues} == {"landed", "rejected", "dropped"}


def test_every_issue_file_has_a_title_and_a_body() -> None:
    """The first heading is the title; the rest is what a person wrote."""
    for issue in load("parcel").issues:
        assert 10 < len(issue.title) < 80
        assert "```" in issue.body
        assert not issue.body.startswith("#")
    with pytest.raises(WorldError, match="begins with"):
        parse_issue("no heading\n\nbody", "here.md")


def test_the_clause_that_rejects_stands_in_the_mission() -> None:
    """The expectation of the rejected issue cites words of the mission itself."""
    world = load("parcel")
    head = {path: text for commit in world.commits for path, text in commit.files.items()}
    cited = [issue.expect.clause for issue in world.issues if issue.expect.clause]
    assert cited
    assert all(clause in head["mission.md"].decode() for clause in cited)


def test_the_seed_names_everybody_and_the_app() -> None:
    """The GitHub twin is told of people, app, repository and installation, and nothing secret."""
    world = load("parcel")
    seed = seed_payload(world, Path("/somewhere/parcel"), "http://127.0.0.1:1/hook", "canary")
    assert set(seed) == {"users", "apps", "repos", "installations"}
    assert {user["login"] for user in seed["users"]} == {person.login for person in world.people}
    assert seed["apps"][0]["webhook_secret"] == "canary"
    assert seed["repos"][0]["collaborators"]["ines-okafor"] == "admin"
    assert seed["repos"][0]["default_branch"] == "main"
    assert seed["installations"] == [{"app": "nightshift", "repos": ["acme/parcel"]}]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("corpus: parcel", "corpsu: parcel", "corpsu"),
        ("permission: admin", "permission: king", r"people\.0\.permission"),
        ("full_name: acme/parcel", "full_nam: acme/parcel", "full_name"),
        ("login: marta-velde", "login: marta-veldt", "nobody is called 'marta-velde'"),
        ('"priority:P0", color', '"priority:P9", color', "no label 'priority:P0'"),
        ("final: [parcel/__main__.py]", "final: []", "does not end in product"),
        ("final: [parcel/__main__.py]", "final: [parcel/gone.py]", "gone.py is named"),
        ('date: "2025-01-14T09:12:40+01:00"', 'date: "2025-01-14T09:12:40"', "its zone"),
        ("name: parcel", "name: [parcel", "not YAML"),
    ],
)
def test_contradictions_are_refused_by_name(copy: Path, old: str, new: str, complaint: str) -> None:
    """A world that cannot be right says where, before anything is built from it."""
    spoil(copy, old, new)
    with pytest.raises(WorldError, match=complaint):
        load("parcel", copy)


@pytest.mark.parametrize(
    ("seen", "unmet"),
    [
        (("landed", 3, "", ""), ""),
        (("dropped", 3, "", ""), "ended dropped instead of landed"),
        (("landed", 1, "", ""), "took 1 attempts instead of 2 to 4"),
    ],
)
def test_an_expectation_says_what_did_not_happen(
    seen: tuple[str, int, str, str], unmet: str
) -> None:
    """A demo that went wrong is explained in one sentence."""
    assert Expectation("landed", (2, 4)).unmet(*seen) == unmet


def test_reason_and_clause_are_part_of_an_expectation() -> None:
    """A rejection for another reason, or without the clause, is no success."""
    expected = Expectation("rejected", (0, 0), ("out-of-scope",), "no network")
    assert "ended for 'duplicate'" in expected.unmet("rejected", 0, "duplicate", "- no network.")
    assert "cited ''" in expected.unmet("rejected", 0, "out-of-scope", "")
    assert expected.unmet("rejected", 0, "out-of-scope", "- no network.") == ""
