"""Nouns to canonical JSON and back: the one encoding for everything that crosses a process."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
"""Builds the codec of a type once: building costs a hundred times as much as using it."""


def dump(value: object) -> Any:  # noqa: ANN401  JSON has no narrower type
    """Turn a noun into plain JSON values."""
    return _adapter(type(value)).dump_python(value, mode="json")


def load(kind: type[T], value: object) -> T:
    """Turn plain JSON values back into a noun; raises pydantic.ValidationError on anything else."""
    found: T = _adapter(kind).validate_python(value)
    return found


def canonical(value: object) -> str:
    """Serialise JSON values the one way: sorted keys, no spaces, no ASCII escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
