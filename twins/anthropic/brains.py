"""The one interface behind which anything may answer a Messages request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a brain answers: content blocks, and why it stopped.

    Blocks are `text`, `tool_use` (an id is added when missing) and `thinking` (a signature is
    added). `usage` overrides single counters; a brain that is no language model sets them to 0.
    """

    blocks: tuple[JsonObject, ...]
    stop_reason: str = ""
    stop_details: JsonObject | None = None
    stop_sequence: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    raw: JsonObject | None = None
    """A recorded message, sent back as it is."""

    @property
    def reason(self) -> str:
        """The stop reason, inferred from the blocks unless it was given."""
        if self.stop_reason:
            return self.stop_reason
        uses = any(block.get("type") == "tool_use" for block in self.blocks)
        return "tool_use" if uses else "end_turn"


class NoAnswer(Exception):
    """The brain has nothing recorded or written for this request."""


class Brain(Protocol):
    """Answers one request from what the request holds."""

    @property
    def name(self) -> str:
        """`search`, `script` or `tape`."""

    @property
    def models(self) -> tuple[str, ...]:
        """The ids it answers to, the first being its own; empty means any known id."""

    @property
    def counts_tokens(self) -> bool:
        """Whether it has tokens at all."""

    def reply(self, request: JsonObject) -> Reply:
        """Answer; raises NoAnswer."""

    def reset(self) -> None:
        """Forget whatever was counted."""
