"""Every kind of check: what holds, what does not, and which coarse class a failure belongs to."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal

import pytest

from bot.domain.verdict import FailureClass
from bot.validator.checks import Finding, judge
from bot.validator.loader import parse_scenario
from bot.validator.observation import Ended, Observation, Sighting
from bot.validator.scenario import Scenario

NAMES = {"total": Decimal("12.50"), "count": 3, "clock": "", "seed": 0}
STDOUT = '{"total": "12.50", "n": 3, "ok": true, "items": [{"k": 1}, {"k": 2}], "f": 1.0}'


def scenario(check: str, *, kind: str = "cli") -> Scenario:
    """Make a scenario with one observed step `one`, another `two`, and this check."""
    step = {"cli": "run: [x]", "lib": "call: {function: 'a:b'}"}[kind]
    return parse_scenario(
        f"---\nid: a\nfeature: f\nkind: {kind}\nset: gate\n---\n# Story\ns\n# Setup\n```yaml\n"
        f"vars: {{total: {{choice: [1]}}, count: {{choice: [3]}}}}\n```\n"
        f"# Steps\n```yaml\n- {step}\n  as: one\n- {step}\n  as: two\n```\n"
        f"# Checks\n```yaml\n- {check}\n```\n",
        "a.md",
    )


def seen(stdout: str = STDOUT, *, end: Ended = Ended.NORMALLY, **fields: object) -> Sighting:
    """Make a sighting in which the last step said this."""
    last = Observation({"stdout": stdout, "stderr": "", "exit": 0, **fields}, end)
    first = Observation({"stdout": "12.50\n", "stderr": "", "exit": 0})
    return Sighting({"one": first, "two": last}, {"out.csv": b"id\n3\n"})


def finding(check: str, sighting: Sighting, base: Sighting | None = None) -> Finding:
    """Judge one check."""
    return judge(scenario(check), NAMES, sighting, base)[0]


DIGEST = hashlib.sha256(b"id\n3\n").hexdigest()


@pytest.mark.parametrize(
    "check",
    [
        "exit: 0",
        "exit: {code: [3, 0]}",
        'equals: {of: one, value: "${total}\\n"}',
        'equals: {of: one, value: "${total}", strip: true}',
        "equals: {of: one, value: 12.5, numeric: true}",
        "equals: {of: one, value: 12, numeric: true, tolerance: '0.5'}",
        'equals: {at: stdout.json.total, value: "${total}"}',
        'equals: {at: stdout.json.n, value: "${count}"}',
        "equals: {at: 'stdout.json.items[1].k', value: 2}",
        "equals: {of: one, at: stdout.lines.0, value: '12.50'}",
        "equals: {at: [stdout, json, ok], value: true}",
        "json-subset: {value: {items: [{}, {k: 2}]}}",
        "json-subset: {value: {total: 12.5}, numeric: true}",
        'regex: {pattern: \'"total": "${total}"\'}',
        "regex: {of: one, pattern: '\\d+\\.\\d\\d\\n', full: true}",
        "regex: {pattern: Traceback, absent: true}",
        "schema: {schema: {type: object, required: [total]}}",
        "ordering: {at: stdout.json.items, by: k}",
        "ordering: {texts: [total, items]}",
        'file-equals: {path: out.csv, text: "id\\n${count}\\n"}',
        f"file-hash: {{path: out.csv, sha256: {DIGEST}}}",
        "file-absent: {path: other.csv}",
        "round-trip: {of: one, at: stdout, to: {of: two, at: stdout.json.total}, numeric: true}",
        "invariant: number(json(two.stdout).total) == total and two.exit == 0",
    ],
)
def test_what_holds(check: str) -> None:
    """Each kind of check passes on what it describes, and fails once nothing was seen."""
    assert finding(check, seen()) == Finding(scenario(check).checks[0], passed=True)
    assert not finding(check, Sighting({"one": Observation({}, Ended.CRASHED)})).passed


@pytest.mark.parametrize(
    ("check", "failure"),
    [
        ("exit: 1", FailureClass.ERROR_HANDLING),
        ("exit: nonzero", FailureClass.ERROR_HANDLING),
        ('equals: {of: one, value: "${total}"}', FailureClass.WRONG_OUTPUT),
        ("equals: {of: one, value: 12.51, numeric: true}", FailureClass.WRONG_OUTPUT),
        ('equals: {at: stdout.json.n, value: "3"}', FailureClass.WRONG_OUTPUT),
        ("equals: {at: stdout.json.n, value: true}", FailureClass.WRONG_OUTPUT),
        ("equals: {at: stdout.json.ok, value: 1}", FailureClass.WRONG_OUTPUT),
        ("equals: {at: stdout.json.ok, value: 1, numeric: true}", FailureClass.WRONG_OUTPUT),
        ("equals: {at: stdout.json.f, value: 1}", FailureClass.WRONG_OUTPUT),
        ("equals: {at: stdout.json.absent, value: null}", FailureClass.WRONG_OUTPUT),
        ("equals: {of: one, at: stdout.json.a, value: 1}", FailureClass.WRONG_OUTPUT),
        ("json-subset: {value: {items: [{k: 1}]}}", FailureClass.WRONG_OUTPUT),
        ("regex: {pattern: '12X50'}", FailureClass.WRONG_FORMAT),
        ("regex: {pattern: total, absent: true}", FailureClass.WRONG_FORMAT),
        ("schema: {schema: {required: [nothing]}}", FailureClass.WRONG_FORMAT),
        (
            "ordering: {at: stdout.json.items, by: k, direction: descending}",
            FailureClass.WRONG_OUTPUT,
        ),
        ("ordering: {texts: [items, total]}", FailureClass.WRONG_OUTPUT),
        ("file-equals: {path: out.csv, text: id}", FailureClass.STATE),
        ("file-equals: {path: none.csv, text: ''}", FailureClass.STATE),
        ("file-absent: {path: out.csv}", FailureClass.STATE),
        ("invariant: two.exit == 1", FailureClass.WRONG_OUTPUT),
        ("invariant: two.exit", FailureClass.WRONG_OUTPUT),
        ("exit: 1\n  class: contract or API", FailureClass.CONTRACT),
    ],
)
def test_what_does_not_hold(check: str, failure: FailureClass) -> None:
    """Types are strict, absent values equal nothing, and each failure has a class."""
    result = finding(check, seen())

    assert (result.passed, result.failure) == (False, failure)


@pytest.mark.parametrize(
    ("end", "failure"),
    [
        (Ended.CRASHED, FailureClass.CRASH),
        (Ended.TIMED_OUT, FailureClass.PERFORMANCE),
        (Ended.ABSENT, FailureClass.CONTRACT),
    ],
)
def test_how_a_step_ended_decides_the_class(end: Ended, failure: FailureClass) -> None:
    """A crash is a crash, whichever check noticed it."""
    assert finding("equals: {value: x}", seen(end=end)).failure is failure


def test_a_flood_is_never_read() -> None:
    """A cut text could hide anything, so nothing holds on it."""
    flood = seen(end=Ended.FLOODED)

    assert not finding("regex: {pattern: x, absent: true}", flood).passed
    assert not finding("exit: 0", flood).passed
    assert not finding("invariant: two.exit == 0", flood).passed


@pytest.mark.parametrize(
    "stdout", ["", "{", "NaN", '{"a": 1, "a": 2}', "[" * 5000 + "]" * 5000, "9" * 5000, "\x00"]
)
def test_hostile_json_fails_the_check_and_nothing_else(stdout: str) -> None:
    """Whatever a product prints, the check fails quietly."""
    assert not finding("equals: {at: stdout.json.a, value: 1}", seen(stdout)).passed
    assert not finding("json-subset: {value: {a: 1}}", seen(stdout)).passed


def test_depth_that_parses_but_cannot_be_compared() -> None:
    """Nesting near the interpreter's limit is no crash of the judge."""
    deep: object = 1
    for _ in range(600):
        deep = [deep]
    sighting = Sighting(
        {"one": Observation({"return": deep}), "two": Observation({"return": deep})}
    )
    check = "round-trip: {of: one, at: return, to: {of: two, at: return}}"

    assert judge(scenario(check, kind="lib"), NAMES, sighting)[0] is not None


def raised(fields: Mapping[str, object], check: str) -> bool:
    """Judge a `raises` check on a call."""
    sighting = Sighting({"two": Observation(fields)})
    return judge(scenario(check, kind="lib"), NAMES, sighting)[0].passed


def test_raises_accepts_the_class_or_a_base() -> None:
    """A returned value, another class or another message do not hold."""
    error = {
        "raises": "BadZone",
        "bases": ["BadZone", "ValueError", "Exception"],
        "message": "no x",
    }

    assert raised(error, "raises: ValueError")
    assert raised(error, "raises: {type: BadZone, message: '^no'}")
    assert not raised(error, "raises: KeyError")
    assert not raised(error, "raises: {type: BadZone, message: yes}")
    assert not raised({"return": None}, "raises: ValueError")


def test_differences_to_base() -> None:
    """The same as base holds; a difference, or a base that was not run, does not."""
    check = "differential-to-base: {at: stdout}"

    assert finding(check, seen(), seen()).passed
    assert finding(check, seen(), seen("other")).failure is FailureClass.REGRESSION
    assert not finding(check, seen()).passed
