"""Request bodies for the model: byte-stable prefixes, and nothing in them that changes by itself.

Tools, system, mission, issue, then turns that are only ever appended: each request's serialised
prefix is the whole of the one before, so the endpoint's cache holds and a replay is identical.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.policy.turns import TOOLS

_ONE_HOUR = {"type": "ephemeral", "ttl": "1h"}
NUDGE = "Call `submit` when the change is ready, or `give_up` with the reason."


@dataclass(frozen=True, slots=True)
class Conversation:
    """All messages so far, and what a held-back `submit` is waiting for."""

    messages: tuple[dict[str, Any], ...]
    commit: str
    """The commit whose tree the coder saw last."""
    base: str
    turn: int = 0
    pending: tuple[dict[str, Any], ...] = ()
    """Tool results of the batch that ended in `submit`, without the submit's own."""
    submit_id: str = ""
    signatures: tuple[str, ...] = field(default=())

    def say(self, role: str, content: Sequence[Mapping[str, Any]]) -> "Conversation":
        """Append one message."""
        message = {"role": role, "content": [dict(block) for block in content]}
        return replace(self, messages=(*self.messages, message))

    def answer_submit(self, feedback: str) -> "Conversation":
        """Give the held-back `submit` its result, and go on."""
        result = {"type": "tool_result", "tool_use_id": self.submit_id, "content": feedback}
        said = self.say("user", [*self.pending, result])
        return replace(said, pending=(), submit_id="")


def opening(static: str, issue: str) -> list[dict[str, Any]]:
    """Build the first user message: what issues of one repository share, then this issue."""
    return [
        {"type": "text", "text": static, "cache_control": _ONE_HOUR},
        {"type": "text", "text": issue},
    ]


def build_body(
    *, model: str, effort: str, max_tokens: int, system: str, messages: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Assemble one request of the agent loop."""
    return {
        "model": model,
        "max_tokens": max_tokens,
        "system": [{"type": "text", "text": system}],
        "tools": [dict(tool) for tool in TOOLS],
        "messages": [dict(message) for message in messages],
        "cache_control": {"type": "ephemeral"},
        "output_config": {"effort": effort},
    }


def typed_body(
    *,
    model: str,
    effort: str,
    max_tokens: int,
    system: str,
    static: str,
    question: str,
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """Assemble one tool-less request whose reply must follow a JSON schema."""
    return {
        "model": model,
        "max_tokens": max_tokens,
        "system": [{"type": "text", "text": system}],
        "messages": [{"role": "user", "content": opening(static, question)}],
        "output_config": {
            "effort": effort,
            "format": {"type": "json_schema", "schema": dict(schema)},
        },
    }
