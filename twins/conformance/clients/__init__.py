"""Programs of other people that must reach their goal on the twin.

A script drives one client against a `ClientStage` and ends by reading the final state back; it
raises a Miss when that is not what the client was told to reach. `needs` names what must be on
PATH; a script whose tools are missing counts as failed, not as skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twins.conformance.clients import git, pygithub
from twins.conformance.clients.stage import ClientStage


@dataclass(frozen=True, slots=True)
class ClientScript:
    """One client and what it is made to do."""

    name: str
    run: Callable[[ClientStage], None]
    needs: Sequence[str] = field(default=())


CLIENTS: Sequence[ClientScript] = (
    ClientScript("PyGithub: issue to merged pull request", pygithub.run),
    ClientScript("git: clone, push, fetch many branches", git.run, needs=("git",)),
)
