"""Code reads the triage answer: whatever is not clean parks the issue and never accepts it."""

import json

import pytest

from bot.domain.issue import Issue
from bot.domain.mission import Mission
from bot.domain.usage import Usage
from bot.domain.work import Neighbour, TriageDecision, TriageRequest
from bot.flows.builder import Turn, text_of
from bot.flows.triage import SCHEMA, read_answer

PROSE = "# For sums\n\n## In scope\n\n- Sums of whole\n  numbers.\n\n## Out of scope\n\n- Taxes.\n"
REQUEST = TriageRequest(
    "run",
    Issue("o/n", 3, "t", "b", (), "ann", 1),
    Mission(checks=("true",), prose=PROSE),
    "base",
    (Neighbour(2, "other"),),
)
GOOD = {
    "decision": "accept",
    "clause": "- Sums of whole numbers.",
    "reason": "r",
    "question": "",
    "duplicate_of": None,
}


def turn(stop: str = "end_turn") -> Turn:
    """Make a recorded call."""
    return Turn("digest", stop, "m", Usage(calls=1, usd=0.5))


def decided(text: str, stop: str = "end_turn") -> TriageDecision:
    """Read an answer."""
    reply = read_answer(turn(stop), text, REQUEST)
    assert reply.usage == Usage(calls=1, usd=0.5)  # the call is paid, whatever it said
    return reply.decision


@pytest.mark.parametrize("decision", list(TriageDecision))
def test_a_clean_answer_is_taken(decision: TriageDecision) -> None:
    """Every decision, with a clause that stands in the mission."""
    answer = {**GOOD, "decision": decision.value, "duplicate_of": 2}
    assert decided(json.dumps(answer)) is decision


@pytest.mark.parametrize(
    "clause",
    ["- Sums of whole numbers.", "sums OF whole\n numbers", "* Taxes.", "  - Taxes.  "],
)
def test_a_clause_is_found_however_it_is_broken_into_lines(clause: str) -> None:
    """Spaces, bullets and letter case are no difference."""
    assert decided(json.dumps({**GOOD, "clause": clause})) is TriageDecision.ACCEPT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "null",
        "[]",
        json.dumps(GOOD)[:-1],
        json.dumps({**GOOD, "decision": "maybe"}),
        json.dumps({**GOOD, "extra": 1}),
        json.dumps({k: v for k, v in GOOD.items() if k != "clause"}),
        json.dumps({**GOOD, "clause": "- Everything."}),
        json.dumps({**GOOD, "clause": ""}),
        json.dumps({**GOOD, "clause": " - "}),
        json.dumps({**GOOD, "decision": "duplicate", "duplicate_of": 3}),
        json.dumps({**GOOD, "decision": "duplicate"}),
        json.dumps(GOOD) + json.dumps(GOOD),
    ],
)
def test_anything_else_parks(text: str) -> None:
    """No JSON, another shape, an invented clause or an invented duplicate."""
    assert decided(text) is TriageDecision.PARK


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "tool_use", "pause_turn", ""])
def test_an_answer_that_was_cut_parks(stop: str) -> None:
    """Even when what is there happens to be an acceptance."""
    assert decided(json.dumps(GOOD), stop) is TriageDecision.PARK


def test_the_schema_asks_for_what_is_read() -> None:
    """Neither more nor less than the answer's fields."""
    assert set(SCHEMA["properties"]) == set(GOOD) == set(SCHEMA["required"])


def test_only_text_is_text() -> None:
    """Thinking and tool calls are not the answer."""
    content = [
        {"type": "thinking", "thinking": "no"},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "x", "name": "bash", "input": {}},
        {"type": "text", "text": "b"},
    ]
    assert text_of(content) == "ab"
