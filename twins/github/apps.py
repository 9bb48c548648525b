"""The App's own routes: identity, installations, tokens, hook and delivery log."""

from twins.github.access import LEVELS
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.apps import installation_body, token_body
from twins.github.bodies.issues import app_body
from twins.github.bodies.repositories import repo_body
from twins.github.body import Body
from twins.github.problem import Problem, not_found
from twins.github.state import App, Installation, Repository, Token
from twins.github.webhooks import Delivery

TOKEN_LIFE_S = 3600
UNDECODED = "A JSON web token could not be decoded"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", "/app", get_app),
        Operation("GET", "/apps/{slug}", get_public_app),
        Operation("GET", "/app/installations", list_installations),
        Operation("GET", "/app/installations/{number}", get_installation),
        Operation("POST", "/app/installations/{number}/access_tokens", create_token),
        Operation("GET", "/repos/{owner}/{repo}/installation", repo_installation),
        Operation("GET", "/orgs/{login}/installation", account_installation),
        Operation("GET", "/users/{login}/installation", account_installation),
        Operation("GET", "/installation/repositories", list_repositories),
        Operation("DELETE", "/installation/token", revoke),
        Operation("GET", "/app/hook/config", get_hook),
        Operation("PATCH", "/app/hook/config", set_hook),
        Operation("GET", "/app/hook/deliveries", list_deliveries),
        Operation("GET", "/app/hook/deliveries/{number}", get_delivery),
        Operation("POST", "/app/hook/deliveries/{number}/attempts", redeliver),
    ]


def _me(call: Call) -> App:
    """Return the App behind a JWT; no other credential will do here."""
    if call.actor.kind != "app" or call.actor.app is None:
        raise Problem(401, UNDECODED)
    return call.actor.app


def get_app(call: Call) -> Reply:
    """Return the App that asks."""
    app = _me(call)
    count = sum(one.app is app for one in call.hub.world.installations.values())
    return Reply(body={**app_body(call.links, app), "installations_count": count})


def get_public_app(call: Call) -> Reply:
    """Return an App by its slug."""
    for app in call.hub.world.apps.values():
        if app.slug == call.arg("slug"):
            return Reply(body=app_body(call.links, app))
    raise not_found()


def list_installations(call: Call) -> Reply:
    """List where the App is installed."""
    app = _me(call)
    mine = [one for one in call.hub.world.installations.values() if one.app is app]
    return Reply(body=[installation_body(call.links, one) for one in call.page(mine)])


def _installation(call: Call) -> Installation:
    found = call.hub.world.installations.get(call.number())
    if found is None or found.app is not _me(call):
        raise not_found()
    return found


def get_installation(call: Call) -> Reply:
    """Return one installation."""
    _me(call)
    return Reply(body=installation_body(call.links, _installation(call)))


def repo_installation(call: Call) -> Reply:
    """Return the installation that covers a repository."""
    app = _me(call)
    repo = call.hub.world.repo(f"{call.arg('owner')}/{call.arg('repo')}")
    for one in call.hub.world.installations_on(repo) if repo else []:
        if one.app is app:
            return Reply(body=installation_body(call.links, one))
    raise not_found()


def account_installation(call: Call) -> Reply:
    """Return the installation on an account."""
    app = _me(call)
    account = call.hub.world.user(call.arg("login"))
    for one in call.hub.world.installations.values():
        if one.app is app and one.account is account:
            return Reply(body=installation_body(call.links, one))
    raise not_found()


def create_token(call: Call) -> Reply:
    """Mint a token for an hour, no wider than the installation."""
    _me(call)
    one, body = _installation(call), call.body()
    if one.suspended_at is not None:
        raise Problem(403, "This installation has been suspended")
    repos = _wanted_repos(call, one, body)
    token = Token(
        value=f"ghs_{call.hub.core.ids.word(36)}",
        user=one.app.bot,
        installation=one,
        permissions=_wanted_permissions(one, body),
        repo_ids=None if repos is None else frozenset(repo.id for repo in repos),
        expires_at=call.hub.now() + TOKEN_LIFE_S,
    )
    call.hub.world.tokens[token.value] = token
    return Reply(201, token_body(call.links, token, repos or []))


def _wanted_permissions(one: Installation, body: Body) -> dict[str, str]:
    granted = one.permissions
    wanted = body.object("permissions") or granted
    for name, level in wanted.items():
        if LEVELS.get(level, 9) > LEVELS[granted.get(name, "none")]:
            message = "The permissions requested are not granted to this installation."
            raise Problem(422, message)
    return {"metadata": "read", **wanted}


def _wanted_repos(call: Call, one: Installation, body: Body) -> list[Repository] | None:
    """Return the chosen repositories, by name or id, or None for all of the installation."""
    names = {str(name).lower() for name in body.items("repositories")}
    ids = set(body.items("repository_ids"))
    if not names and not ids:
        return None
    covered = [repo for repo in call.hub.world.repos.values() if repo.id in one.repo_ids]
    chosen = [repo for repo in covered if repo.name.lower() in names or repo.id in ids]
    if len(chosen) < max(len(names), len(ids)):
        raise Problem(
            422,
            "There is at least one repository that does not exist or is not accessible to the "
            "parent installation.",
        )
    return chosen


def list_repositories(call: Call) -> Reply:
    """List what an installation token reaches."""
    if call.actor.installation is None:
        raise Problem(403, "You must authenticate with an installation access token")
    repos = [r for r in call.hub.world.repos.values() if r.id in call.actor.repo_ids]
    shown = [repo_body(call.links, repo) for repo in call.page(repos)]
    body = {"total_count": len(repos), "repository_selection": "selected", "repositories": shown}
    return Reply(body=body)


def revoke(call: Call) -> Reply:
    """Make the installation token that asks worthless."""
    if call.actor.installation is None:
        raise Problem(403, "You must authenticate with an installation access token")
    header = call.request.headers["Authorization"]
    call.hub.world.tokens.pop(header.partition(" ")[2].strip(), None)
    return Reply(204)


def _hook_reply(app: App) -> Reply:
    secret = {"secret": "********"} if app.hook.secret else {}
    config = {"content_type": "json", "insecure_ssl": "0", "url": app.hook.url}
    return Reply(body=config | secret)


def get_hook(call: Call) -> Reply:
    """Return where events go."""
    return _hook_reply(_me(call))


def set_hook(call: Call) -> Reply:
    """Change where events go, or the secret they are signed with."""
    app, body = _me(call), call.body()
    app.hook.url = body.text("url", app.hook.url)
    app.hook.secret = body.text("secret", app.hook.secret)
    return _hook_reply(app)


def list_deliveries(call: Call) -> Reply:
    """List attempts, newest first, by cursor."""
    app = _me(call)
    mine = [one for one in call.hub.sender.log if one.post.app is app]
    status = call.query("status")
    if status:
        mine = [one for one in mine if (one.status == "OK") == (status == "success")]
    newest = sorted(mine, key=lambda one: one.id, reverse=True)
    cursor = call.query("cursor")
    if cursor:
        newest = [one for one in newest if f"v1_{one.id}" <= cursor]
    size = call.page_size()
    if len(newest) > size:
        path = f"/app/hook/deliveries?per_page={size}&cursor=v1_{newest[size].id}"
        call.link_header = f'<{call.links.api(path)}>; rel="next"'
    return Reply(body=[one.brief() for one in newest[:size]])


def _delivery(call: Call) -> Delivery:
    app, number = _me(call), call.number()
    for one in call.hub.sender.log:
        if one.id == number and one.post.app is app:
            return one
    raise not_found()


def get_delivery(call: Call) -> Reply:
    """Return one attempt with request and response."""
    return Reply(body=_delivery(call).full())


def redeliver(call: Call) -> Reply:
    """Send an attempt's bytes again under the same GUID."""
    call.hub.sender.redeliver(_delivery(call))
    return Reply(202, {})
