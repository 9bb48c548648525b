"""Moments that callers write."""

from datetime import UTC, datetime

from twins.github.problem import Problem


def moment(text: str) -> float:
    """Return the Unix seconds of an ISO time in a query, 0 when there is none."""
    if not text:
        return 0.0
    try:
        parsed = datetime.fromisoformat(text)
        return max(0.0, (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise Problem(422, f"Invalid date-time: {text}") from error
