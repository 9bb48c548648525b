"""Programs of other people that must reach their goal on the twin.

A script drives one client against a `ClientStage` and ends by reading the final state back; it
raises a Miss when that is not what the client was told to reach. `needs` names what must be on
PATH; a script whose tools are missing counts as failed, not as skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twins.conformance.clients import gh, gidgethub, git, githubkit, nodejs, pygithub
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
    ClientScript("gidgethub: App, pages, GraphQL", gidgethub.run),
    ClientScript("githubkit: strict models, issue to merged pull request", githubkit.run),
    ClientScript("gh over plain HTTP: issue to merged pull request", gh.run_plain),
    ClientScript("gh over TLS: issue to merged pull request", gh.run_tls),
    ClientScript(
        "octokit: issue to merged pull request", nodejs.run_octokit, needs=("node", "npm")
    ),
    ClientScript("Probot: hears, answers, refuses", nodejs.run_probot, needs=("node", "npm")),
)
