"""A request's JSON object, read with GitHub's own complaints."""

from typing import Any, TypeVar

from twins.github.problem import Problem, missing

T = TypeVar("T")
JsonObject = dict[str, Any]


class Body:
    """Typed look-ups; a wrong type answers 422 as the schema check in front of GitHub does."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise Problem(422, f"Invalid request.\n\n{value!r} is not an object.")
        self.value: JsonObject = value

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def has(self, name: str) -> bool:
        """Tell whether a member is there and not null."""
        return self.value.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """Return a string member; null counts as absent."""
        return self._typed(name, default, str, "a string")

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean member."""
        return self._typed(name, default, bool, "a boolean")

    def integer(self, name: str, default: int = 0) -> int:
        """Return an integer member."""
        return self._typed(name, default, int, "an integer")

    def object(self, name: str) -> JsonObject:
        """Return an object member."""
        return self._typed(name, {}, dict, "an object")

    def items(self, name: str) -> list[Any]:
        """Return a list member."""
        return self._typed(name, [], list, "an array")

    def need(self, name: str, resource: str) -> str:
        """Return a string member that must not be empty."""
        text = self.text(name)
        if not text.strip():
            raise missing(resource, name)
        return text

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """Return a string member out of a fixed set."""
        text = self.text(name, default)
        if text != default and text not in allowed:
            raise Problem(
                422,
                f"Invalid request.\n\n{text} is not a member of {list(allowed)}.",
            )
        return text

    def _typed(self, name: str, default: T, kind: type[T], said: str) -> T:
        value = self.value.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            shown = "an object" if isinstance(value, dict | list) else repr(value)
            raise Problem(
                422, f"Invalid request.\n\nFor 'properties/{name}', {shown} is not {said}."
            )
        return value
