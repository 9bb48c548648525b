"""Tags over REST: the list of a repository, and annotated ones as git objects."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import iso, node_id
from twins.github.commits import with_commits
from twins.github.git_data import person
from twins.github.git_store import GitError
from twins.github.problem import Problem, not_found
from twins.github.repositories import REPO
from twins.github.state import Repository

TAGS = "refs/tags/"
KINDS = ("commit", "tree", "blob")


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", REPO + "/tags", list_tags),
        Operation("POST", REPO + "/git/tags", create),
        Operation("GET", REPO + "/git/tags/{sha}", get),
    ]


def list_tags(call: Call) -> Reply:
    """List tags with the commits behind them, the last name first."""
    repo = call.repo("contents")
    names = sorted((r.removeprefix(TAGS) for r in repo.refs if r.startswith(TAGS)), reverse=True)
    return Reply(body=[_line(call, repo, name) for name in call.page(names)])


def _line(call: Call, repo: Repository, name: str) -> dict[str, object]:
    links, path = call.links, f"/repos/{repo.full_name}"
    sha = call.hub.git.commit_of(repo.path, TAGS + name)
    return {
        "name": name,
        "commit": {"sha": sha, "url": links.api(f"{path}/commits/{sha}")},
        "zipball_url": links.api(f"{path}/zipball/{TAGS}{name}"),
        "tarball_url": links.api(f"{path}/tarball/{TAGS}{name}"),
        "node_id": node_id("REF", f"{repo.id}:{TAGS}{name}"),
    }


def create(call: Call) -> Reply:
    """Write an annotated tag; the ref that names it is made apart."""
    repo, body, git = with_commits(call, "write"), call.body(), call.hub.git
    name, message = body.need("tag", "Tag"), body.need("message", "Tag")
    sha, kind = body.need("object", "Tag"), body.choice("type", KINDS, "commit")
    if git.kind(repo.path, sha) != kind:
        raise Problem(422, f"The object {sha} is no {kind}")
    who = person(call, body, "tagger", call.context.person)
    head = f"object {sha}\ntype {kind}\ntag {name}\n"
    tagger = f"tagger {who.name} <{who.email}> {int(who.at)} +0000\n"
    try:
        made = git.run(repo.path, "mktag", stdin=f"{head}{tagger}\n{message}".encode())
    except GitError as error:
        raise Problem(422, f"Invalid tag: {error}") from error
    reply = _body(call, repo, made.decode().strip())
    return Reply(201, reply, {"Location": str(reply["url"])})


def get(call: Call) -> Reply:
    """Return an annotated tag."""
    repo, sha = with_commits(call), call.arg("sha")
    if call.hub.git.kind(repo.path, sha) != "tag":
        raise not_found()
    return Reply(body=_body(call, repo, sha))


def _body(call: Call, repo: Repository, sha: str) -> dict[str, object]:
    text = call.hub.git.run(repo.path, "cat-file", "tag", sha).decode("utf-8", "replace")
    head, _, message = text.partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines())
    who, _, rest = fields["tagger"].partition(" <")
    email, _, when = rest.partition("> ")
    path = f"/repos/{repo.full_name}/git"
    target = {"sha": fields["object"], "type": fields["type"]}
    url = call.links.api(f"{path}/{fields['type']}s/{fields['object']}")
    return {
        "node_id": node_id("TA", sha),
        "sha": sha,
        "url": call.links.api(f"{path}/tags/{sha}"),
        "tagger": {"name": who, "email": email, "date": iso(float(when.split()[0]))},
        "object": {**target, "url": url},
        "tag": fields["tag"],
        "message": message,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            **dict.fromkeys(("signature", "payload", "verified_at")),
        },
    }
