"""Every answer that is no success becomes the one error that says what to do."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.forge.refusals import refusal
from bot.errors import (
    Conflict,
    CredentialRefused,
    Gone,
    NightshiftError,
    RateLimited,
    Rejected,
    Unavailable,
)

NOW = 1_000_000.0
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait."}


def told(status: int, headers: dict[str, str], body: object) -> NightshiftError | None:
    """Map one answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(status, headers, raw, call="GET /x", now=NOW)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (401, {}, {"message": "Bad credentials"}, CredentialRefused),
        (404, {}, {"message": "Integration not found"}, CredentialRefused),
        (403, {}, {"message": "Resource not accessible by integration"}, Rejected),
        (404, {}, {"message": "Not Found"}, Gone),
        (410, {}, {"message": "This issue was deleted"}, Gone),
        (301, {"location": "/repositories/7/issues/1"}, {}, Gone),
        (405, {}, {"message": "Not mergeable"}, Rejected),
        (409, {}, {"message": "Conflict"}, Conflict),
        (422, {}, {"message": "Validation Failed", "errors": "plain words"}, Rejected),
        (422, {}, {"message": "Validation Failed", "errors": ["a", "b"]}, Rejected),
        (422, {}, {"message": "Validation Failed", "errors": [{"code": "missing"}]}, Rejected),
        (422, {}, {"message": "x", "errors": [{"code": "already_exists"}]}, Conflict),
        (422, {}, {"message": "Reference already exists"}, Conflict),
        (422, {}, {"message": "x", "errors": {"a": 1}}, Rejected),
        (422, {}, b"<html>", Rejected),
        (500, {}, {}, Unavailable),
        (502, {}, b"<html>Unicorn!</html>", Unavailable),
        (520, {}, b"", Unavailable),
        (799, {}, b"", Unavailable),
    ],
)
def test_a_status_has_its_error(
    status: int, headers: dict[str, str], body: object, kind: type[NightshiftError]
) -> None:
    """Odd error lists, HTML and statuses nobody knows are mapped like the plain ones."""
    assert type(told(status, headers, body)) is kind


@pytest.mark.parametrize(
    ("status", "headers", "body", "retry_at"),
    [
        (403, {"retry-after": "855"}, SECONDARY, NOW + 855),
        (429, {"retry-after": "30"}, {}, NOW + 30),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000600"}, {}, NOW + 600),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, {}, NOW + 1),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, {}, NOW + 60),
        (403, {}, SECONDARY, NOW + 60),
        (429, {}, b"", NOW + 60),
        (429, {"retry-after": "999999999"}, b"", NOW + 6 * 3600),
        (429, {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, b"", NOW + 60),
    ],
)
def test_a_limit_says_until_when(
    status: int, headers: dict[str, str], body: object, retry_at: float
) -> None:
    """Primary and secondary limits come as 403 or 429, with and without headers."""
    error = told(status, headers, body)

    assert isinstance(error, RateLimited)
    assert error.retry_at == retry_at


def test_the_message_names_the_call_and_what_github_said() -> None:
    """A person can find the place in GitHub's documentation."""
    error = told(422, {}, {"message": "Validation Failed", "errors": [{"field": "head"}]})

    assert "GET /x answered 422: Validation Failed; head" in str(error)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 304])
def test_success_is_no_error(status: int) -> None:
    """A 304 is an answer, too."""
    assert told(status, {}, {}) is None


@given(
    st.integers(300, 999).filter(lambda status: status != 304),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text()
    ),
    st.binary(max_size=50) | st.text(max_size=30).map(lambda t: json.dumps({"errors": t}).encode()),
)
@settings(max_examples=150, deadline=None)
def test_any_answer_becomes_a_typed_error(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    """Nothing GitHub can send escapes as another exception."""
    assert isinstance(told(status, headers, body), NightshiftError)
