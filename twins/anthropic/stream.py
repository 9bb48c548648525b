"""A finished message as the server-sent events of a streamed one."""

import json
from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]
PIECE = 24


def events_of(message: JsonObject) -> Iterator[JsonObject]:
    """Yield the events of a whole stream, in order."""
    opening = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    opening["stop_details"] = None
    opening["usage"] = {
        **message["usage"],
        "output_tokens": min(1, message["usage"]["output_tokens"]),
    }
    yield {"type": "message_start", "message": opening}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block(index, block)
    ending = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    names = ("input_tokens", "output_tokens", "cache_creation_input_tokens",
             "cache_read_input_tokens")  # fmt: skip
    counters = {name: message["usage"][name] for name in names}
    yield {"type": "message_delta", "delta": ending, "usage": counters}
    yield {"type": "message_stop"}


def _block(index: int, block: JsonObject) -> Iterator[JsonObject]:
    kind = block["type"]
    if kind == "text":
        empty: JsonObject = {**block, "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
    elif kind == "tool_use":
        empty = {**block, "input": {}}
        text = json.dumps(block["input"], separators=(",", ":"))
        parts = ["", *_pieces(text)]
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
    elif kind == "thinking":
        empty = {**block, "thinking": "", "signature": ""}
        pieces = _pieces(block["thinking"])
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    else:
        empty, deltas = block, []
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _pieces(text: str) -> list[str]:
    size = max(PIECE, len(text) // 200)
    return [text[start : start + size] for start in range(0, len(text), size)]


def encode(event: JsonObject) -> bytes:
    """Write one event as it goes over the wire."""
    data = json.dumps(event, separators=(",", ":"))
    return f"event: {event['type']}\ndata: {data}\n\n".encode()
