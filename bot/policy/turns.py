"""What the agent loop does with a model's reply. Pure: recorded values in, one move out.

A model's output is data. It can ask for the five tools and nothing else; `submit` only asks for
judgement and `give_up` only ends the attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.work import BuildEnd

TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "bash",
        "description": "Run a command in the repository root, in a fresh process without network. "
        "Files you change stay; processes do not.",
        "input_schema": {
            "type": "object",
            "properties": {
                "command": {"type": "string"},
                "timeout_s": {"type": "number", "description": "seconds, at most 120"},
            },
            "required": ["command"],
            "additionalProperties": False,
        },
    },
    {
        "name": "view",
        "description": "Show a file with line numbers, or list a folder.",
        "input_schema": {
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "start": {"type": "integer"},
                "end": {"type": "integer"},
            },
            "required": ["path"],
            "additionalProperties": False,
        },
    },
    {
        "name": "edit",
        "description": "Replace `old`, which must occur exactly once in the file, by `new`. "
        "An empty `old` creates the file.",
        "input_schema": {
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "old": {"type": "string"},
                "new": {"type": "string"},
            },
            "required": ["path", "old", "new"],
            "additionalProperties": False,
        },
    },
    {
        "name": "submit",
        "description": "Ask for the change to be judged. The answer comes back as the result.",
        "input_schema": {
            "type": "object",
            "properties": {"summary": {"type": "string"}},
            "required": ["summary"],
            "additionalProperties": False,
        },
    },
    {
        "name": "give_up",
        "description": "End honestly when the change cannot be made well.",
        "input_schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}},
            "required": ["reason"],
            "additionalProperties": False,
        },
    },
)

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
}
_REPEATS = 3
_LONGEST_PERIOD = 6


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool_use block. `problem` is set when it is not to be run, and says why."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunTools:
    """Run these in order; nothing after a `submit` or `give_up` is run."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class Nudge:
    """Append the reply and remind of the two ways to finish."""


@dataclass(frozen=True, slots=True)
class AskLarger:
    """The reply was cut: do not append it, ask again with twice the room."""


@dataclass(frozen=True, slots=True)
class Carry:
    """Append the reply and call again as it is."""


@dataclass(frozen=True, slots=True)
class End:
    """The attempt is over without a submission."""

    end: BuildEnd
    detail: str


Move = RunTools | Nudge | AskLarger | Carry | End


def next_move(
    content: Sequence[Mapping[str, Any]],
    stop_reason: str,
    *,
    nudged: int = 0,
    enlarged: int = 0,
    carried: int = 0,
) -> Move:
    """Choose the move for one reply; the counters say how often the soft moves came in a row."""
    match stop_reason:
        case "tool_use":
            calls = tuple(_call(b) for b in content if b.get("type") == "tool_use")
            return RunTools(calls) if calls else _ask_to_finish(nudged)
        case "end_turn" | "stop_sequence":
            return _ask_to_finish(nudged)
        case "max_tokens":
            return AskLarger() if not enlarged else End(BuildEnd.NO_RESULT, "the reply is too long")
        case "pause_turn":
            return Carry() if carried < _REPEATS else End(BuildEnd.NO_RESULT, "the model stalls")
        case "model_context_window_exceeded":
            return End(BuildEnd.EXHAUSTED, "the conversation no longer fits the model's window")
        case "refusal":
            return End(BuildEnd.REFUSED, "the model refuses this issue")
        case _:
            return End(BuildEnd.NO_RESULT, "the model stopped for a reason we do not know")


def _ask_to_finish(nudged: int) -> Move:
    if nudged:
        return End(BuildEnd.NO_RESULT, "the model talks without submitting or giving up")
    return Nudge()


def _call(block: Mapping[str, Any]) -> ToolCall:
    name, arguments = str(block.get("name", "")), block.get("input")
    call_id = str(block.get("id", ""))
    spec = next((tool for tool in TOOLS if tool["name"] == name), None)
    if spec is None:
        return ToolCall(call_id, name, {}, f"there is no tool `{name[:40]}`")
    if not isinstance(arguments, dict):
        return ToolCall(call_id, name, {}, "arguments must be an object")
    schema = spec["input_schema"]
    missing = [key for key in schema["required"] if key not in arguments]
    unknown = [key for key in arguments if key not in schema["properties"]]
    wrong = [key for key, value in arguments.items() if not _fits(schema, key, value)]
    if missing or unknown or wrong:
        named = ", ".join(str(key)[:40] for key in [*missing, *unknown, *wrong])
        return ToolCall(call_id, name, {}, f"bad arguments for `{name}`: {named}")
    return ToolCall(call_id, name, arguments)


def _fits(schema: Mapping[str, Any], key: str, value: object) -> bool:
    declared = schema["properties"].get(key)
    if declared is None:
        return True
    return isinstance(value, _TYPES[declared["type"]]) and not isinstance(value, bool)


def looping(signatures: Sequence[str]) -> bool:
    """Tell whether the last events repeat with a period of one to six, three times over."""
    for period in range(1, _LONGEST_PERIOD + 1):
        window = signatures[-period * _REPEATS :]
        if len(window) < period * _REPEATS:
            return False
        if all(window[i] == window[i % period] for i in range(len(window))):
            return True
    return False
