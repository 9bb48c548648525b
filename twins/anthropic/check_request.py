"""Refuse what the real endpoint refuses, with its kind of sentence."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from twins.anthropic.problems import invalid

JsonObject = dict[str, Any]

_TOP = {
    "cache_control", "container", "context_management", "diagnostics", "inference_geo",
    "max_tokens", "messages", "metadata", "model", "output_config", "service_tier", "speed",
    "stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice", "tools",
    "top_k", "top_p", "user_profile_id", "workspace_id",
}  # fmt: skip
_BLOCKS = {
    "text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking",
    "search_result", "server_tool_use", "web_search_tool_result",
}  # fmt: skip
_ROLES = {"user", "assistant", "system"}
_CHOICES = {"auto", "any", "tool", "none"}
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ALWAYS_THINKING = ("claude-opus-5-5", "claude-fable-5-1")
MAX_MARKS = 4
_THINKING = {"adaptive", "enabled", "disabled"}
_EFFORTS = {"low", "medium", "high", "xhigh", "max"}


def check_request(body: JsonObject, *, counting: bool = False) -> None:
    """Raise the 400 that this request deserves, if any."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as lone:
        raise invalid("The request body is not valid JSON: no low surrogate in string") from lone
    for name in body:
        if name not in _TOP:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise invalid("model: Field required")
    if not counting:
        _check_max_tokens(body)
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise invalid("messages: Field required")
    if not messages:
        raise invalid("messages: at least one message is required")
    _check_system(body.get("system"))
    for index, message in enumerate(messages):
        _check_message(index, message)
    if _talk(messages)[0]["role"] != "user":
        raise invalid('messages: first message must use the "user" role')
    _check_pairs(_talk(messages))
    _check_tools(body)
    _check_thinking(body)
    _check_output(body)
    _check_marks(body)


def _one_of(value: object, allowed: Collection[str]) -> bool:
    return isinstance(value, str) and value in allowed


def _check_system(system: object) -> None:
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise invalid("system: Input should be a valid string or list")
    for index, block in enumerate(system):
        if not isinstance(block, dict) or not isinstance(block.get("text"), str):
            raise invalid(f"system.{index}: Input should be a text block")


def _talk(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """Leave out the system messages that some clients put between the others."""
    return [message for message in messages if message["role"] != "system"] or list(messages)


def _check_max_tokens(body: JsonObject) -> None:
    value = body.get("max_tokens")
    if value is None:
        raise invalid("max_tokens: Field required")
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid("max_tokens: Input should be a valid integer")
    if value < 1:
        raise invalid("max_tokens: must be greater than or equal to 1")


def _check_message(index: int, message: object) -> None:
    where = f"messages.{index}"
    if not isinstance(message, dict):
        raise invalid(f"{where}: Input should be an object")
    role = message.get("role")
    if not _one_of(role, _ROLES):
        raise invalid(f"{where}.role: Input should be 'user' or 'assistant'")
    content = message.get("content")
    if isinstance(content, str):
        if not content.strip():
            raise invalid(f"{where}: user messages must have non-empty content")
        return
    if not isinstance(content, list):
        raise invalid(f"{where}.content: Input should be a valid list or string")
    if not content:
        raise invalid(f"{where}: all messages must have non-empty content")
    late = False
    for number, block in enumerate(content):
        _check_block(f"{where}.content.{number}", block, str(role))
        if block["type"] == "tool_result":
            if late:
                raise invalid(f"{where}: `tool_result` blocks must come before any other content")
        else:
            late = True


def _check_block(where: str, block: object, role: str) -> None:
    if not isinstance(block, dict):
        raise invalid(f"{where}: Input should be an object")
    kind = block.get("type")
    if not _one_of(kind, _BLOCKS):
        raise invalid(
            f"{where}: Input tag {kind!r} found using 'type' does not match any of the"
            " expected tags"
        )
    text = block.get("text")
    if kind == "text" and not (isinstance(text, str) and text.strip()):
        raise invalid(f"{where}.text: text content blocks must be non-empty")
    if kind == "tool_use":
        if role != "assistant":
            raise invalid(f"{where}: `tool_use` blocks can only be in `assistant` messages")
        if not isinstance(block.get("id"), str) or not isinstance(block.get("name"), str):
            raise invalid(f"{where}.tool_use.id: Field required")
        if not isinstance(block.get("input"), dict):
            raise invalid(f"{where}.tool_use.input: Input should be a valid dictionary")
    if kind == "tool_result":
        _check_result(where, block, role)
    if kind in {"thinking", "redacted_thinking"}:
        _check_signature(where, block, role)


def _check_result(where: str, block: JsonObject, role: str) -> None:
    if role != "user":
        raise invalid(f"{where}: `tool_result` blocks can only be in `user` messages")
    if not isinstance(block.get("tool_use_id"), str):
        raise invalid(f"{where}.tool_result.tool_use_id: Field required")
    content = block.get("content", "")
    plain = isinstance(content, list) and all(isinstance(each, dict) for each in content)
    if content is not None and not isinstance(content, str) and not plain:
        raise invalid(f"{where}.tool_result.content: Input should be a valid string or list")


def signature_of(thinking: str) -> str:
    """Return the value that binds a thinking block to its text."""
    return "ns-" + hashlib.sha256(f"nightshift twin {thinking}".encode()).hexdigest()[:40]


def _check_signature(where: str, block: JsonObject, role: str) -> None:
    if role != "assistant":
        raise invalid(f"{where}: `thinking` blocks can only be in `assistant` messages")
    if block["type"] == "thinking":
        text = block.get("thinking")
        if not isinstance(text, str) or block.get("signature") != signature_of(text):
            raise invalid(
                f"{where}: `thinking` or `redacted_thinking` blocks in the latest assistant message"
                " cannot be modified. These blocks must remain as they were in the original"
                " response."
            )


def _check_pairs(messages: Sequence[JsonObject]) -> None:
    """Each tool_use is answered in the next message, and only what was asked is answered."""
    seen: set[str] = set()
    asked: list[str] = []
    for index, message in enumerate(messages):
        blocks = message["content"] if isinstance(message["content"], list) else []
        results = [b.get("tool_use_id") for b in blocks if b["type"] == "tool_result"]
        for name in results:
            if name not in asked:
                raise invalid(
                    f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks:"
                    f" {name}."
                    " Each `tool_result` block must have a corresponding `tool_use` block in the"
                    " previous message."
                )
        if len(set(results)) != len(results):
            raise invalid(f"messages.{index}: each tool_use must have a single result")
        missing = [name for name in asked if name not in results]
        if missing:
            raise invalid(
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks"
                f" immediately after: {', '.join(missing)}. Each `tool_use` block must have a"
                " corresponding `tool_result` block in the next message."
            )
        asked = [str(b.get("id", "")) for b in blocks if b["type"] == "tool_use"]
        for name in asked:
            if name in seen or not name:
                raise invalid(f"messages.{index}: `tool_use` ids must be unique")
            seen.add(name)
    if asked:
        raise invalid(
            f"messages.{len(messages) - 1}: `tool_use` ids were found without `tool_result` blocks"
            f" immediately after: {', '.join(asked)}."
        )


def _check_tools(body: JsonObject) -> None:
    tools = body.get("tools", [])
    if not isinstance(tools, list):
        raise invalid("tools: Input should be a valid list")
    names: set[str] = set()
    for index, tool in enumerate(tools):
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            raise invalid(
                f"tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )
        if name in names:
            raise invalid("tools: Tool names must be unique.")
        names.add(name)
        if tool.get("type", "custom") != "custom":
            continue
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise invalid(f"tools.{index}.custom.input_schema: Field required")
        if schema.get("type") != "object":
            raise invalid(f"tools.{index}.custom.input_schema.type: Input should be 'object'")
    _check_choice(body, names)


def _check_choice(body: JsonObject, names: set[str]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if not _one_of(kind, _CHOICES):
        raise invalid(
            f"tool_choice: Input tag {kind!r} found using 'type' does not match any of the"
            " expected tags: 'auto', 'any', 'tool', 'none'"
        )
    if not names:
        raise invalid("tool_choice: may only be specified while providing tools.")
    if kind == "tool" and choice.get("name") not in names:
        raise invalid(f"tool_choice: Tool '{choice.get('name')}' not found in provided tools")
    if kind in {"any", "tool"} and str(body["model"]).startswith(_ALWAYS_THINKING):
        raise invalid("tool_choice: Thinking may not be enabled when tool_choice forces tool use.")


def _check_thinking(body: JsonObject) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if not _one_of(kind, _THINKING):
        raise invalid("thinking.type: Input should be 'adaptive', 'enabled' or 'disabled'")
    if kind != "adaptive" and str(body["model"]).startswith(_ALWAYS_THINKING):
        raise invalid(f"thinking.type: '{kind}' is not supported by this model")
    if kind == "enabled" and not isinstance(thinking.get("budget_tokens"), int):
        raise invalid("thinking.enabled.budget_tokens: Field required")


def _check_output(body: JsonObject) -> None:
    output = body.get("output_config")
    if output is None:
        return
    if not isinstance(output, dict):
        raise invalid("output_config: Input should be an object")
    effort = output.get("effort")
    if effort is not None and not _one_of(effort, _EFFORTS):
        raise invalid(
            "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"
        )
    form = output.get("format")
    if form is None:
        return
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        raise invalid("output_config.format.type: Input should be 'json_schema'")
    if not isinstance(form.get("schema"), dict):
        raise invalid("output_config.format.schema: Field required")


def _check_marks(body: JsonObject) -> None:
    marks = list(_marks(body))
    for mark in marks:
        if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
            raise invalid("cache_control.type: Input should be 'ephemeral'")
        if not _one_of(mark.get("ttl", "5m"), {"5m", "1h"}):
            raise invalid("cache_control.ttl: Input should be '5m' or '1h'")
    if len(marks) > MAX_MARKS:
        raise invalid(
            f"A maximum of {MAX_MARKS} blocks with cache_control may be provided."
            f" Found {len(marks)}."
        )


def _marks(body: JsonObject) -> Iterator[object]:
    if body.get("cache_control"):
        yield body["cache_control"]
    system = body.get("system")
    holders = [*body.get("tools", []), *(system if isinstance(system, list) else [])]
    for message in body["messages"]:
        if isinstance(message["content"], list):
            holders += message["content"]
    for holder in holders:
        if isinstance(holder, dict) and holder.get("cache_control"):
            yield holder["cache_control"]
