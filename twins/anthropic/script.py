"""A brain that says what a file tells it to: for tests, and for models that mean harm.

    rules:
      - when: {turn: 0, schema: decision}
        reply: [{json: {decision: accept, clause: "..."}}]
      - when: {last_tool_result: "2 passed"}
        reply: [{text: "done"}, {tool_use: {name: submit, input: {summary: "..."}}}]
      - when: {anywhere: "acme/searched"}
        brain: search
      - reply: [{text: "anything else"}]
        stop_reason: end_turn

The first rule whose conditions all hold answers; `times` limits how often it may. Conditions:
`turn` (assistant messages so far), `text` (last user text), `anywhere` (whole request),
`last_tool_result`, `system`, `model` (regular expressions, searched), `tools` (a tool name, or
true/false), `schema` (a property of the asked JSON schema). A rule with `brain` lets another brain
answer. No rule: 501, like any unmodelled call.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from twins.anthropic.brains import Brain, JsonObject, NoAnswer, Reply

_CONDITIONS = {"turn", "text", "anywhere", "last_tool_result", "system", "model", "tools", "schema"}
_ANSWERED = {"when", "times", "reply", "stop_reason", "stop_details", "stop_sequence", "usage"}
_HANDED_ON = {"when", "times", "brain"}
_PARTS = {"text", "json", "tool_use", "thinking"}


class BadScript(ValueError):
    """The file is no script."""


class ScriptBrain:
    """Answers by rules, some of which may hand the request on to one of `brains`."""

    name = "script"
    models: tuple[str, ...] = ()
    counts_tokens = True

    def __init__(self, rules: list[JsonObject], brains: Mapping[str, Brain] | None = None) -> None:
        self._rules = rules
        self._brains = dict(brains or {})
        self._used = [0] * len(rules)
        for rule in rules:
            _check(rule, self._brains)

    @classmethod
    def load(cls, path: Path, brains: Mapping[str, Brain] | None = None) -> "ScriptBrain":
        """Read a YAML or JSON file."""
        try:
            data = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
            raise BadScript(f"{path} cannot be read: {problem}") from problem
        rules = data.get("rules") if isinstance(data, dict) else None
        if not isinstance(rules, list):
            raise BadScript(f"{path}: `rules` must be a list")
        return cls(rules, brains)

    def reset(self) -> None:
        """Count uses from zero again."""
        self._used = [0] * len(self._rules)
        for brain in self._brains.values():
            brain.reset()

    def reply(self, request: JsonObject) -> Reply:
        """Answer with the first rule that fits."""
        for index, rule in enumerate(self._rules):
            times = rule.get("times", 0)
            if (not times or self._used[index] < times) and fits(rule.get("when", {}), request):
                self._used[index] += 1
                if "brain" in rule:
                    return self._brains[rule["brain"]].reply(request)
                blocks = tuple(_blocks(rule["reply"]))
                return Reply(
                    blocks,
                    rule.get("stop_reason", ""),
                    rule.get("stop_details"),
                    rule.get("stop_sequence"),
                    rule.get("usage", {}),
                )
        raise NoAnswer("no rule of the script fits this request")


def _check(rule: object, brains: Mapping[str, Brain]) -> None:
    if not isinstance(rule, dict) or ("brain" not in rule and not _replies(rule)):
        raise BadScript(f"a rule needs `reply`, a list: {rule!r}")
    if "brain" in rule and rule["brain"] not in brains:
        raise BadScript(f"there is no brain {rule['brain']!r} to hand a request to: {rule!r}")
    unknown = set(rule) - (_HANDED_ON if "brain" in rule else _ANSWERED)
    unknown |= set(rule.get("when") or {}) - _CONDITIONS
    for part in rule.get("reply", ()):
        unknown |= set(part) - _PARTS
    if unknown:
        raise BadScript(f"unknown key {min(unknown)!r} in {rule!r}")


def _replies(rule: JsonObject) -> bool:
    return isinstance(rule.get("reply"), list)


def _blocks(parts: list[JsonObject]) -> Iterator[JsonObject]:
    for part in parts:
        (kind, value), *_ = part.items()
        if kind == "json":
            yield {"type": "text", "text": json.dumps(value)}
        elif kind == "tool_use":
            yield {"type": "tool_use", **value}
        else:
            yield {"type": kind, kind: value}


def fits(when: JsonObject, request: JsonObject) -> bool:
    """Tell whether every condition holds for a request."""
    return all(_holds(name, wanted, request) for name, wanted in (when or {}).items())


def _holds(name: str, wanted: Any, request: JsonObject) -> bool:  # noqa: ANN401 - from a file
    messages = request["messages"]
    match name:
        case "turn":
            return bool(sum(each["role"] == "assistant" for each in messages) == wanted)
        case "tools":
            names = [tool.get("name") for tool in request.get("tools") or ()]
            return wanted in names if isinstance(wanted, str) else bool(names) is bool(wanted)
        case "schema":
            form = (request.get("output_config") or {}).get("format") or {}
            return wanted in (form.get("schema") or {}).get("properties", {})
        case "text":
            seen = last_text(request)
        case "last_tool_result":
            seen = last_tool_result(request)
        case "system":
            seen = json.dumps(request.get("system", ""), ensure_ascii=False)
        case "model":
            seen = str(request.get("model"))
        case _:
            seen = json.dumps(request, ensure_ascii=False)
    return bool(re.search(str(wanted), seen, re.DOTALL))


def last_text(request: JsonObject) -> str:
    """Return the text of the last user message that has any."""
    for message in reversed(request["messages"]):
        if message["role"] == "user":
            text = text_of(message["content"])
            if text:
                return text
    return ""


def last_tool_result(request: JsonObject) -> str:
    """Return the text of the last tool result, or nothing."""
    for message in reversed(request["messages"]):
        if message["role"] != "user" or isinstance(message["content"], str):
            continue
        for block in reversed(message["content"]):
            if block["type"] == "tool_result":
                return text_of(block.get("content", ""))
    return ""


def text_of(content: object) -> str:
    """Return the text blocks of a content, joined by line ends."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(b.get("text", "")) for b in blocks if b.get("type") == "text")
