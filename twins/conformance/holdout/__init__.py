"""Rows that whoever writes the twin does not look at: one number comes back from them."""

from twins.conformance.holdout import access, git, issues, paths, pulls, refusals, rules, talk
from twins.conformance.rows import Row

# Each area has a twin of its own: what one does to the clock reaches no other.
AREAS: tuple[tuple[Row, ...], ...] = (
    issues.ROWS,
    talk.ROWS,
    git.ROWS,
    rules.ROWS,
    pulls.ROWS,
    access.ROWS,
    paths.ROWS,
    refusals.ROWS,
)
ROWS: tuple[Row, ...] = tuple(row for area in AREAS for row in area)
