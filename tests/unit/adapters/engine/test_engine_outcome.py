"""Errors as data."""

import json

import pytest

from bot import errors
from bot.adapters.engine.outcome import error_envelope, opened, value_envelope
from bot.domain.usage import Usage
from bot.errors import NightshiftError, RateLimited

_CLASSES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NightshiftError)
]


def _through_json(envelope: object) -> object:
    return json.loads(json.dumps(envelope))


@pytest.mark.parametrize("kind", _CLASSES)
def test_every_error_travels(kind: type[NightshiftError]) -> None:
    """Each class of the tree comes back as itself, with its three sentences."""
    error = kind("what", means="means", remedy="remedy")
    with pytest.raises(kind) as caught:
        opened(object, _through_json(error_envelope(error)))
    assert type(caught.value) is kind
    assert str(caught.value) == str(error)


def test_slugs_are_unique() -> None:
    """A slug names one class, because it is all that travels."""
    assert len({kind.slug for kind in _CLASSES}) == len(_CLASSES)


def test_what_a_class_adds_travels_too() -> None:
    """`retry_at` decides when to go on, so it must not be lost."""
    with pytest.raises(RateLimited) as caught:
        opened(object, _through_json(error_envelope(RateLimited("slow", retry_at=7.5))))
    assert caught.value.retry_at == 7.5


def test_an_unknown_class_becomes_the_root() -> None:
    """An error of a later version is still an error, with its words."""
    envelope = error_envelope(RateLimited("slow"))
    envelope["error"]["slug"] = "from-the-future"
    with pytest.raises(NightshiftError, match="slow"):
        opened(object, envelope)


def test_a_noun_comes_back_as_itself() -> None:
    """A value of another shape than promised is refused."""
    envelope = _through_json(value_envelope(Usage(calls=3)))
    assert opened(Usage, envelope) == Usage(calls=3)
    with pytest.raises(ValueError, match="validation error"):
        opened(int, envelope)
