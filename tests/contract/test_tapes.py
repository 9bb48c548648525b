"""The tapes play as they were recorded: our clients still read what the services once said."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import vcr.errors
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contract.walk import TAPES, GitHub, Messages, github, messages, tape


def read(name: str) -> dict[str, Any]:
    """Read what `make tapes` wrote beside the tapes."""
    found: dict[str, Any] = json.loads((TAPES / f"{name}.json").read_text())
    return found


@contextmanager
def playing(name: str) -> Iterator[Any]:
    """Play a tape; every exchange on it has to be asked for."""
    with tape(name, record=False) as played:
        yield played
    assert played.all_played, f"{name}: the tape holds exchanges that nobody asked for"


@pytest.fixture(scope="module")
def pem() -> str:
    """Return some App's key: on a tape nobody checks signatures."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


async def test_github_reads_as_it_was_recorded(pem: str) -> None:
    """Every noun of a sweep, from the recorded bytes, with no network in reach."""
    place = GitHub(**{**read("played")["github"], "key": pem})
    with playing("github"):
        assert read("told")["github"] == await github(place, 0.0)


async def test_a_model_reads_as_it_was_recorded() -> None:
    """Text, stop reason, model and usage, through the real SDK."""
    place = Messages(**{**read("played")["messages"], "key": "none"})
    with playing("messages"):
        assert read("told")["messages"] == await messages(place)


async def test_a_call_that_is_not_on_tape_is_refused(pem: str) -> None:
    """The tapes can fail: another repository was never asked for."""
    place = GitHub(**{**read("played")["github"], "key": pem, "repo": "acme/other"})
    with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException), playing("github"):
        await github(place, 0.0)


def test_it_is_said_where_a_tape_comes_from() -> None:
    """A tape of a twin proves less than one of the real service, and is named so."""
    assert set(read("sources")) == {"github", "messages"}
    for service, source in read("sources").items():
        real = source.startswith("https://")
        assert real or source == "the twin", service
        assert ("127.0.0.1" in read("played")[service]["url"]) == (not real)
