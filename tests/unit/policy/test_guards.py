"""Every guard fires on what it is for, and an honest change passes them all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.change import Diff, FileDiff, FileStatus
from bot.domain.mission import Environment, Limits, Mission
from bot.policy.guards import MOST_FINDINGS, RULES, inspect
from bot.policy.paths import is_test, matches

MISSION = Mission(checks=("python -m pytest -q",), protected=("tests/contract/**", "Data?.txt"))
RANDOM = "q7Zr9XkP2mVb8Lt4" + "Ys6Wn1Hc3Jd5Gf0QaEx"
"""Made of two halves, so that this file itself passes the guard."""


def change(
    path: str,
    new: str | None = "x = 1\n",
    old: str | None = None,
    *,
    mode: str = "100644",
    old_mode: str | None = None,
    binary: bool = False,
) -> FileDiff:
    """Build one path of a diff the way the substrate does."""
    status = FileStatus.MODIFIED
    if old is None and old_mode is None:
        status = FileStatus.ADDED
    if new is None and not binary:
        status = FileStatus.DELETED
    before = "" if status is FileStatus.ADDED else (old_mode or "100644")
    after = "" if status is FileStatus.DELETED else mode
    added, removed = (new or "").count("\n"), (old or "").count("\n")
    return FileDiff(path, status, before, after, added, removed, binary, old, new)


def diff(*files: FileDiff) -> Diff:
    """Build a diff of some paths."""
    return Diff("a" * 40, "b" * 40, files, "")


def fired(*files: FileDiff, mission: Mission = MISSION) -> set[str]:
    """Return the names of the rules that a change breaks."""
    return {finding.rule for finding in inspect(diff(*files), mission)}


def test_an_honest_change_passes() -> None:
    """Code, its test, a new test and a version number are nobody's business."""
    files = (
        change("src/parcel/quote.py", "a = 2\n", "a = 1\n"),
        change(
            "tests/test_quote.py",
            "def test_a():\n    assert 1 + 1\n    assert 2 + 2\n",
            "def test_a():\n    assert 1 + 1\n",
        ),
        change("tests/test_new.py", "import pytest\n@pytest.mark.skip\ndef test_b(): pass\n"),
        change("pyproject.toml", '[project]\nversion = "2"\n', '[project]\nversion = "1"\n'),
        change("docs/image.png", None, "", old_mode="100644"),
        change("run.sh", "#!/bin/sh\n", mode="100755"),
        change("README.md", "commit 8f14e45fceea167a5a36dedd4bea2543\n", "a\n"),
    )

    assert inspect(diff(*files), MISSION) == ()


BAD = [
    ("path", change("src/e\u0301.py")),
    ("path", change("src/a\u202eb.py")),
    ("path", change("src/a.")),
    ("path", change("../up.py")),
    ("path", change("a/.GIT/config")),
    ("path", change(".jj/x")),
    ("path", change("a\\b")),
    ("path", change("aux.txt")),
    ("protected", change("mission.md", "b", "a")),
    ("protected", change(".GitHub/workflows/ci.yml")),
    ("protected", change("sub/.gitattributes")),
    ("protected", change("tests/conftest.py")),
    ("protected", change("scenarios/parcel/x.md")),
    ("protected", change("CODEOWNERS")),
    ("protected", change("tests/contract/deep/test_x.py")),
    ("protected", change("data1.txt")),
    ("protected", change("AGENTS.md", None, "old")),
    ("manifest", change("requirements-dev.txt", "b", "a")),
    ("manifest", change("setup.py", "b", "a")),
    ("manifest", change("web/package.json")),
    ("manifest", change("pyproject.toml", '[project]\ndependencies=["x"]\n', "[project]\n")),
    ("manifest", change("pyproject.toml", "[tool.pytest.ini_options]\naddopts='-x'\n", "")),
    ("manifest", change("pyproject.toml", "[broken", "[project]\n")),
    ("manifest", change("setup.cfg", "[tool:pytest]\naddopts=-x\n", "[metadata]\nname=a\n")),
    ("size", change("a.py", "x\n" * 601)),
    ("symlink", change("link", "/etc/passwd", mode="120000")),
    ("symlink", change("link", "other", "old", mode="120000", old_mode="120000")),
    ("symlink", change("link", "data", "old", old_mode="120000")),
    ("submodule", change("vendor", None, binary=True, mode="160000")),
    ("mode", change("a.py", "b", "a", mode="100755")),
    ("mode", change("a.py", "no script", mode="100755")),
    ("mode", change("a.py", "no script", mode="100664")),
    ("binary", change("a.bin", None, binary=True)),
    ("binary", change("a.txt", None, "x", binary=True)),
    ("test-deleted", change("tests/test_a.py", None, "def test_a(): assert x\n")),
    ("test-deleted", change("pkg/tests/data.json", None, "{}")),
    ("secret", change("a.py", "k = 'AKIA" + "ABCDEFGHIJKLMNOP'\n")),
    ("secret", change("a.pem", "-----BEGIN RSA PRIVATE" + " KEY-----\n")),
    ("secret", change("a.py", f"token = '{RANDOM}'\n")),
    ("secret", change("a.py", "u = 'https://joe:hunter2@" + "example.com/'\n")),
    ("hidden-text", change("a.py", "x = 1  # \u202e evil\n")),
    ("hidden-text", change("a.py", "x = 1\u200b\n")),
    ("hidden-text", change("a.py", "x = 1\n# \U000e0041\n")),
    ("conflict-marker", change("a.py", "<<<<<<< conflict 1 of 1\n")),
]


@pytest.mark.parametrize(("rule", "file"), BAD)
def test_each_rule_fires_alone_on_its_own_case(rule: str, file: FileDiff) -> None:
    """One bad path breaks exactly the rule it is meant for, with a sentence to act on."""
    found = inspect(diff(file), MISSION)

    assert {rule} == {finding.rule for finding in found}
    assert all(finding.message.endswith(".") for finding in found)


WEAKER = [
    ("def test_a():\n assert x\n", "def test_b():\n assert x\n", "`test_a` is gone"),
    ("def test_a():\n assert x\n assert y\n", "def test_a():\n assert x\n", "asserts 1 times, 2"),
    ("def test_a():\n assert x\n", "def test_a():\n assert True\n", "asserts 0 times, 1"),
    ("def test_a():\n assert x\n", "def test_a():\n return\n assert x\n", "return early"),
    ("def test_a():\n assert x\n", "@pytest.mark.skip\ndef test_a():\n assert x\n", "a skip"),
    ("def test_a():\n assert x\n", "def test_a():\n pytest.xfail()\n assert x\n", "a skip"),
    (
        "def test_a():\n assert x\n",
        "pytestmark = pytest.mark.skip\ndef test_a():\n assert x\n",
        "a skip",
    ),
    ("def test_a():\n assert x\n", "__test__ = False\ndef test_a():\n assert x\n", "a skip"),
    (
        "class T:\n def test_a(self):\n  self.assertEqual(1, x)\n",
        "class T:\n def test_a(self):\n  pass\n",
        "`T.test_a` asserts 0",
    ),
    (
        "@pytest.mark.parametrize('a', [1, 2])\ndef test_a(a):\n assert a\n",
        "@pytest.mark.parametrize('a', [1])\ndef test_a(a):\n assert a\n",
        "1 listed cases, 2",
    ),
    ("def test_a():\n with pytest.raises(E):\n  f()\n", "def test_a():\n f()\n", "asserts 0"),
    ("def helper(x):\n assert x\n", "def helper(x):\n pass\n", "`helper` asserts 0"),
    ("def test_a():\n assert x\n", "def test_a(:\n", "no longer be parsed"),
]


@pytest.mark.parametrize(("old", "new", "said"), WEAKER)
def test_a_weaker_test_is_named(old: str, new: str, said: str) -> None:
    """Fewer tests, assertions or cases, new skips and early returns are all seen."""
    (found,) = inspect(diff(change("tests/test_a.py", new, old)), MISSION)

    assert found.rule == "test-weakened"
    assert said in found.message


def test_other_languages_are_counted_by_their_words() -> None:
    """A JavaScript test that loses an expectation is weaker, too."""
    old = "it('a', () => { expect(1).toBe(1); expect(2).toBe(2) })\n"

    assert {"test-weakened"} == fired(change("src/a.test.js", "it('a', () => {})\n", old))
    assert set() == fired(change("src/a.test.js", old + "it('b')\n", old))


def test_every_rule_of_the_table_has_a_case_here() -> None:
    """A rule nobody tests cannot be added."""
    tested = {rule for rule, _ in BAD} | {"empty", "test-weakened"}

    assert set(RULES) == tested


def test_an_empty_change_is_refused() -> None:
    """Nothing submitted is nothing to judge."""
    assert {"empty"} == fired()


def test_zero_lines_allowed_means_no_line() -> None:
    """Zero forbids."""
    mission = Mission(checks=("x",), limits=Limits(diff_lines=0))

    assert {"size"} == fired(change("a.py"), mission=mission)


def test_two_paths_that_differ_in_case_only_collide() -> None:
    """One of them would vanish on many machines; a case rename is no collision."""
    assert {"path"} == fired(change("a/File.py"), change("A/file.py"))
    assert set() == fired(change("File.py"), change("file.py", None, "x"))


def test_what_the_mission_names_is_protected() -> None:
    """The requirements file and the scripts of the checks decide outcomes."""
    mission = Mission(
        checks=("make lint", "sh ci/run.sh", "python -m pytest tests/test_a.py"),
        environment=Environment(requirements="deps.txt"),
    )

    assert {"manifest"} == fired(change("deps.txt"), mission=mission)
    assert {"protected"} == fired(change("Makefile"), mission=mission)
    assert {"protected"} == fired(change("ci/run.sh"), mission=mission)
    assert set() == fired(change("tests/test_a.py", "def test(): assert x\n"), mission=mission)


def test_a_secret_is_never_repeated() -> None:
    """The finding goes to a public page."""
    findings = inspect(diff(change("a.py", f"token = '{RANDOM}'\n")), MISSION)

    assert RANDOM not in repr(findings)


def test_what_stood_there_before_is_not_held_against_the_change() -> None:
    """Only added lines are searched, and an old odd path may be edited."""
    old = f"token = '{RANDOM}'\n<<<<<<< x\n"

    assert set() == fired(change("a:b.py", old + "y = 2\n", old))


def test_findings_are_bounded() -> None:
    """A flood of findings ends in one line that counts the rest."""
    found = inspect(diff(*(change(f"link{i}", "x", mode="120000") for i in range(50))), MISSION)

    assert len(found) == MOST_FINDINGS + 1
    assert "10 more" in found[-1].message


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("docs", "docs/a/b.md", True),
        ("docs/*.md", "docs/a/b.md", False),
        ("docs/**/b.md", "docs/b.md", True),
        ("**/x.py", "x.py", True),
        ("**/x.py", "a/b/x.py", True),
        ("*.py", "a/b.py", False),
        ("a[bc].py", "AB.py", True),
        ("a[!b].py", "ab.py", False),
        ("stra\u00dfe", "STRASSE/x", True),
        ("a+b(c).txt", "a+b(c).txt", True),
    ],
)
def test_patterns_mean_what_people_expect(pattern: str, path: str, *, covered: bool) -> None:
    """Stars stay in a folder, double stars cross folders, case never helps."""
    assert covered == bool(matches(path, [pattern]))


@pytest.mark.parametrize(
    "path", ["tests/x.json", "a/test_b.py", "b_test.go", "x.spec.ts", "a/__tests__/b.js"]
)
def test_tests_are_recognised_by_name(path: str) -> None:
    """The common conventions are known."""
    assert is_test(path)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=60))
def test_no_path_or_content_breaks_the_guards(path: str, old: str, new: str) -> None:
    """Guards read hostile input; they answer, always."""
    for name in (path, "tests/test_a.py", "pyproject.toml", "setup.cfg"):
        inspect(diff(change(name, new, old)), MISSION)


def test_a_second_copy_of_an_old_line_is_new() -> None:
    """One old secret is no licence for another."""
    old = f"token = '{RANDOM}'\n"

    assert {"secret"} == fired(change("a.py", old + old, old))
