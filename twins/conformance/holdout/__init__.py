"""Rows that whoever writes the twin does not look at: one number comes back from them."""

from twins.conformance.holdout import access, git, issues, paths, pulls, refusals, rules, talk
from twins.conformance.rows import Row

ROWS: tuple[Row, ...] = (
    *issues.ROWS,
    *talk.ROWS,
    *git.ROWS,
    *rules.ROWS,
    *pulls.ROWS,
    *access.ROWS,
    *paths.ROWS,
    *refusals.rows(),
)
