"""An issue as it stood when a run began."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """A frozen snapshot of a GitHub issue; later edits make a new revision, never change this."""

    repo: str
    """`owner/name`"""
    number: int
    title: str
    body: str
    labels: tuple[str, ...]
    author: str
    author_id: int
    state: str = "open"

    @property
    def revision(self) -> str:
        """Twelve hex digits over what a person can edit and a model reads."""
        content = f"{self.title}\0{self.body}".encode()
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def slug(self) -> str:
        """`owner/name#number`, as people write it."""
        return f"{self.repo}#{self.number}"
