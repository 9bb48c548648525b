"""Outcomes as data: a value or a typed error, the same live and on replay."""

import logging
from typing import Any, TypeVar

from pydantic import TypeAdapter

from bot.errors import DiskFull, NightshiftError
from bot.wire import dump, load

T = TypeVar("T")
Json = Any  # what json.loads returns has no narrower type

log = logging.getLogger(__name__)


def value_envelope(value: object) -> Json:
    """Wrap a noun that is a step's result."""
    return {"value": dump(value)}


def error_envelope(error: NightshiftError) -> Json:
    """Wrap a typed error with everything its class keeps."""
    fields = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    text = {name: str(fields.pop(name, "")) for name in ("what", "means", "remedy")}
    more = TypeAdapter(dict[str, Any]).dump_python(fields, mode="json", fallback=str)
    return {"error": {"slug": error.slug, **text, "more": more}}


def broken(name: str, error: BaseException) -> NightshiftError:
    """Name a full disk as what it is, and all else as a fault of ours; both travel typed."""
    full = DiskFull.from_os(error) if isinstance(error, OSError) else None
    return full or broken_text(name, f"{type(error).__name__}: {error}")


def broken_text(name: str, text: str) -> NightshiftError:
    """Name a fault of ours of which only the words are left."""
    return NightshiftError(
        f"{name} broke: {text}",
        means="This is a fault in Nightshift itself.",
        remedy="look for the traceback in the log of the role that ran it",
    )


def opened(kind: type[T], envelope: Json) -> T:
    """Return the value, or raise the error as the class it was."""
    if "error" in envelope:
        raise read_error(envelope["error"])
    return load(kind, envelope["value"])


def read_error(data: Json) -> NightshiftError:
    """Rebuild a typed error; a class that no longer exists becomes the root class."""
    kind = _classes(NightshiftError).get(str(data["slug"]), NightshiftError)
    error = kind(data["what"], means=data["means"], remedy=data["remedy"])
    for name, value in data["more"].items():
        setattr(error, name, value)
    return error


def _classes(root: type[NightshiftError]) -> dict[str, type[NightshiftError]]:
    """Map the drawn tree by slug; a private subclass elsewhere travels as what it is one of."""
    found = {root.slug: root}
    for child in root.__subclasses__():
        if child.__module__ == NightshiftError.__module__:
            found |= _classes(child)
    return found
