"""Lint by reading: every mistake named, doubles found, small corpora told the truth."""

import json
import time
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.validator.desk.lint import Linted, lint
from bot.validator.desk.reach import reach
from bot.validator.desk.remark import Remark, Weight
from bot.validator.desk.skeleton import write_skeleton
from bot.validator.desk.stats import rows
from bot.validator.desk.survey import survey
from bot.validator.desk.telling import told_check, told_step
from bot.validator.loader import corpus_digest, parse_scenario
from bot.validator.scenario import Kind, Scenario, ScenarioSet

BODY = """\
# Story
Somebody doubles a number.
# Setup
```yaml
vars: {{count: {{int: [{low}, 99]}}}}
compute: {{total: "{formula}"}}
```
# Steps
```yaml
- run: {command} ${{count}}
  as: seen
```
# Checks
```yaml
- exit: 0
- equals: {{at: stdout, value: "{said} ${{total}}\\n"}}
```
"""


def scenario(
    name: str,
    *,
    command: str = "double",
    said: str = "",
    low: int = 1,
    formula: str = "count * 2",
    **front: object,
) -> str:
    """Write a scenario; `said` tells otherwise equal ones apart."""
    keys = {"id": name, "feature": "double", "kind": "cli", "set": "gate", **front}
    head = "\n".join(f"{key}: {json.dumps(value)}" for key, value in keys.items())
    body = BODY.format(command=command, said=said or name, low=low, formula=formula)
    return f"---\n{head}\n---\n{body}"


def word(number: int) -> str:
    """Spell a number without digits, so that no two of them are one value of the same text."""
    return "".join(chr(97 + int(digit)) for digit in f"{number:03}")


def corpus(folder: Path, files: dict[str, str], threshold: float = 0.9) -> Linted:
    """Write files and lint them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return lint(survey(folder), threshold)


def remarks(linted: Linted, kind: str) -> list[Remark]:
    """Choose the remarks of one kind."""
    return [remark for remark in linted.remarks if remark.kind == kind]


def test_every_mistake_of_every_file_is_named(tmp_path: Path) -> None:
    """One look is enough to mend a corpus: unknown keys, bad checks and bad names, in all files."""
    broken = scenario("one", wieght=2, kidn="cli").replace("- exit: 0", "- exti: 0\n- equals: {}")
    unnamed = scenario("two", formula="cuont * 2").replace("- exit: 0", "- exit: {of: se, code: 0}")
    linted = corpus(tmp_path, {"a/one.md": broken, "two.md": unnamed, "three.md": "no scenario"})
    found = {(remark.where, remark.what) for remark in remarks(linted, "unreadable")}

    assert {
        ("a/one.md", "front matter: unknown key 'wieght'"),
        ("a/one.md", "front matter: unknown key 'kidn'"),
        ("a/one.md", "Checks[0]: unknown key 'exti'"),
        ("a/one.md", "Checks[1].equals: the key 'value' is missing"),
        ("two.md", "Setup.compute.total: the name 'cuont' is not defined"),
        ("two.md", "Checks[0].exit: no step is observed as 'se'"),
        ("three.md", "no front matter"),
    } == found
    assert {Weight.MISTAKE} == {remark.weight for remark in remarks(linted, "unreadable")}


def test_a_section_that_is_no_yaml_hides_no_other(tmp_path: Path) -> None:
    """A broken section is one mistake, and not missing as well."""
    text = scenario("one").replace("- exit: 0", "- exit: [0").replace("- run:", "- rnu:")
    found = [r.what for r in remarks(corpus(tmp_path, {"one.md": text}), "unreadable")]

    assert 2 == len(found)
    assert any(what.startswith("Checks: line") for what in found)
    assert any(what.startswith("Steps[0]: unknown key") for what in found)


def test_one_id_stands_once(tmp_path: Path) -> None:
    """The second file with an id is told where the first one is."""
    linted = corpus(tmp_path, {"a.md": scenario("same"), "b.md": scenario("same", said="else")})

    assert ["id: same stands in a.md too"] == [r.what for r in remarks(linted, "unreadable")]


def test_one_story_told_twice_is_found(tmp_path: Path) -> None:
    """The same steps and checks up to values are a finding, other steps are none."""
    files = {
        "a.md": scenario("a", command="double --base 10", said="is"),
        "b.md": scenario("b", command="double --base 16", said="is", low=5).replace("seen", "sum"),
        "c.md": scenario("c", command="halve --base 16", said="is"),
    }
    found = remarks(corpus(tmp_path, files), "duplicate")

    assert [("b.md", Weight.FINDING)] == [(remark.where, remark.weight) for remark in found]
    assert found[0].what.startswith("the same steps and checks as a.md up to values")


def test_values_made_in_another_way_are_only_noted(tmp_path: Path) -> None:
    """A border case shares steps and checks with the plain one; that is no duplicate."""
    files = {
        "a.md": scenario("a", said="is"),
        "b.md": scenario("b", said="is", formula="max(count, total_of)").replace(
            "compute: {", "compute: {total_of: count + 7, "
        ),
    }

    assert [Weight.NOTE] == [r.weight for r in remarks(corpus(tmp_path, files), "duplicate")]


def test_a_twin_that_coders_can_read_is_a_finding(tmp_path: Path) -> None:
    """A dev scenario that shows what a gate scenario asks for gives it away."""
    files = {
        "a.md": scenario("a", said="is", set="dev"),
        "b.md": scenario("b", said="is", formula="count + count"),
    }
    found = remarks(corpus(tmp_path, files), "duplicate")

    assert [Weight.FINDING] == [remark.weight for remark in found]
    assert "coders know" in found[0].what


def test_thin_features_and_missing_sets_are_named(tmp_path: Path) -> None:
    """Fewer than three gate scenarios, no sealed one, no dev set: all of it is said."""
    files = {f"{n}.md": scenario(f"g{n}", said=word(n)) for n in range(3)}
    files["x.md"] = scenario("x", feature="halve", command="halve")
    linted = corpus(tmp_path, files)

    assert {
        "double": "no sealed scenario",
        "halve": "1 gate scenario, fewer than 3; no sealed scenario",
    } == {remark.where: remark.what for remark in remarks(linted, "thin")}
    assert {("dev", Weight.NOTE), ("sealed", Weight.FINDING)} == {
        (remark.where, remark.weight) for remark in remarks(linted, "sets")
    }


def test_ten_of_ten_are_told_the_truth(tmp_path: Path) -> None:
    """The issue's own words: ten scenarios open a pull request and do not merge."""
    files = {f"{n}.md": scenario(f"g{n}", said=word(n)) for n in range(10)}
    found = remarks(corpus(tmp_path, files), "bound")

    words = "10/10, lower bound 0.79 < 0.90: opens the PR, does not merge"
    assert [words] == [remark.what for remark in found]
    assert "about 15 more" in found[0].remedy


def test_a_threshold_within_rounding_is_not_called_equal(tmp_path: Path) -> None:
    """A bound just below the threshold never reads as `0.90 < 0.90`."""
    files = {f"{n}.md": scenario(f"g{n}", said=word(n)) for n in range(24)}
    words = corpus(tmp_path, files).gate.words

    assert words.startswith("24/24, lower bound 0.899 < 0.900"), words


def test_weights_count_as_what_they_are_worth(tmp_path: Path) -> None:
    """Five of weight 3 beside twenty-five of weight 1 are worth 22.9, not 30."""
    files = {f"{n}.md": scenario(f"g{n}", weight=3 if n < 5 else 1) for n in range(30)}
    linted = corpus(tmp_path, files)

    assert 22.86 == round(linted.gate.n_effective, 2)
    assert not linted.gate.merges


def test_enough_evidence_below_the_least_count_still_says_no() -> None:
    """A low threshold does not replace twenty-five scenarios."""
    text = parse_scenario(scenario("one"), "one.md")
    words = reach([text] * 20, 0.8).words

    assert "20/20, lower bound 0.88 >= 0.80, effective n 20.0 < 25: opens the PR" in words
    assert reach([text] * 25, 0.9).words.endswith("can merge")


def test_scenarios_of_open_issues_are_not_counted_on(tmp_path: Path) -> None:
    """What is pending for everybody else proves nothing for them."""
    files = {
        f"{n}.md": scenario(f"g{n}", said=word(n), **({"issue": 7} if n < 5 else {}))
        for n in range(28)
    }
    found = remarks(corpus(tmp_path, files), "bound")

    assert 1 == len(found)
    assert found[0].what.startswith("while issues are open")
    assert "23/23" in found[0].what


def test_values_that_cannot_be_made_are_found_before_a_verdict_is(tmp_path: Path) -> None:
    """A division by zero in `compute` is named with its file."""
    linted = corpus(tmp_path, {"a.md": scenario("a", formula="count / (count - count)")})

    assert ["a.md"] == [remark.where for remark in remarks(linted, "values")]


def test_a_sound_corpus_is_clean(tmp_path: Path) -> None:
    """Thirty gate scenarios, a sealed one and a dev one: nothing to remark."""
    files = {f"{n}.md": scenario(f"g{n}", said=word(n)) for n in range(30)}
    files["s.md"] = scenario("s", set="sealed", said="hidden")
    files["d.md"] = scenario("d", set="dev", said="shown")
    linted = corpus(tmp_path, files)

    assert () == linted.remarks
    assert corpus_digest(tmp_path) == linted.survey.digest


def test_two_hundred_scenarios_are_read_in_seconds(tmp_path: Path) -> None:
    """A big corpus is linted while one waits."""
    files = {f"{n}.md": scenario(f"g{n}", said=word(n)) for n in range(200)}
    began = time.monotonic()
    linted = corpus(tmp_path, files)

    assert 200 == len(linted.survey.scenarios)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", list(Kind))
def test_a_skeleton_can_be_read_as_it_stands(kind: Kind, tmp_path: Path) -> None:
    """Every kind's skeleton parses, says its own kind and set, and draws its values."""
    path = write_skeleton(tmp_path, "my-first", kind, ScenarioSet.SEALED, "long parcel")
    linted = lint(survey(tmp_path), 0.9)

    assert tmp_path / "my-first.md" == path
    assert [] == remarks(linted, "unreadable") + remarks(linted, "values")
    read = linted.survey.scenarios[0]
    assert (kind, ScenarioSet.SEALED, "long parcel") == (read.kind, read.set, read.feature)


def test_a_skeleton_replaces_nothing(tmp_path: Path) -> None:
    """Neither a file nor an id that stands elsewhere in the corpus is used twice."""
    (tmp_path / "taken.md").write_text("mine")
    (tmp_path / "gate").mkdir()
    (tmp_path / "other.md").write_text(scenario("used"))
    (tmp_path / "gate" / "kept.md").write_text("mine too")

    for name in ("used", "kept"):
        with pytest.raises(UsageError):
            write_skeleton(tmp_path, name, Kind.CLI, ScenarioSet.GATE, "x")
    with pytest.raises(UsageError):
        write_skeleton(tmp_path, "taken", Kind.CLI, ScenarioSet.DEV, "x")
    assert ("mine", "mine too") == (
        (tmp_path / "taken.md").read_text(),
        (tmp_path / "gate" / "kept.md").read_text(),
    )


@pytest.mark.parametrize("name", ["../out", "Big", "", "a/b", "-x", "a" * 81, "x\ny"])
def test_a_skeleton_has_a_plain_id(name: str, tmp_path: Path) -> None:
    """An id cannot lead out of the corpus."""
    with pytest.raises(UsageError):
        write_skeleton(tmp_path / "in", name, Kind.CLI, ScenarioSet.GATE, "x")
    assert [] == list(tmp_path.rglob("*.md"))


def test_stats_add_up(tmp_path: Path) -> None:
    """The sums of the sets are the sums of their features."""
    files = {
        "a.md": scenario("a", weight=3, must_pass=True),
        "b.md": scenario("b", feature="halve", origin="incident"),
        "c.md": scenario("c", set="sealed", issue=4),
    }
    corpus(tmp_path, files)
    found = {(row.feature, row.set): row for row in rows(survey(tmp_path).scenarios)}
    total = found["all features", "gate"]

    assert (2, 4, 1, 0, 1.6) == (
        total.count,
        total.weight,
        total.must_pass,
        total.tagged,
        total.n_effective,
    )
    assert "human 1, incident 1" == total.origins
    assert 1 == found["double", "sealed"].tagged
    assert ("halve", "sealed") not in found


KINDS = {
    "exit": "{of: a, code: 0}",
    "equals": '{of: a, at: stdout, value: "${n}"}',
    "json-subset": '{of: a, value: {x: "${n}"}}',
    "regex": '{of: a, at: stdout, pattern: "x${n}"}',
    "schema": "{of: a, schema: {type: object}}",
    "ordering": "{of: a, at: stdout, texts: [a, b]}",
    "file-equals": '{path: "f${n}", text: "t"}',
    "file-hash": f"{{path: f, sha256: {'a' * 64}}}",
    "file-absent": "{path: f}",
    "round-trip": "{of: a, at: stdout, to: {of: b, at: stderr}}",
    "invariant": '"n > 0"',
    "differential-to-base": "{of: a}",
}


def test_every_kind_of_check_can_be_told() -> None:
    """A person can read whatever the format can say, with the values of the run."""
    checks = "\n".join(f"- {verb}: {body}" for verb, body in KINDS.items())
    steps = """\
- {run: [x, "${n}", 1.5], stdin: "in ${n}", as: a}
- {run: "y 'two words'", as: b, env: {A: "of ${n}"}, files: {f: "${n}"}}
- write: {path: g, text: "${n}"}
- wait: 1
"""
    read = told("cli", steps, checks)
    said = {check.verb: told_check(check, {"n": 7}) for check in read.checks}

    assert [
        'run x 7 1.5 stdin="in 7"',
        """run y 'two words' env={"A": "of 7"} files={"f": 7}""",
        'write g "7"',
        "wait 1 s",
    ] == [told_step(step, {"n": 7}) for step in read.steps]
    assert set(KINDS) == set(said)
    assert "equals a.stdout: 7" == said["equals"]
    assert "regex a.stdout: /x7/" == said["regex"]
    assert "round-trip a.stdout: as b.stderr" == said["round-trip"]
    assert 'file-equals f7: "t"' == said["file-equals"]


def test_calls_and_requests_can_be_told() -> None:
    """The other kinds of steps read like what they do."""
    calls = """\
- call: {function: "m:f", args: ["${n}", {"$decimal": "1.0"}], kwargs: {zone: eu}}
  as: a
- call: {on: a, method: with_vat}
- call: {on: a, get: total}
"""
    requests = '- request: {method: POST, path: "/n/${n}", json: {n: "${n}"}}\n- request: {path: /}'
    raised = "- raises: {of: a, type: ValueError, message: 'no ${n}'}"
    lib = told("lib", calls, raised)

    assert ['call m:f(7, {"$decimal": "1.0"}, zone="eu")', "call a.with_vat()", "get a.total"] == [
        told_step(step, {"n": 7}) for step in lib.steps
    ]
    assert "raises a: ValueError /no 7/" == told_check(lib.checks[0], {"n": 7})
    assert ['POST /n/7 json={"n": 7}', "GET /"] == [
        told_step(step, {"n": 7})
        for step in told("http", requests, "- equals: {at: status, value: 200}").steps
    ]


def told(kind: str, steps: str, checks: str) -> Scenario:
    """Read a scenario of one variable, `n`."""
    front = f"---\nid: one\nfeature: f\nkind: {kind}\nset: gate\n---\n# Story\nIt is told.\n"
    setup = "# Setup\n```yaml\nvars: {n: {int: [7, 7]}}\n```\n"
    parts = f"# Steps\n```yaml\n{steps}\n```\n# Checks\n```yaml\n{checks}\n```\n"
    return parse_scenario(front + setup + parts, "one.md")
