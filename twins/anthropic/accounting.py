"""Tokens and prompt cache: what a request reads, writes and pays in full.

Estimate: one token for four UTF-8 bytes of a block's compact JSON, rounded up. It is a rule, not
a tokeniser; what matters is that equal prefixes count equally and longer ones count more.

A prefix is the sequence tools, system, messages up to a marked block, marks themselves left out.
An entry is found by looking back at most 20 blocks from a mark. Below the minimum nothing is
cached, silently, as on the real endpoint. Reading an entry renews it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]

LIFETIME = {"5m": 300.0, "1h": 3600.0}
LOOK_BACK = 20
BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a request in prompt order."""

    digest: str
    """Of everything up to and including this block."""
    tokens: int
    """Likewise."""
    ttl: str
    """`5m` or `1h` when the block carries a mark."""


@dataclass(frozen=True, slots=True)
class Input:
    """The four input counters of a usage."""

    full: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0

    @property
    def total(self) -> int:
        """All input tokens, however they are paid."""
        return self.full + self.read + self.written_5m + self.written_1h


class PromptCache:
    """Which prefixes are warm, per key and model."""

    def __init__(self, minimum: int = 512) -> None:
        self.minimum = minimum
        self._until: dict[tuple[str, str, str], float] = {}
        self._ttl: dict[tuple[str, str, str], str] = {}

    def clear(self) -> None:
        """Forget every prefix."""
        self._until.clear()
        self._ttl.clear()

    def account(self, request: JsonObject, *, owner: str, now: float) -> Input:
        """Look up and renew what is warm, write what is marked, and return the counters."""
        blocks = list(blocks_of(request))
        total = blocks[-1].tokens if blocks else 0
        marked = [i for i, b in enumerate(blocks) if b.ttl and b.tokens >= self.minimum]
        if not marked:
            return Input(total)
        space = (owner, str(request.get("model")))
        warm = self._longest_warm(blocks, marked, space, now)
        if warm is not None:
            self._renew((*space, blocks[warm].digest), now)
        read = blocks[warm].tokens if warm is not None else 0
        written = {"5m": 0, "1h": 0}
        done = read
        for index in marked:
            block = blocks[index]
            key = (*space, block.digest)
            if block.tokens > done:
                written[block.ttl] += block.tokens - done
                done = block.tokens
                self._until[key] = now + LIFETIME[block.ttl]
                self._ttl[key] = block.ttl
            elif self._until.get(key, 0.0) > now:
                self._renew(key, now)
        return Input(total - done, read, written["5m"], written["1h"])

    def _longest_warm(
        self, blocks: list[Block], marked: list[int], space: tuple[str, str], now: float
    ) -> int | None:
        for mark in reversed(marked):
            for index in range(mark, max(-1, mark - LOOK_BACK), -1):
                if self._until.get((*space, blocks[index].digest), 0.0) > now:
                    return index
        return None

    def _renew(self, key: tuple[str, str, str], now: float) -> None:
        self._until[key] = now + LIFETIME[self._ttl[key]]


def estimate(value: object) -> int:
    """Return the token estimate of one block."""
    return -(-len(compact(value).encode()) // BYTES_PER_TOKEN)


def compact(value: object) -> str:
    """Return JSON without spaces. The order of keys stays: changing it breaks a prefix."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def blocks_of(request: JsonObject) -> Iterator[Block]:
    """Yield the blocks of a request in prompt order, each with the digest of its prefix."""
    running = hashlib.sha256()
    tokens = 0
    parts = list(_parts(request))
    automatic = _ttl(request.get("cache_control"))
    for index, (content, mark) in enumerate(parts):
        text = compact(content)
        running.update(text.encode() + b"\0")
        tokens += -(-len(text.encode()) // BYTES_PER_TOKEN)
        ttl = _ttl(mark) or (automatic if index == len(parts) - 1 else "")
        yield Block(running.hexdigest(), tokens, ttl)


def _parts(request: JsonObject) -> Iterator[tuple[object, object]]:
    for tool in request.get("tools") or ():
        yield ["tool", _unmarked(tool)], tool.get("cache_control")
    system = request.get("system")
    for block in _as_blocks(system):
        yield ["system", _unmarked(block)], block.get("cache_control")
    for message in request.get("messages") or ():
        for block in _as_blocks(message["content"]):
            yield [message["role"], _unmarked(block)], block.get("cache_control")


def _as_blocks(content: object) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content) if isinstance(content, list) else []


def _unmarked(block: JsonObject) -> JsonObject:
    return {name: value for name, value in block.items() if name != "cache_control"}


def _ttl(mark: object) -> str:
    return str(mark.get("ttl") or "5m") if isinstance(mark, dict) else ""
