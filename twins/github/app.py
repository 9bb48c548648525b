"""The whole twin: every noun's routes on one application, at `/` and at `/api/v3`."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from twins.core.core import Core
from twins.core.server import make_app
from twins.github import (
    apps,
    basics,
    branch_merges,
    branch_protection,
    branch_updates,
    checks,
    collaborators,
    comments,
    commits,
    contents,
    forks,
    git_data,
    history,
    installations,
    issue_labels,
    issues,
    labels,
    manifests,
    merges,
    milestones,
    protection_parts,
    pulls,
    reactions,
    repositories,
    repository_life,
    repository_lists,
    review_comments,
    reviews,
    rulesets,
    search,
    statuses,
    tags,
)
from twins.github.admin import GitHubAdmin
from twins.github.api import Operation
from twins.github.git_store import GitStore
from twins.github.graphql import endpoint as graphql
from twins.github.graphql import sdl
from twins.github.hub import Hub
from twins.github.links import PREFIX
from twins.github.manifests import ManifestPages
from twins.github.pages import Pages
from twins.github.repositories import REPO
from twins.github.smart_http import SmartHttp
from twins.github.state import World
from twins.github.transport import Transport
from twins.github.webhooks import WebhookSender


def make_twin(
    state: Path,
    seed: int = 0,
    *,
    schema: Path = sdl.PATH,
    alter: Callable[[Operation], Operation] = lambda one: one,
) -> web.Application:
    """Return an empty GitHub whose repositories live below a folder of its own.

    GraphQL is served over the schema given, if it is there. `alter` makes a faulty twin, to see
    whether anybody notices.
    """
    core = Core("github-twin")
    core.ids.seed = seed
    core.ids.reset()
    hub = Hub(core, GitStore(state), WebhookSender(core))
    transport = Transport(hub)
    git = SmartHttp(hub)
    app = make_app(
        core,
        routes=[
            *_routes(transport, alter),
            *graphql.routes(transport, schema),
            *git.routes(),
            *ManifestPages(hub).routes(),
            *Pages(hub).routes(),
        ],
        admin=GitHubAdmin(hub, transport.limits).routes(),
        on_reset=_reset(hub, transport),
    )

    async def stop(_: web.Application) -> None:
        await git.close()
        await hub.sender.close()

    app.on_shutdown.append(stop)
    return app


def operations(transport: Transport) -> list[Operation]:
    """Return every REST operation the twin models."""
    return [
        *basics.operations(transport.limits),
        *apps.operations(),
        *installations.operations(),
        *manifests.operations(),
        *repositories.operations(),
        *repository_life.operations(),
        *repository_lists.operations(),
        *forks.operations(),
        *collaborators.operations(),
        *comments.operations(),
        *history.operations(),
        *issues.operations(),
        *issue_labels.operations(),
        *reactions.operations(),
        *labels.operations(),
        *milestones.operations(),
        # Before /pulls/{number}, which would take "comments" for a number.
        *review_comments.operations(),
        *pulls.operations(),
        *merges.operations(),
        *reviews.operations(),
        *branch_updates.operations(),
        *branch_merges.operations(),
        *tags.operations(),
        *checks.operations(),
        *statuses.operations(),
        # After the more special routes below /commits/{ref} and /branches/{branch}.
        *branch_protection.operations(),
        *protection_parts.operations(),
        *rulesets.operations(),
        *commits.operations(),
        *git_data.operations(),
        *contents.operations(),
        *search.operations(),
    ]


def _routes(
    transport: Transport, alter: Callable[[Operation], Operation]
) -> list[web.AbstractRouteDef]:
    return [
        web.route(one.method, prefix + path, transport.handler(alter(one)))
        for prefix in ("", PREFIX)
        for one in operations(transport)
        for path in _names(one.path)
    ]


def _names(path: str) -> list[str]:
    """Return the paths of an operation; a repository answers to its id as well."""
    below = path.removeprefix(REPO)
    return [path] if below == path else [path, f"/repositories/{{repository}}{below}"]


def _reset(hub: Hub, transport: Transport) -> Callable[[], Awaitable[None]]:
    async def reset() -> None:
        await hub.sender.reset()
        hub.world = World()
        hub.git.clear()
        transport.clear()

    return reset
