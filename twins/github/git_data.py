"""Blobs, trees, commits and refs: git's own nouns over REST, on the same objects git serves."""

import base64
import re

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import node_id
from twins.github.bodies.commits import git_commit_body, ref_body
from twins.github.body import Body
from twins.github.commit_log import one
from twins.github.commits import with_commits
from twins.github.git_store import ZERO, GitError, Person
from twins.github.guard import guard_of, push_refusal, violation
from twins.github.problem import Problem, invalid, missing, not_found
from twins.github.pushes import observe
from twins.github.state import Repository
from twins.github.times import moment

GIT = "/repos/{owner}/{repo}/git"
MODES = ("100644", "100755", "040000", "160000", "120000")
SHA = re.compile("[0-9a-f]{40}")
HEADS = "refs/heads/"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("POST", GIT + "/blobs", create_blob),
        Operation("GET", GIT + "/blobs/{sha}", get_blob),
        Operation("POST", GIT + "/trees", create_tree),
        Operation("GET", GIT + "/trees/{sha:.+}", get_tree),
        Operation("POST", GIT + "/commits", create_commit),
        Operation("GET", GIT + "/commits/{sha}", get_commit),
        Operation("POST", GIT + "/refs", create_ref),
        Operation("GET", GIT + "/ref/{ref:.+}", get_ref),
        Operation("GET", GIT + "/matching-refs/{ref:.*}", matching_refs),
        Operation("GET", GIT + "/refs", all_refs),
        Operation("GET", GIT + "/refs/", all_refs),
        # The old way to read one ref; PyGithub still takes it.
        Operation("GET", GIT + "/refs/{ref:.+}", get_ref),
        Operation("PATCH", GIT + "/refs/{ref:.+}", update_ref),
        Operation("DELETE", GIT + "/refs/{ref:.+}", delete_ref),
    ]


def create_blob(call: Call) -> Reply:
    """Store bytes."""
    repo = with_commits(call, "write")
    body = call.body()
    if "content" not in body:
        raise missing("Blob", "content")
    data = _decoded(body.text("content"), body.text("encoding", "utf-8"))
    sha = call.hub.git.run(repo.path, "hash-object", "-w", "--stdin", stdin=data).decode().strip()
    url = call.links.api(f"/repos/{repo.full_name}/git/blobs/{sha}")
    return Reply(201, {"sha": sha, "url": url}, {"Location": url})


def _decoded(text: str, encoding: str) -> bytes:
    if encoding == "base64":
        return from_base64(text)
    if encoding != "utf-8":
        raise invalid("Blob", "encoding")
    return text.encode()


def from_base64(text: str) -> bytes:
    """Return the bytes behind Base64, which may be broken into lines and hold nothing else."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise Problem(422, "content is not valid Base64") from error


def get_blob(call: Call) -> Reply:
    """Return bytes, raw or in Base64."""
    repo, sha = with_commits(call), call.arg("sha")
    if call.hub.git.kind(repo.path, sha) != "blob":
        raise not_found()
    data = call.hub.git.run(repo.path, "cat-file", "blob", sha)
    if call.media == "raw":
        return Reply(body=data, media_type="raw")
    body = {
        "sha": sha,
        "node_id": node_id("B", sha),
        "size": len(data),
        "url": call.links.api(f"/repos/{repo.full_name}/git/blobs/{sha}"),
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
    }
    return Reply(body=body)


def _tree_body(call: Call, repo: Repository, sha: str, *, recursive: bool) -> dict[str, object]:
    git, path = call.hub.git, f"/repos/{repo.full_name}/git"
    deep = ["-r", "-t"] if recursive else []
    out = git.run(repo.path, "ls-tree", "-l", "-z", *deep, sha).decode("utf-8", "replace")
    entries = []
    for line in filter(None, out.split("\x00")):
        about, _, name = line.partition("\t")
        mode, kind, entry, size = about.split()
        item: dict[str, object] = {"path": name, "mode": mode, "type": kind, "sha": entry}
        if kind == "blob":
            item["size"] = int(size)
        if kind != "commit":
            item["url"] = call.links.api(f"{path}/{kind}s/{entry}")
        entries.append(item)
    url = call.links.api(f"{path}/trees/{sha}")
    return {"sha": sha, "url": url, "tree": entries, "truncated": False}


def get_tree(call: Call) -> Reply:
    """Return a tree by its id or a commit's, a branch's, a tag's."""
    repo = with_commits(call)
    tree = call.hub.git.resolve(repo.path, call.arg("sha"), "tree")
    if tree is None:
        raise not_found()
    recursive = call.query("recursive") not in {"", "0", "false"}
    return Reply(body=_tree_body(call, repo, tree, recursive=recursive))


def create_tree(call: Call) -> Reply:
    """Write a tree from entries on top of `base_tree`; a null sha removes a path."""
    repo = with_commits(call, "write")
    body, git = call.body(), call.hub.git
    entries = [Body(item) for item in body.items("tree")]
    if not entries:
        raise missing("Tree", "tree")
    kept = [one for one in entries if not _removes(one)]
    lines = [_tree_line(call, repo, one) for one in kept]
    index = {"GIT_INDEX_FILE": str(repo.path / f"index-{call.hub.core.ids.hex(8)}")}
    try:
        if base := body.text("base_tree"):
            git.run(repo.path, "read-tree", base, env=index)
        if gone := [_path(one) for one in entries if _removes(one)]:
            lines += _removals(git.run(repo.path, "ls-files", "-z", env=index), gone)
        git.run(repo.path, "update-index", "-z", "--index-info", stdin=b"".join(lines), env=index)
        sha = git.text(repo.path, "write-tree", env=index)
    except GitError as error:
        raise Problem(422, "GitRPC::BadObjectState") from error
    finally:
        (repo.path / index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    reply = _tree_body(call, repo, sha, recursive=False)
    return Reply(201, reply, {"Location": str(reply["url"])})


def _removes(item: Body) -> bool:
    return "content" not in item and not item.text("sha")


def _removals(listed: bytes, gone: list[str]) -> list[bytes]:
    """Return the lines that take files, and folders with all they hold, out of an index."""
    known = listed.decode("utf-8", "surrogateescape").split("\0")
    lines = []
    for path in gone:
        below = [one for one in known if one == path or one.startswith(f"{path}/")]
        if not below:
            raise Problem(422, "GitRPC::BadObjectState")
        lines += [f"0 {ZERO}\t{one}\0".encode("utf-8", "surrogateescape") for one in below]
    return lines


def _path(item: Body) -> str:
    path = item.text("path")
    if item.text("mode", "100644") not in MODES:
        raise Problem(422, "Must supply a valid tree.mode")
    if not path or path.startswith("/") or ".." in path.split("/") or ".git" in path.split("/"):
        raise Problem(422, "tree.path contains a malformed path component")
    return path


def _tree_line(call: Call, repo: Repository, item: Body) -> bytes:
    path, mode = _path(item), item.text("mode", "100644")
    if "content" in item:
        data = item.text("content").encode()
        sha = call.hub.git.run(repo.path, "hash-object", "-w", "--stdin", stdin=data).decode()
        return f"{mode} {sha.strip()}\t{path}\x00".encode()
    sha = item.text("sha")
    if not SHA.fullmatch(sha):
        raise Problem(422, "tree.sha is not a valid object id")
    return f"{mode} {sha}\t{path}\x00".encode()


def create_commit(call: Call) -> Reply:
    """Write a commit; whoever is not named is the caller, now."""
    repo = with_commits(call, "write")
    body, git = call.body(), call.hub.git
    message, tree = body.need("message", "Commit"), body.need("tree", "Commit")
    parents = [str(parent) for parent in body.items("parents")]
    if git.kind(repo.path, tree) != "tree":
        raise Problem(422, "Tree SHA does not exist")
    if any(git.kind(repo.path, parent) != "commit" for parent in parents):
        raise Problem(422, "Parent SHA does not exist or is not a commit object")
    author = person(call, body, "author", call.context.person)
    committer = person(call, body, "committer", author)
    sha = git.commit_tree(repo.path, tree, parents, message, author=author, committer=committer)
    reply = git_commit_body(call.links, repo, one(git, repo.path, sha))
    return Reply(201, reply, {"Location": reply["url"]})


def person(call: Call, body: Body, name: str, default: Person) -> Person:
    """Return author or committer from a body."""
    if not body.has(name):
        return default
    given = Body(body.object(name))
    if not given.text("name") or not given.text("email"):
        raise missing("Commit", name)
    date = given.text("date")
    return Person(given.text("name"), given.text("email"), moment(date) if date else call.hub.now())


def get_commit(call: Call) -> Reply:
    """Return a commit as a git object."""
    repo, sha = with_commits(call), call.arg("sha")
    if call.hub.git.kind(repo.path, sha) != "commit":
        raise not_found()
    return Reply(body=git_commit_body(call.links, repo, one(call.hub.git, repo.path, sha)))


def _readable(repo: Repository) -> dict[str, str]:
    """Return all refs: branches, tags, and the heads of pull requests, which nobody may write."""
    pulls = {f"refs/pull/{i.number}/head": i.pull.head_sha for i in repo.issues.values() if i.pull}
    return repo.refs | pulls


def _ref_reply(call: Call, repo: Repository, ref: str, status: int = 200) -> Reply:
    sha = _readable(repo)[ref]
    tagged = ref.startswith("refs/tags/")
    kind = (call.hub.git.kind(repo.path, sha) if tagged else None) or "commit"
    return Reply(status, ref_body(call.links, repo, ref, sha, kind))


def get_ref(call: Call) -> Reply:
    """Return a branch or tag, named `heads/x` or `tags/x`."""
    repo, ref = with_commits(call), f"refs/{call.arg('ref')}"
    if ref not in _readable(repo):
        raise not_found()
    return _ref_reply(call, repo, ref)


def matching_refs(call: Call) -> Reply:
    """List refs whose names start like this."""
    repo, start = with_commits(call), f"refs/{call.arg('ref')}"
    names = [ref for ref in sorted(_readable(repo)) if ref.startswith(start)]
    return Reply(body=[_ref_reply(call, repo, ref).body for ref in call.page(names)])


def all_refs(call: Call) -> Reply:
    """List all refs."""
    repo = with_commits(call)
    names = call.page(sorted(_readable(repo)))
    return Reply(body=[_ref_reply(call, repo, ref).body for ref in names])


def _wanted_sha(call: Call, repo: Repository, ref: str) -> str:
    sha = call.body().need("sha", "Reference")
    kind = call.hub.git.kind(repo.path, sha) if SHA.fullmatch(sha) else None
    if kind is None:
        raise Problem(422, "Object does not exist")
    if ref.startswith("refs/heads/") and kind != "commit":
        raise Problem(422, "Reference must point to a commit")
    return sha


def create_ref(call: Call) -> Reply:
    """Make a branch or tag."""
    repo = with_commits(call, "write")
    ref = call.body().need("ref", "Reference")
    good = ref.startswith(("refs/heads/", "refs/tags/"))
    if not good or not call.hub.git.says_yes(repo.path, "check-ref-format", ref):
        raise Problem(422, f"{ref} is not a valid ref name.")
    if ref in repo.refs:
        raise Problem(422, "Reference already exists")
    _move(call, repo, ref, _wanted_sha(call, repo, ref), ZERO)
    return _ref_reply(call, repo, ref, 201)


def _move(call: Call, repo: Repository, ref: str, new: str, old: str) -> None:
    try:
        call.hub.git.update_ref(repo.path, ref, new, old)
    except GitError as error:
        raise Problem(422, f"Reference update failed: {error}") from error
    observe(call.context, repo)


def update_ref(call: Call) -> Reply:
    """Move a branch or tag; backwards only by force."""
    repo, ref = with_commits(call, "write"), f"refs/{call.arg('ref')}"
    if ref not in repo.refs:
        raise Problem(422, "Reference does not exist")
    old, new = repo.refs[ref], _wanted_sha(call, repo, ref)
    forward = call.hub.git.is_ancestor(repo.path, old, new)
    if not forward and not call.body().flag("force"):
        raise Problem(422, "Update is not a fast forward")
    if new != old:
        _check_guard(call, repo, ref, new, forward=forward)
        _move(call, repo, ref, new, old)
    return _ref_reply(call, repo, ref)


def _check_guard(call: Call, repo: Repository, ref: str, new: str, *, forward: bool) -> None:
    if not ref.startswith(HEADS):
        return
    guard = guard_of(repo, ref.removeprefix(HEADS), call.actor)
    if said := push_refusal(repo, guard, new, forward=forward):
        raise Problem(422, violation(guard, said))


def delete_ref(call: Call) -> Reply:
    """Remove a branch or tag."""
    repo, ref = with_commits(call, "write"), f"refs/{call.arg('ref')}"
    if ref not in repo.refs:
        raise Problem(422, "Reference does not exist")
    if ref == f"refs/heads/{repo.default_branch}":
        raise Problem(422, "Cannot delete the default branch")
    guard = guard_of(repo, ref.removeprefix(HEADS), call.actor)
    if ref.startswith(HEADS) and not guard.deletions:
        raise Problem(422, violation(guard, "Cannot delete this protected branch"))
    _move(call, repo, ref, ZERO, repo.refs[ref])
    return Reply(204)
