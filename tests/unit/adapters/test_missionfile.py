"""mission.md is read strictly, its mistakes are named, and a missing one can be suggested."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.missionfile import parse_mission, read_project, suggest_mission
from bot.domain.mission import Environment, Gate, Limits, Mission, Product
from bot.errors import MissionError

FULL = """\
---
checks: [python -m pytest -q]            # visible
environment: {requirements: requirements.txt}
product: {cli: python -m parcel, http: python -m parcel.web, lib: parcel}
protected: [mission.md, .github/**, tests/contract/**]
limits: {attempts: 5, usd_per_issue: 3, minutes: 45, diff_lines: 600}
gate: {threshold: 0.90}
autonomy: 5
---
# What this is for

## In scope
- quotes
"""


def refusal(front: str) -> str:
    """Return what the parser says against a front matter."""
    with pytest.raises(MissionError) as caught:
        parse_mission(f"---\n{front}\n---\nprose")
    return caught.value.what


def test_the_worked_example_reads_as_written() -> None:
    """The example of the design page comes back key by key."""
    expected = Mission(
        checks=("python -m pytest -q",),
        product=Product("python -m parcel", "python -m parcel.web", "parcel"),
        environment=Environment("requirements.txt"),
        protected=("mission.md", ".github/**", "tests/contract/**"),
        limits=Limits(5, 3.0, 45.0, 600),
        gate=Gate(0.90),
        autonomy=5,
        prose="# What this is for\n\n## In scope\n- quotes",
    )

    assert expected == parse_mission(FULL)


def test_only_checks_are_needed() -> None:
    """Every other key has the default of the noun."""
    assert Mission(checks=("true",)) == parse_mission("---\nchecks: ['true']\n---\n")


def test_who_may_start_and_whether_at_all_are_said_in_words() -> None:
    """The defaults are the careful ones."""
    plain = parse_mission("---\nchecks: ['true']\n---\n")
    opened = parse_mission("---\nchecks: ['true']\ntrigger: all\nunattended: allowed\n---\n")

    assert (False, False) == (plain.takes_all, plain.unattended)
    assert (True, True) == (opened.takes_all, opened.unattended)
    assert "trigger" in refusal("checks: ['true']\ntrigger: everybody")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    """A file saved by another editor reads the same."""
    assert parse_mission(FULL) == parse_mission("\ufeff" + FULL.replace("\n", "\r\n"))


def test_zero_is_kept_because_it_forbids() -> None:
    """Zero never turns into a default."""
    mission = parse_mission("---\nchecks: [x]\nlimits: {attempts: 0, usd_per_issue: 0}\n---\n")

    assert (mission.limits.attempts, mission.limits.usd_per_issue) == (0, 0.0)


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("cheks: [x]", "line 2: there is no key `cheks`; did you mean `checks`?"),
        ("checks: [x]\nlimits:\n  atempts: 3", "line 4: there is no key `limits.atempts`; did you"),
        ("checks: [x]\nthreshold: 0.9", "it belongs to `gate.threshold`"),
        ("checks: [x]\nlimits: {autonomy: 5}", "it belongs to `autonomy`"),
        ("checks: [x]\nzzzz: 1", "known are `checks`"),
        ("autonomy: 5", "the key `checks` is missing"),
        ("checks: python -m pytest", "line 2: `checks` must be a list"),
        ("checks: []", "`checks` needs at least one entry"),
        ("checks: [x]\nautonomy: yes", "`autonomy` must be a whole number, not the yes/no value"),
        ("checks: [x]\nautonomy: 6", "`autonomy` must be at most 5, not the number `6`"),
        ("checks: [x]\nlimits: {attempts: -1}", "`limits.attempts` must be at least 0"),
        ("checks: [x]\nlimits: {attempts: 1.5}", "must be a whole number, not the number `1.5`"),
        ("checks: [x]\nlimits: {minutes: .nan}", "`limits.minutes` is not accepted"),
        ("checks: [x]\ngate: {threshold: 0}", "`gate.threshold` must be more than 0"),
        ("checks: [x]\nproduct:", "`product` must be a group of keys, not nothing"),
        ("checks: [x]\nprotected: [../x]", "`protected[1]` `../x` leaves the repository"),
        ("checks: [x]\nenvironment: {packages: [--index-url=x]}", "is no plain requirement"),
        ("checks: [x]\nenvironment: {packages: ['a @ http://x']}", "is no plain requirement"),
        ("checks: ['a\\nb']\nproduct: {lib: a-b}", "`product.lib` `a-b` is no Python import name"),
        ('checks: ["a\\nb"]', "has a line break"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_in_plain_words(front: str, said: str) -> None:
    """The message names the key, the line and what was expected."""
    assert said in refusal(front)


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("checks: [a", "line 2, column 11: expected ',' or ']'"),
        ("checks: [a]\nchecks: [b]", "line 3, column 1: `checks` is given twice"),
        ("a: &x [1]\nb: *x", "line 3, column 4: an alias"),
        ("checks: [!!python/object/apply:os.system [id]]", "line 2, column 10: could not"),
        ("[" * 4000, "nested too deeply"),
        ("? [a]\n: b", "a key has to be a plain word"),
        ("\x00", "the front matter is no YAML"),
        ("- a", "the front matter holds no keys"),
    ],
)
def test_broken_or_hostile_yaml_ends_in_a_place_in_the_file(front: str, said: str) -> None:
    """Broken YAML, tags, aliases and depth are one MissionError each."""
    assert said in refusal(front)


@pytest.mark.parametrize("text", ["", "# prose only", "---\nchecks: [x]\n", "x" * 300_000])
def test_a_file_without_whole_front_matter_says_what_to_write(text: str) -> None:
    """The remedy is in the error."""
    with pytest.raises(MissionError) as caught:
        parse_mission(text)

    assert caught.value.remedy


def test_all_mistakes_come_at_once() -> None:
    """One reading names everything, in the order of the file."""
    said = refusal("checks: x\nautonomy: 9\nfoo: 1")

    assert said.index("checks") < said.index("autonomy") < said.index("foo")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_mission_or_a_mission_error(front: str) -> None:
    """Nothing but MissionError ever leaves the parser."""
    with contextlib.suppress(MissionError):
        parse_mission(f"---\nchecks: [x]\n{front}\n---\n")


MODERN = {
    "pyproject.toml": b"""
[project]
name = "My-Tool"
version = "1.2"
description = "Counts `things` @all <b>"
dependencies = ["attrs>=23", "local @ file:///x"]
[project.optional-dependencies]
test = ["hypothesis", "my_tool[extra]"]
extra = ["pyyaml"]
dev = ["mypy"]
[dependency-groups]
tests = ["pytest-xdist", {include-group = "x"}]
""",
    "src/my_tool/__init__.py": b"",
    "src/my_tool/__main__.py": b"",
    "tests/test_a.py": b"def test_a(): pass",
    "docs/conf.py": b"",
    "docs/requirements.txt": b"sphinx",
}
OLD = {
    "setup.py": b"""
from setuptools import setup
import os; os.system("touch /tmp/should-never-run")
REQ = ["six>=1.0"]
setup(name="oldlib", version=get(), install_requires=REQ, extras_require={"test": ["mock"]},
      tests_require=["nose" + "x"])
""",
    "oldlib/__init__.py": b'__version__ = "0.9.1"\n',
    "oldlib/core.py": b"x = 1\n" * 50,
    "oldlib/tests/test_core.py": b"",
    "examples/demo.py": b"x = 1\n" * 500,
    "requirements-dev.txt": b"-r more.txt\n-e .\n# no\nfreezegun==1.0  # why\nhttp://x/y.whl\ntox\n",
    "more.txt": b"ddt\n-r requirements-dev.txt\n",
    "tox.ini": b"[testenv]\ndeps =\n  pytest-mock\n  {toxinidir}\n  py39: old\n",
}


def test_a_src_layout_gives_tests_packages_and_product() -> None:
    """Extras, groups and the project's own extras come together; addresses are left out."""
    mission = parse_mission(suggest_mission(MODERN))

    assert mission.checks == ("python -m pytest -q",)
    assert Product(cli="python -m my_tool", lib="my_tool") == mission.product
    assert Environment(
        packages=("attrs>=23", "hypothesis", "pyyaml", "pytest-xdist", "pytest"), project=True
    ) == (mission.environment)
    assert "@" not in mission.prose
    assert "## In scope" in mission.prose


def test_a_setup_py_is_read_and_never_run() -> None:
    """Literals are found, computed values are skipped, the version comes from the sources."""
    mission = parse_mission(suggest_mission(OLD))

    assert Product(lib="oldlib") == mission.product
    assert (mission.environment.packages) == (
        "six>=1.0",
        "mock",
        "ddt",
        "freezegun==1.0",
        "pytest-mock",
        "pytest",
    )
    assert (read_project(OLD).name, read_project(OLD).version) == ("oldlib", "0.9.1")


def test_without_tests_the_sources_are_compiled() -> None:
    """No tests means no pytest, and the prose says so."""
    text = suggest_mission({"one.py": b"x = 1", "setup.py": b"syntax error ("})
    mission = parse_mission(text)

    assert mission.checks == ("python -m compileall -q .",)
    assert (Environment(), "one") == (mission.environment, mission.product.lib)
    assert "no tests" in mission.prose


def test_a_source_distribution_speaks_through_its_metadata() -> None:
    """PKG-INFO gives name, version and requirements, test extra included."""
    info = b"""Metadata-Version: 2.1
Name: thing
Version: 3.0
Summary: UNKNOWN
Requires-Dist: wcwidth
Requires-Dist: pytest-cov ; extra == 'test'
Requires-Dist: odd ; extra == 'docs'

Body
"""
    files = {"PKG-INFO": info, "thing/__init__.py": b"", "thing/test_x.py": b""}

    assert (parse_mission(suggest_mission(files)).environment.packages) == (
        "wcwidth",
        "pytest-cov",
        "pytest",
    )


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "PKG-INFO", "requirements.txt"]
        ),
        st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)),
    )
)
def test_any_metadata_gives_a_mission_that_parses(files: dict[str, bytes]) -> None:
    """Broken metadata is treated as absent."""
    assert parse_mission(suggest_mission(files)).checks


def test_names_with_yaml_meaning_survive() -> None:
    """A package called `yes` or a summary with `---` cannot break the file."""
    files = {
        "pyproject.toml": b'[project]\nname="yes"\nversion="1"\ndescription="--- a: b"',
        "on.py": b"",
    }

    assert parse_mission(suggest_mission(files)).product.lib == "on"
