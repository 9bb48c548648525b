"""How alike two JSON bodies are: the share of typed key paths that both have.

A null, an empty list and an empty object say nothing about what could stand there, so whatever the
other side has below counts neither for nor against.
"""

from typing import Any

# Its members are data: which permissions an App has.
MAP = "permissions"


def likeness(one: Any, other: Any) -> float:  # noqa: ANN401  # JSON has no narrower type
    """Return the Jaccard index of the typed key paths, 1 for two bodies of one shape."""
    if (one is None) != (other is None):
        return 0.0
    both, all_ = _compare(one, other)
    return both / all_


def _compare(one: Any, other: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return how many paths both sides have, and how many there are."""
    if one is None or other is None:
        return 1, 1
    match one, other:
        case dict(), dict():
            return _objects(one, other)
        case list(), list():
            if not one or not other:
                return 1, 1
            both, all_ = _compare(_merged(one), _merged(other))
            return both + 1, all_ + 1
        case _:
            pass
    if _kind(one) == _kind(other):
        return 1, 1
    return 0, _size(one) + _size(other)


def _objects(one: dict[str, Any], other: dict[str, Any]) -> tuple[int, int]:
    if not one or not other:
        return 1, 1
    both, all_ = 1, 1
    for name in one.keys() | other.keys():
        if name in one and name in other:
            if name == MAP:
                continue
            some, every = _compare(one[name], other[name])
            both, all_ = both + some, all_ + every
        else:
            all_ += _size(one.get(name, other.get(name)))
    return both, all_


def _merged(items: list[Any]) -> Any:  # noqa: ANN401
    """Return one item that has every member that any item has."""
    objects = [one for one in items if isinstance(one, dict)]
    if not objects:
        return items[0]
    merged: dict[str, Any] = {}
    for one in objects:
        for name, value in one.items():
            if merged.get(name) in (None, [], {}):
                merged[name] = value
    return merged


def _size(value: Any) -> int:  # noqa: ANN401
    """Return the number of typed key paths of a value."""
    if isinstance(value, dict):
        return 1 + sum(_size(one) for one in value.values())
    if isinstance(value, list):
        return 1 + (_size(_merged(value)) if value else 0)
    return 1


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__
