"""The coding policy, turn by turn, over conversations written by hand."""

import json
import re
from typing import Any

import pytest

from twins.anthropic.search.brain import SearchBrain
from twins.anthropic.search.carrier import DELIMITER
from twins.anthropic.search.engine.program import MARK

TOOLS = [
    {"name": name, "input_schema": {"type": "object", "properties": {"timeout_s": {}}}}
    for name in ("bash", "view", "edit", "submit", "give_up")
]
ISSUE = json.dumps({"title": "Wrong sum", "body": "`add(1, 1)` returns `0` instead of `2`."})
OPENING = (
    f"<mission>\n# M\n</mission>\n<issue>\n{ISSUE}\n</issue>\n"
    "<checks>\npython -m pytest -q\n</checks>"
)
PATCHES = [
    {"path": "m.py", "old": "a - b\n", "new": "a + b\n", "label": "line 2: `-` became `+`",
     "confirmed": True},
    {"path": "m.py", "old": "a - b\n", "new": "a * b * 2\n",
     "label": "line 2: `a - b` became `a * b * 2`", "confirmed": True},
]  # fmt: skip
GREEN, RED = "2 passed\n[exit 0, 0.4 s]", "1 failed\n[exit 1, 0.4 s]"


def report(patches: list[dict[str, Any]], **changes: Any) -> str:
    """Return what a finished engine prints."""
    data = {
        "seconds": 3.1, "candidates": 1812, "plausible": len(patches), "files": 3,
        "oracle": {"examples": 2, "failing_examples": 1, "failing_tests": 0},
        "patches": patches, **changes,
    }  # fmt: skip
    return f"{MARK}{json.dumps(data)}\n[exit 0, 3.4 s]"


class Talk:
    """A conversation that grows by what the brain says and what the tools answer."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = [{"role": "user", "content": OPENING}]
        self.count = 0

    def next(self, *results: str) -> list[tuple[str, dict[str, Any]]]:
        """Answer the open tool calls, ask the brain, and return its tool calls."""
        if results:
            uses = [b for b in self.messages[-1]["content"] if b["type"] == "tool_use"]
            content = [
                {"type": "tool_result", "tool_use_id": use["id"], "content": result}
                for use, result in zip(uses, results, strict=True)
            ]
            self.messages.append({"role": "user", "content": content})
        request = {"model": "m", "max_tokens": 9, "tools": TOOLS, "messages": self.messages}
        reply = SearchBrain(seconds=5).reply(request)
        assert reply.reason == "tool_use"
        assert set(reply.usage.values()) == {0}
        blocks = []
        for block in reply.blocks:
            if block["type"] == "text":
                assert "not a language model" in block["text"]
            self.count += 1
            blocks.append({**block, "id": f"toolu_{self.count}"})
        self.messages.append({"role": "assistant", "content": blocks})
        return [(b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]


def searched(output: str, checks: str = GREEN) -> tuple[Talk, list[tuple[str, dict[str, Any]]]]:
    """Go as far as the engine's answer."""
    talk = Talk()
    ((first, look),) = talk.next()
    assert first == "bash"
    assert "python -m pytest -q" in look["command"]
    ((name, search),) = talk.next(checks)
    assert name == "bash"
    assert DELIMITER in search["command"]
    assert search["timeout_s"] == 120
    return talk, talk.next(output)


def test_it_looks_searches_applies_and_submits() -> None:
    """The short way: best patch, green checks, submission with an honest summary."""
    talk, calls = searched(report(PATCHES))
    assert [name for name, _ in calls] == ["edit", "bash"]
    assert calls[0][1] == {"path": "m.py", "old": "a - b\n", "new": "a + b\n"}
    ((name, arguments),) = talk.next("edited m.py\n[exit 0, 0.1 s]", GREEN)
    assert name == "submit"
    assert "1,812 candidates" in arguments["summary"]
    assert "in m.py line 2: `-` became `+`; candidate 1 of 2" in arguments["summary"]


def test_a_refusal_brings_the_next_patch_and_then_the_end() -> None:
    """Not accepted: revert, apply the next one; when none is left, give up with numbers."""
    talk, _ = searched(report(PATCHES))
    talk.next("edited", GREEN)
    calls = talk.next("Not accepted: the hidden gate did not pass.")
    assert [name for name, _ in calls] == ["edit", "edit", "bash"]
    assert calls[0][1] == {"path": "m.py", "old": "a + b\n", "new": "a - b\n"}
    assert calls[1][1]["new"] == "a * b * 2\n"
    ((name, _),) = talk.next("edited", "edited", GREEN)
    assert name == "submit"
    ((name, arguments),) = talk.next("Not accepted: the hidden gate did not pass.")
    assert name == "give_up"
    assert "all 2 patches" in arguments["reason"]


def test_a_patch_that_turns_green_checks_red_is_not_submitted() -> None:
    """It goes on to the next one by itself."""
    talk, _ = searched(report(PATCHES))
    assert [name for name, _ in talk.next("edited", RED)] == ["edit", "edit", "bash"]


def test_checks_that_were_red_before_do_not_stop_a_submission() -> None:
    """A repository may come with red checks."""
    talk, _ = searched(report(PATCHES), checks=RED)
    assert [name for name, _ in talk.next("edited", RED)] == ["submit"]


def test_nothing_found_is_said_with_numbers() -> None:
    """No patch: give up, telling how much was tried."""
    _, ((name, arguments),) = searched(report([]))
    assert name == "give_up"
    assert "1,812" in arguments["reason"]
    assert "3 files" in arguments["reason"]


def test_a_search_that_ran_out_of_time_says_so() -> None:
    """What was not tried is not called impossible."""
    _, ((name, arguments),) = searched(report([], stopped=25.0))
    assert name == "give_up"
    assert "stopped at the time limit of 25 s" in arguments["reason"]
    assert "none makes" not in arguments["reason"]


ONES = {
    "found nothing": (
        report([], candidates=1, files=1),
        "in 3.1 s over 1 file; none makes the 1 failing example pass",
    ),
    "several": (
        report([], oracle={"failing_examples": 2, "failing_tests": 3}),
        "none makes the 2 failing examples and 3 failing tests pass",
    ),
    "no example": (
        report([], candidates=0, oracle={"examples": 0}),
        "no example could be read from the issue, and no visible test fails",
    ),
    "one example holds": (
        report([], candidates=0, oracle={"examples": 1}),
        "the one example that could be read from the issue does not fail now",
    ),
    "two examples hold": (
        report([], candidates=0, oracle={"examples": 2}),
        "none of the 2 examples that could be read from the issue fails now",
    ),
}


@pytest.mark.parametrize("name", ONES)
def test_numbers_and_nouns_agree(name: str) -> None:
    """One example, two examples, no example."""
    output, wanted = ONES[name]
    _, ((_, arguments),) = searched(output)
    assert wanted in arguments["reason"]
    assert not re.search(r"\b1 [a-z ]*(?:examples|tests|files|patches)\b", arguments["reason"])


def test_a_single_patch_is_called_the_only_one() -> None:
    """Neither "candidate 1 of 1" nor "all 1 patches"."""
    talk, _ = searched(report(PATCHES[:1]))
    ((_, arguments),) = talk.next("edited", GREEN)
    assert "the only candidate" in arguments["summary"]
    ((_, arguments),) = talk.next("Not accepted: the hidden gate did not pass.")
    assert "the only patch was refused" in arguments["reason"]


def test_nothing_to_search_by_is_said_at_once() -> None:
    """No oracle: give up without pretending to have searched."""
    _, ((name, arguments),) = searched(report([], candidates=0, oracle={"examples": 0}))
    assert name == "give_up"
    assert "nothing to search by" in arguments["reason"]


def test_what_does_not_exist_yet_is_named() -> None:
    """A feature is given up with the name that nothing defines."""
    notes = ["the issue uses `by_zone`, which nothing defines yet"]
    _, ((name, arguments),) = searched(report([], candidates=0, notes=notes))
    assert name == "give_up"
    assert "`by_zone`, which nothing defines yet" in arguments["reason"]


def test_an_engine_that_was_killed_or_cut_ends_honestly() -> None:
    """No readable report is no patch."""
    for output in ("[stopped after 120.0 s: the time limit]", f"{MARK}{{broken\n[exit 0, 1.0 s]",
                   "Traceback ...\nMemoryError\n[exit 1, 2.0 s]"):  # fmt: skip
        _, ((name, arguments),) = searched(output)
        assert name == "give_up"
        assert "did not finish" in arguments["reason"]


def test_a_refused_edit_ends_honestly() -> None:
    """When the file is not what the engine saw, nothing is guessed."""
    talk, _ = searched(report(PATCHES))
    ((name, arguments),) = talk.next("`old` occurs 2 times in m.py\n[exit 1, 0.1 s]", GREEN)
    assert name == "give_up"
    assert "m.py" in arguments["reason"]


def test_the_same_conversation_gives_the_same_answer() -> None:
    """No state between requests, no clock and no chance."""
    first, second = searched(report(PATCHES)), searched(report(PATCHES))
    assert first[1] == second[1]
    assert first[0].messages == second[0].messages


def test_without_its_tools_it_refuses_and_without_any_it_tells_what_it_is() -> None:
    """It never pretends."""
    request: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "plan?"}]}
    assert SearchBrain().reply({**request, "tools": TOOLS[:2]}).reason == "refusal"
    said = SearchBrain().reply(request)
    assert said.reason == "end_turn"
    assert "not a language model" in said.blocks[0]["text"]
