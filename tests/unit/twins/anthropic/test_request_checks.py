"""What the twin refuses, row by row."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import pytest

from twins.anthropic.accounting import PromptCache
from twins.anthropic.brains import NoAnswer
from twins.anthropic.check_request import check_request, signature_of
from twins.anthropic.problems import Problem
from twins.anthropic.script import ScriptBrain
from twins.anthropic.search.brain import SearchBrain

USER = {"role": "user", "content": "hi"}
TOOL = {"name": "t", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "a", "name": "t", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "x"}
TEXT = {"type": "text", "text": "x"}
MARK = {"type": "ephemeral"}


def request(**changes: Any) -> dict[str, Any]:
    """Return a good request with changes; None takes a key out."""
    body: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 5, "messages": [USER]}
    return {name: value for name, value in (body | changes).items() if value is not None}


def talk(*contents: Any) -> list[dict[str, Any]]:
    """Alternate user and assistant."""
    return [
        {"role": "assistant" if index % 2 else "user", "content": content}
        for index, content in enumerate(contents)
    ]


BAD = {
    "extra key": (request(colour="red"), "colour: Extra inputs"),
    "no max_tokens": (request(max_tokens=None), "max_tokens"),
    "zero max_tokens": (request(max_tokens=0), "greater than"),
    "bool max_tokens": (request(max_tokens=True), "valid integer"),
    "no model": (request(model=None), "model"),
    "no messages": (request(messages=[]), "at least one"),
    "first is assistant": (request(messages=[{**USER, "role": "assistant"}]), "first message"),
    "bad role": (request(messages=[{**USER, "role": "robot"}]), "role"),
    "empty text": (request(messages=talk("  ")), "non-empty"),
    "empty block": (request(messages=talk([{"type": "text", "text": ""}])), "non-empty"),
    "unknown block": (request(messages=talk([{"type": "poem"}])), "does not match"),
    "orphan result": (request(messages=talk([RESULT])), "unexpected `tool_use_id`"),
    "no result": (request(messages=talk("x", [USE], "y")), "without `tool_result`"),
    "open at the end": (request(messages=talk("x", [USE])), "without `tool_result`"),
    "result after text": (request(messages=talk("x", [USE], [TEXT, RESULT])), "come before"),
    "result twice": (request(messages=talk("x", [USE], [RESULT, RESULT])), "single result"),
    "same id twice": (request(messages=talk("x", [USE, USE], [RESULT])), "unique"),
    "use by user": (request(messages=talk([USE])), "only be in `assistant`"),
    "input is text": (request(messages=talk("x", [{**USE, "input": "ls"}])), "dictionary"),
    "tool twice": (request(tools=[TOOL, TOOL]), "unique"),
    "tool name": (request(tools=[{**TOOL, "name": "a b"}]), "pattern"),
    "tool schema": (request(tools=[{"name": "t", "input_schema": {}}]), "object"),
    "choice unknown": (request(tools=[TOOL], tool_choice={"type": "must"}), "does not match"),
    "choice without tools": (request(tool_choice={"type": "auto"}), "while providing tools"),
    "choice missing": (request(tools=[TOOL], tool_choice={"type": "tool", "name": "u"}),
                       "not found"),
    "choice forced": (request(tools=[TOOL], tool_choice={"type": "any"}), "forces tool use"),
    "thinking off": (request(thinking={"type": "disabled"}), "not supported"),
    "effort": (request(output_config={"effort": "huge"}), "effort"),
    "format": (request(output_config={"format": {"type": "xml"}}), "json_schema"),
    "ttl": (request(cache_control={"type": "ephemeral", "ttl": "2d"}), "ttl"),
    "marks": (request(messages=talk([{**TEXT, "cache_control": MARK}] * 5)), "maximum of 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_are_named(name: str) -> None:
    """Each bad request is a 400 whose message names what is wrong."""
    body, part = BAD[name]
    with pytest.raises(Problem) as refused:
        check_request(body)
    assert refused.value.code == 400
    assert part in refused.value.message


GOOD = {
    "plain": request(),
    "round": request(messages=talk("x", [TEXT, USE], [RESULT, TEXT]), tools=[TOOL]),
    "system inside": request(messages=[USER, {"role": "system", "content": "note"}, USER]),
    "old tool_choice": request(model="claude-opus-5", tools=[TOOL], tool_choice={"type": "any"}),
    "thinking": request(
        messages=talk("x", [{"type": "thinking", "thinking": "h", "signature": signature_of("h")}])
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_requests_pass(name: str) -> None:
    """What real clients send is accepted."""
    check_request(GOOD[name])


def test_a_changed_thinking_block_is_refused() -> None:
    """A thinking block is bound to its text."""
    block = {"type": "thinking", "thinking": "other", "signature": signature_of("h")}
    with pytest.raises(Problem, match="cannot be modified"):
        check_request(request(messages=talk("x", [block])))


def test_counting_needs_no_max_tokens() -> None:
    """count_tokens takes the same body without a limit."""
    check_request(request(max_tokens=None), counting=True)


FULL = request(
    system=[{"type": "text", "text": "s", "cache_control": MARK}],
    messages=talk("x", [TEXT, USE], [RESULT, TEXT]),
    tools=[{**TOOL, "cache_control": MARK}],
    tool_choice={"type": "auto"},
    thinking={"type": "adaptive"},
    output_config={"effort": "low", "format": {"type": "json_schema", "schema": {}}},
    cache_control={"type": "ephemeral", "ttl": "1h"},
    stop_sequences=["a"],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a request."""
    yield path
    children = dict(enumerate(value)) if isinstance(value, list) else value
    for key, child in children.items() if isinstance(children, dict) else ():
        yield from places(child, (*path, key))


@pytest.mark.parametrize("junk", [None, [], {}, 3, "junk", [[]], [None], {"type": []}, "\ud800"])
def test_no_junk_in_any_place_is_more_than_a_400(junk: Any) -> None:
    """Whatever stands anywhere is refused in the API's shape, or can be answered and counted."""
    check_request(FULL)
    for path in [path for path in places(FULL) if path]:
        body = copy.deepcopy(FULL)
        at: Any = body
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = junk
        try:
            check_request(body)
        except Problem:
            continue
        PromptCache().account(body, owner="k", now=0)
        for brain in (SearchBrain(), ScriptBrain([{"when": {"text": "x"}, "reply": []}])):
            with contextlib.suppress(NoAnswer):
                brain.reply(body)
