"""Errors as the Messages API words them."""

from dataclasses import dataclass, field
from typing import Any

STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


@dataclass(frozen=True, slots=True)
class Problem(Exception):
    """A request that is answered with an error."""

    kind: str
    message: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The HTTP status."""
        return self.status or STATUS.get(self.kind, 500)

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the error body."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.details:
            error["details"] = self.details
        return {"type": "error", "error": error, "request_id": request_id}


def invalid(message: str) -> Problem:
    """Make the 400 that says what is wrong with a request."""
    return Problem("invalid_request_error", message)
