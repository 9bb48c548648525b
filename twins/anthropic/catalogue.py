"""The models that the twin lists. Limits are data of the twin, not a claim about a vendor."""

from typing import Any

JsonObject = dict[str, Any]

_NAMES = {
    "nightshift-search-1": "Search brain, not a language model",
    "nightshift-script-1": "Scripted replies, not a language model",
    "claude-fable-5-1": "Claude Fable 5.1 (twin)",
    "claude-opus-5-5": "Claude Opus 5.5 (twin)",
    "claude-opus-5": "Claude Opus 5 (twin)",
    "claude-sonnet-5-5": "Claude Sonnet 5.5 (twin)",
    "claude-haiku-5-5": "Claude Haiku 5.5 (twin)",
}


def listed(only: tuple[str, ...]) -> list[str]:
    """Return the ids on offer."""
    return list(only) or list(_NAMES)


def describe(model: str) -> JsonObject:
    """Return one entry of the model list."""
    return {
        "type": "model",
        "id": model,
        "display_name": _NAMES.get(model, model),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "capabilities": None,
        "line": None,
        "max_input_tokens": 1_000_000,
        "max_tokens": 64_000,
    }
