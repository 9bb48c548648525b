"""The server's two HTTP faces: the webhook door for GitHub, and plain pages for its owner.

They have a port each, so that whoever opens the door to the world opens nothing else.
"""

from collections.abc import Awaitable, Callable, Sequence

import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.run import Run
from bot.errors import NightshiftError

HookHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Runs = Callable[[], Awaitable[Sequence[Run]]]
Health = Callable[[], Awaitable[dict[str, str]]]
Held = Callable[[], Awaitable[Sequence[str]]]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_runner(app: web.Application) -> web.AppRunner:
    """Make what serves the application, and unpacks no body: that costs more than a body says."""
    return web.AppRunner(app, access_log=None, auto_decompress=False)


async def _by_nobody() -> Sequence[str]:
    return ()


def build_door(intake: HookHandler) -> web.Application:
    """Build what GitHub may reach."""
    app = web.Application(middlewares=[_careful])
    app.add_routes([web.post("/github/webhooks", intake)])
    return app


def build_pages(
    *,
    runs: Runs,
    health: Health,
    held: Held = _by_nobody,
    github_url: str = "https://github.com",
) -> web.Application:
    """Build what its owner reads; `github_url` is where people look at issues.

    `health` returns what is wrong by part, nothing when all is well; `held` says, a line each, who
    keeps everything paused.
    """
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("bot.web"), autoescape=True, undefined=jinja2.StrictUndefined
    )

    async def page(_: web.Request) -> web.Response:
        rows = [row(run, github_url) for run in await runs()]
        text = templates.get_template("runs.html").render(rows=rows, held=await held())
        return web.Response(text=text, content_type="text/html")

    async def as_json(_: web.Request) -> web.Response:
        return web.json_response([row(run, github_url) for run in await runs()])

    async def style(_: web.Request) -> web.Response:
        text = templates.get_template("style.css").render()
        return web.Response(text=text, content_type="text/css")

    async def healthz(_: web.Request) -> web.Response:
        wrong = await health()
        return web.json_response({"ok": not wrong, "wrong": wrong}, status=503 if wrong else 200)

    app = web.Application(middlewares=[_careful])
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/runs.json", as_json),
            web.get("/style.css", style),
            web.get("/", page),
        ]
    )
    return app


def row(run: Run, github_url: str) -> dict[str, object]:
    """Show one run to a person who may know everything but the hidden scenarios."""
    base = f"{github_url.rstrip('/')}/{run.issue.repo}"
    return {
        "id": run.id,
        "repo": run.issue.repo,
        "issue": run.issue.number,
        "title": run.issue.title[:200],
        "issue_url": f"{base}/issues/{run.issue.number}",
        "pull": run.pull,
        "pull_url": f"{base}/pull/{run.pull}" if run.pull else None,
        "priority": run.priority.name,
        "state": run.state.value,
        "ended": run.state.ended,
        "reason": run.reason,
        "detail": run.detail[:500],
        "attempts": len(run.attempts),
        "cost_usd": round(run.usage.usd, 4),
        "cpu_seconds": round(run.usage.cpu_seconds, 1),
        "tokens": run.usage.input_tokens
        + run.usage.cache_write_tokens
        + run.usage.cache_read_tokens
        + run.usage.output_tokens,
        "landed_commit": run.landed_commit,
    }


@web.middleware
async def _careful(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer known errors in JSON, and give every answer the strict headers."""
    try:
        response = await handler(request)
    except web.HTTPException as refused:
        response = web.json_response({"message": refused.reason}, status=refused.status)
        if "Allow" in refused.headers:
            response.headers["Allow"] = refused.headers["Allow"]
    except NightshiftError as error:
        response = web.json_response({"message": error.what, "next": error.remedy}, status=503)
    response.headers.update(_HEADERS)
    return response
