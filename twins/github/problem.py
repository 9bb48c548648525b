"""Answers that are no: status, message and the list of errors GitHub puts beside it."""

from typing import Any

JsonObject = dict[str, Any]
DOCS = "https://docs.github.com/rest"


class Problem(Exception):
    """A refusal in GitHub's own shape."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[JsonObject] | None = None,
        headers: dict[str, str] | None = None,
        *,
        words: list[str] | None = None,
        url: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        # GitHub lists some complaints as objects and some as plain sentences.
        self.errors: list[Any] | None = errors or words
        self.headers = headers or {}
        self.url = url

    def body(self) -> JsonObject:
        """Return the JSON that explains the refusal."""
        errors = {} if self.errors is None else {"errors": self.errors}
        if self.url:
            return {"message": self.message, "url": self.url, "documentation_url": DOCS}
        about = {"documentation_url": DOCS, "status": str(self.status)}
        return {"message": self.message, **errors, **about}


def not_found() -> Problem:
    """Say that there is no such thing, or none for this caller."""
    return Problem(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> Problem:
    """Say that one field will not do."""
    error = {"resource": resource, "code": code}
    if field:
        error["field"] = field
    if message:
        error["message"] = message
    return Problem(422, "Validation Failed", [error])


def missing(resource: str, field: str) -> Problem:
    """Say that one field must be given."""
    return invalid(resource, field, "missing_field")
