"""Who calls, what they may see and do, and how long their word counts."""

import json
import time
from random import Random
from urllib.parse import parse_qs, urlencode

import jwt

from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, encoded, issue, pull
from twins.conformance.rows import behaviours

FORM = "application/x-www-form-urlencoded"
# What each role may do: status by (method, path, body).
MATRIX = {
    "label": (
        "POST",
        "labels",
        {"name": "{}"},
        {"read": 403, "triage": 201, "write": 201, "admin": 201},
    ),
    "status": (
        "POST",
        "statuses/{sha}",
        {"state": "success"},
        {"read": 403, "triage": 403, "write": 201, "admin": 201},
    ),
    "issue": (
        "POST",
        "issues",
        {"title": "{}"},
        {"read": 201, "triage": 201, "write": 201, "stranger": 201},
    ),
    "settings": (
        "PATCH",
        "",
        {"description": "{}"},
        {"read": 403, "triage": 403, "write": 403, "admin": 200},
    ),
}


def roles(ground: Ground, random: Random) -> None:
    """Each role may do its part and no more."""
    plot = ground.plot(random)
    sha = begin(plot)
    for method, path, body, allowed in MATRIX.values():
        role = random.choice(list(allowed))
        filled = {name: value.format(plot.word()) for name, value in body.items()}
        answer = plot.call(method, path.format(sha=sha), filled, by=role)
        expect(f"{role} {method} {path}", allowed[role], answer.status)
    for role in ("admin", "maintain", "write", "triage", "read"):
        seen = plot.ok("GET", f"collaborators/{plot.logins[role]}/permission")
        expect(f"role of {role}", role, seen["role_name"])
        rounded = {"maintain": "write", "triage": "read"}.get(role, role)
        expect(f"permission of {role}", rounded, seen["permission"])


def private(ground: Ground, random: Random) -> None:
    """A private repository is not there for strangers, and is for members."""
    plot = ground.plot(random, private=True)
    begin(plot)
    number = issue(plot)["number"]
    path = random.choice(["", f"issues/{number}", "contents/README.md", "commits", "labels"])
    for role in ("stranger", ""):
        expect(f"{path} for {role or 'nobody'}", 404, plot.call("GET", path, by=role).status)
    for role in ("read", "bot", "owner"):
        expect(f"{path} for {role}", 200, plot.call("GET", path, by=role).status)
    found = plot.call("GET", f"/search/issues?q=repo:{plot.full_name}", by="stranger")
    expect("not searched", 0, (found.json or {}).get("total_count", 0))
    mine = [one["full_name"] for one in plot.ok("GET", "/user/repos", by="read")]
    expect("mine", [plot.full_name], mine)
    theirs = plot.ok("GET", f"/users/{plot.owner}/repos", by="stranger")
    expect("not listed", [], theirs)


def narrow_token(ground: Ground, random: Random) -> None:
    """A token for fewer permissions does less; one for more is not given."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    token = plot.mint(permissions={"issues": "write"})
    call = ground.call
    said = call("POST", f"{plot.path}/issues/{number}/comments", {"body": "x"}, token=token)
    expect("comment", 201, said.status)
    body = {"message": "m", "content": encoded(random.randbytes(9))}
    for method, path, order in (
        ("PUT", "contents/x", body),
        ("POST", "check-runs", {"name": "x", "head_sha": "0" * 40}),
        ("POST", "pulls", {"title": "x", "head": "a", "base": "main"}),
    ):
        answer = call(method, f"{plot.path}/{path}", order, token=token)
        expect(path, 403, answer.status)
        expect("said", "Resource not accessible by integration", answer.json["message"])
    where = f"/app/installations/{plot.installation}/access_tokens"
    more = {"permissions": {random.choice(["administration", "workflows", "secrets"]): "write"}}
    expect("more", 422, call("POST", where, more, token=ground.proof()).status)


def narrow_repos(ground: Ground, random: Random) -> None:
    """A token for one repository reaches that one only."""
    plot = ground.plot(random, private=True)
    begin(plot)
    seen = ground.call("GET", "/installation/repositories", token=plot.tokens["bot"]).json
    found = (seen["total_count"], [one["full_name"] for one in seen["repositories"]])
    expect("reaches", (1, [plot.full_name]), found)
    token = plot.mint(repositories=[plot.name])
    expect("own", 200, ground.call("GET", plot.path, token=token).status)
    other = ground.plot(random, private=True)
    expect("another's", 404, ground.call("GET", other.path, token=token).status)
    where = f"/app/installations/{plot.installation}/access_tokens"
    order = {"repositories": [other.name]}
    expect("not its own", 422, ground.call("POST", where, order, token=ground.proof()).status)


def token_death(ground: Ground, random: Random) -> None:
    """A token lives an hour at most, and dies when it is revoked."""
    plot = ground.plot(random)
    token, other = plot.mint(), plot.mint()
    expect("lives", 200, ground.call("GET", plot.path, token=token).status)
    revoked = ground.call("DELETE", "/installation/token", token=token)
    expect("revoked", 204, revoked.status)
    expect("dead", 401, ground.call("GET", plot.path, token=token).status)
    expect("the other lives", 200, ground.call("GET", plot.path, token=other).status)
    ground.advance(3600 + random.randrange(1, 60))
    expect("expired", 401, ground.call("GET", plot.path, token=other).status)


def app_identity(ground: Ground, random: Random) -> None:
    """An App knows itself and its installations, by repository, account and id."""
    plot = ground.plot(random, org=True)
    seen = plot.ok("GET", "/app", by="app")
    expect("app", (ground.app["id"], ground.app["slug"]), (seen["id"], seen["slug"]))
    ground.plot(random)
    more = plot.ok("GET", "/app", by="app")["installations_count"]
    expect("one installation more", seen["installations_count"] + 1, more)
    expect("public", seen["id"], plot.ok("GET", f"/apps/{seen['slug']}", by="")["id"])
    paths = (
        f"/app/installations/{plot.installation}",
        f"{plot.path}/installation",
        f"/orgs/{plot.owner}/installation",
        f"/users/{plot.owner}/installation",
    )
    for path in paths:
        found = plot.ok("GET", path, by="app")
        expect(path, (plot.installation, plot.owner), (found["id"], found["account"]["login"]))
    listed = plot.ok("GET", "/app/installations?per_page=100", by="app")
    expect_that(
        "listed", any(one["id"] == plot.installation for one in listed) or len(listed) == 100
    )  # a full page
    role = random.choice(["bot", "owner", ""])
    expect(f"not for {role}", 401, plot.call("GET", "/app", by=role).status)


def bot_writes(ground: Ground, random: Random) -> None:
    """What an App writes is its bot's, and says through which App."""
    plot = ground.plot(random)
    begin(plot)
    made = issue(plot, by="bot")
    comment = plot.ok("POST", f"issues/{made['number']}/comments", {"body": plot.word()})
    name = f"{ground.app['slug']}[bot]"
    for seen in (made, comment):
        expect("author", (name, "Bot"), (seen["user"]["login"], seen["user"]["type"]))
        expect("through", ground.app["slug"], (seen["performed_via_github_app"] or {}).get("slug"))
    opened = pull(plot)
    expect("pull", name, opened["user"]["login"])
    commit = plot.ok("GET", f"commits/{opened['head']['sha']}")
    expect("commit", name, (commit["author"] or {}).get("login"))
    expect(
        "by a person",
        None,
        issue(plot, by=random.choice(["write", "read"]))["performed_via_github_app"],
    )


def associations(ground: Ground, random: Random) -> None:
    """A text says how its author stands to the repository."""
    plot = ground.plot(random)
    wanted = {"owner": "OWNER", "write": "COLLABORATOR", "stranger": "NONE"}
    for role, word in random.sample(sorted(wanted.items()), 3):
        expect(role, word, issue(plot, by=role)["author_association"])


def joining(ground: Ground, random: Random) -> None:
    """Who is invited belongs only after saying yes; who is sent away does not."""
    plot = ground.plot(random)
    begin(plot)
    login = plot.logins["stranger"]
    path = f"collaborators/{login}"
    word = random.choice(["pull", "push", "triage", "maintain", "admin"])
    expect("invited", 201, plot.call("PUT", path, {"permission": word}, by="owner").status)
    expect("not yet", 404, plot.call("GET", path).status)
    [offer] = plot.ok("GET", "invitations", by="owner")
    [mine] = plot.ok("GET", "/user/repository_invitations", by="stranger")
    expect("the same", (offer["id"], login), (mine["id"], mine["invitee"]["login"]))
    expect("none yet", [], plot.ok("GET", "/user/repos", by="stranger"))
    plot.ok("PATCH", f"/user/repository_invitations/{mine['id']}", by="stranger")
    found = [one["full_name"] for one in plot.ok("GET", "/user/repos", by="stranger")]
    expect("one of mine", [plot.full_name], found)
    expect("belongs", 204, plot.call("GET", path).status)
    role = {"pull": "read", "push": "write"}.get(word, word)
    expect("role", role, plot.ok("GET", f"{path}/permission")["role_name"])
    names = {one["login"] for one in plot.ok("GET", "collaborators?per_page=100")}
    expect_that("listed", login in names)
    plot.ok("DELETE", path, by="owner")
    expect("gone", 404, plot.call("GET", path).status)
    plot.ok("PUT", path, {"permission": word}, by="owner")
    [again] = plot.ok("GET", "/user/repository_invitations", by="stranger")
    plot.ok("DELETE", f"/user/repository_invitations/{again['id']}", by="stranger")
    expect("declined", [], plot.ok("GET", "invitations", by="owner"))


def suspension(ground: Ground, random: Random) -> None:
    """A suspended installation gets in nowhere, until it is let in again."""
    plot = ground.plot(random)
    path = f"/app/installations/{plot.installation}"
    plot.ok("PUT", f"{path}/suspended", by="app")
    expect("shut out", 403, plot.call("GET", "").status)
    expect("no token", 403, plot.call("POST", f"{path}/access_tokens", {}, by="app").status)
    expect_that("since when", plot.ok("GET", path, by="app")["suspended_at"])
    plot.ok("DELETE", f"{path}/suspended", by="app")
    expect("let in", 200, plot.call("GET", "").status)
    token = plot.tokens["bot"]
    plot.ok("DELETE", path, by="app")
    expect("uninstalled", 401, ground.call("GET", plot.path, token=token).status)
    expect("gone", 404, plot.call("GET", f"{plot.path}/installation", by="app").status)
    _ = random


def reach(ground: Ground, random: Random) -> None:
    """An owner gives an installation repositories and takes them back."""
    plot = ground.plot(random, private=True)
    number = plot.ok("GET", "", by="owner")["id"]
    path = f"/user/installations/{plot.installation}/repositories/{number}"
    for _ in range(random.randrange(1, 3)):
        plot.ok("DELETE", path, by="owner")
        expect("taken", 404, plot.call("GET", "").status)
        plot.ok("PUT", path, by="owner")
        expect("given", 200, plot.call("GET", "").status)
    expect("a stranger", 404, plot.call("DELETE", path, by="stranger").status)


def people(ground: Ground, random: Random) -> None:
    """An account is found in any case, and knows itself."""
    plot = ground.plot(random)
    role = random.choice(["write", "read", "stranger"])
    login = plot.logins[role]
    seen = plot.ok("GET", f"/users/{login.upper()}")
    expect("login", login, seen["login"])
    expect("me", seen["id"], plot.ok("GET", "/user", by=role)["id"])
    expect("an installation is nobody", 403, plot.call("GET", "/user").status)
    bot = plot.ok("GET", f"/users/{ground.app['slug']}%5Bbot%5D")
    expect("bot", "Bot", bot["type"])


def organisation(ground: Ground, random: Random) -> None:
    """An organisation's repositories are listed as its own."""
    plot = ground.plot(random, org=True)
    seen = plot.ok("GET", f"/orgs/{plot.owner}/repos")
    expect("repositories", [plot.full_name], [one["full_name"] for one in seen])
    expect("kind", "Organization", seen[0]["owner"]["type"])
    role = random.choice(["read", "write"])
    expect(role, role == "write", plot.ok("GET", "", by=role)["permissions"]["push"])


def from_manifest(ground: Ground, random: Random) -> None:
    """A manifest becomes an App whose code gives its secrets once; the key speaks for it."""
    plot = ground.plot(random)
    name, back = plot.word("made"), "http://127.0.0.1:9/made"
    manifest = {
        "name": name,
        "url": "https://example.com",
        "redirect_url": back,
        "default_permissions": {"issues": "write"},
        "default_events": ["issues"],
    }
    form = {"manifest": json.dumps(manifest), "state": plot.word(), "owner": plot.owner}
    signed_in = {"Content-Type": FORM, "Cookie": f"dotcom_user={plot.owner}"}
    made = ground.wire.send("POST", "/settings/apps", urlencode(form).encode(), signed_in)
    expect("sent back", 302, made.status)
    query = parse_qs(made.headers["location"].partition("?")[2])
    expect("state", [form["state"]], query["state"])
    path = f"/app-manifests/{query['code'][0]}/conversions"
    app = plot.ok("POST", path, by="")
    expect("once", 404, plot.call("POST", path, by="").status)
    now = int(time.time()) + ground.ahead
    claims = {"iat": now - 30, "exp": now + 300, "iss": app["client_id"]}
    token = jwt.encode(claims, app["pem"], algorithm="RS256")
    expect("itself", app["id"], ground.call("GET", "/app", token=token).json["id"])


ROWS = behaviours(
    "identity",
    from_manifest,
    roles,
    private,
    narrow_token,
    narrow_repos,
    token_death,
    app_identity,
    bot_writes,
    associations,
    joining,
    suspension,
    reach,
    people,
    organisation,
)
