"""What the service does that no schema says: random worlds, and what must hold in each of them."""

from twins.conformance.behaviour import (
    checks,
    forks,
    git,
    governance,
    identity,
    issues,
    milestones,
    opened,
    pulls,
    transport,
    views,
)
from twins.conformance.rows import Row

ROWS: tuple[Row, ...] = (
    *issues.ROWS,
    *milestones.ROWS,
    *git.ROWS,
    *pulls.ROWS,
    *forks.ROWS,
    *checks.ROWS,
    *governance.ROWS,
    *identity.ROWS,
    *transport.ROWS,
    *views.ROWS,
    *opened.ROWS,
)
