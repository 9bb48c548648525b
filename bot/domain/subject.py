"""What a delivery is about: a thing on GitHub to be looked at again."""

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """What kind of thing has to be re-read."""

    ISSUE = "issue"
    PULL = "pull"
    COMMENTS = "comments"
    """What people have said to us under an issue or pull request."""
    BRANCH = "branch"
    """The default branch moved."""
    REPOSITORY = "repository"
    """Renamed, archived, deleted or moved."""
    INSTALLATION = "installation"
    """The App was installed, removed, suspended or given other repositories."""


@dataclass(frozen=True, slots=True, order=True)
class SubjectKey:
    """Names one thing. A delivery only marks it; what it is now is always read from GitHub."""

    repo: str
    """`owner/name`; empty for an installation."""
    kind: SubjectKind
    number: int
    """Issue, pull or installation number; 0 where there is only one per repository."""
