"""Titles and texts people write, within GitHub's lengths."""

from twins.github.body import Body
from twins.github.problem import invalid, missing

LONGEST_TITLE = 256
LONGEST_TEXT = 65_536
LONGEST_LABEL = 50
LONGEST_LABEL_TEXT = 100


def within(text: str, resource: str, field: str, most: int) -> str:
    """Return a text, refused when it is too long."""
    if len(text) > most:
        raise invalid(
            resource, field, "custom", f"{field} is too long (maximum is {most} characters)"
        )
    return text


def title_in(body: Body, resource: str, current: str = "") -> str:
    """Return the title given, else the current one; it must not be blank."""
    title = body.text("title", current)
    if not title.strip():
        raise missing(resource, "title")
    return within(title, resource, "title", LONGEST_TITLE)


def text_in(body: Body, resource: str, current: str | None = None) -> str | None:
    """Return the text given, else the current one; empty is none."""
    text = body.text("body") if "body" in body else current or ""
    return within(text, resource, "body", LONGEST_TEXT) or None


def comment_in(body: Body) -> str:
    """Return a comment's text, which must not be blank."""
    return within(body.need("body", "IssueComment"), "IssueComment", "body", LONGEST_TEXT)
