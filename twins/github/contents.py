"""Files of a repository over REST: read, write, delete, each write one commit on a branch."""

import base64
from urllib.parse import quote

from twins.core.server import Unmodelled
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.commits import git_commit_body
from twins.github.body import Body
from twins.github.commit_log import one
from twins.github.git_data import from_base64, person
from twins.github.git_store import ZERO, GitError
from twins.github.guard import guard_of, push_refusal, violation
from twins.github.problem import Problem, not_found
from twins.github.pushes import observe
from twins.github.state import Repository

CONTENTS = "/repos/{owner}/{repo}/contents"
LINK_MODE = "120000"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", CONTENTS, get),
        Operation("GET", CONTENTS + "/{path:.*}", get),
        Operation("PUT", CONTENTS + "/{path:.+}", put),
        Operation("DELETE", CONTENTS + "/{path:.+}", delete),
        Operation("GET", "/repos/{owner}/{repo}/readme", readme),
    ]


def get(call: Call) -> Reply:
    """Return a file, or list a folder; a slash too many is redirected away."""
    repo = call.repo("contents")
    asked = call.request.match_info.get("path", "")
    path = asked.strip("/")
    if path and asked != path:
        query = f"?{call.request.query_string}" if call.request.query_string else ""
        where = call.links.api(f"/repositories/{repo.id}/contents/{quote(path)}{query}")
        return Reply(302, headers={"Location": where, "Content-Type": "text/html;charset=utf-8"})
    return _show(call, repo, path)


def readme(call: Call) -> Reply:
    """Return the README."""
    return _show(call, call.repo("contents"), "README.md")


def _show(call: Call, repo: Repository, path: str) -> Reply:
    git = call.hub.git
    ref = call.query("ref") or repo.default_branch
    commit = git.commit_of(repo.path, ref)
    if commit is None:
        message = f"No commit found for the ref {ref}" if repo.refs else "This repository is empty."
        raise Problem(404, message)
    if call.media == "html":
        raise Unmodelled  # nothing here renders
    if not path:
        tree = git.text(repo.path, "rev-parse", f"{commit}^{{tree}}")
        return _listing(call, repo, "", ("040000", "tree", tree), ref)
    entry = _entry(call, repo, commit, path)
    if entry is None:
        raise not_found()
    _, kind, sha = entry
    if kind == "tree":
        return _listing(call, repo, path, entry, ref)
    if call.media == "raw":
        return Reply(body=git.run(repo.path, "cat-file", "blob", sha), media_type="raw")
    return Reply(body=_file(call, repo, path, entry, ref))


def _entry(call: Call, repo: Repository, commit: str, path: str) -> tuple[str, str, str] | None:
    """Return mode, kind and id of a path in a commit."""
    out = call.hub.git.run(repo.path, "ls-tree", "-z", commit, "--", f":(literal){path}")
    if not out:
        return None
    mode, kind, sha = out.decode("utf-8", "replace").partition("\t")[0].split()
    return mode, kind, sha


def _listing(
    call: Call, repo: Repository, path: str, entry: tuple[str, str, str], ref: str
) -> Reply:
    """Return what a folder holds, as a list or below the folder itself."""
    items = _folder(call, repo, entry[2], path, ref)
    if call.media != "object":
        return Reply(body=items)
    return Reply(body={**_about(call, repo, path, entry, ref), "size": 0, "entries": items})


def _folder(call: Call, repo: Repository, tree: str, path: str, ref: str) -> list[object]:
    out = call.hub.git.run(repo.path, "ls-tree", "-l", "-z", tree).decode("utf-8", "replace")
    items: list[object] = []
    for line in filter(None, out.split("\x00")):
        about, _, name = line.partition("\t")
        mode, kind, sha, size = about.split()
        below = f"{path}/{name}" if path else name
        number = int(size) if size.isdigit() else 0
        items.append({**_about(call, repo, below, (mode, kind, sha), ref), "size": number})
    return items


def _about(
    call: Call, repo: Repository, path: str, entry: tuple[str, str, str], ref: str
) -> dict[str, object]:
    """Return what a file and a line of a folder have in common, all but the size."""
    mode, kind, sha = entry
    noun = "trees" if kind == "tree" else "blobs"
    word = {"tree": "dir", "commit": "submodule"}.get(kind, "file")
    word = "symlink" if mode == LINK_MODE else word
    url = call.links.api(f"/repos/{repo.full_name}/contents/{quote(path)}?ref={quote(ref)}")
    git_url = call.links.api(f"/repos/{repo.full_name}/git/{noun}/{sha}")
    page = "tree" if kind == "tree" else "blob"
    html = call.links.html(f"/{repo.full_name}/{page}/{ref}/{quote(path)}")
    raw = call.links.html(f"/{repo.full_name}/raw/{ref}/{quote(path)}")
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": None if kind == "tree" else raw,
        "type": word,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def _file(
    call: Call, repo: Repository, path: str, entry: tuple[str, str, str], ref: str
) -> dict[str, object]:
    data = call.hub.git.run(repo.path, "cat-file", "blob", entry[2])
    content = {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
    return {**_about(call, repo, path, entry, ref), "size": len(data), **content}


def put(call: Call) -> Reply:
    """Create or replace a file; replacing takes the `sha` of what is replaced."""
    repo = call.repo("contents", "write")
    body, path = call.body(), call.arg("path").strip("/")
    if not body.has("content"):
        raise Problem(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    data = from_base64(body.text("content"))
    blob = call.hub.git.run(repo.path, "hash-object", "-w", "--stdin", stdin=data).decode().strip()
    before = _expected(call, repo, body, path)
    commit = _commit(call, repo, body, path, blob)
    ref = body.text("branch") or repo.default_branch
    entry = _entry(call, repo, commit, path) or ("100644", "blob", blob)
    content = {**_about(call, repo, path, entry, ref), "size": len(data)}
    return Reply(201 if before is None else 200, _result(call, repo, content, commit))


def delete(call: Call) -> Reply:
    """Remove a file; takes the `sha` of what is removed."""
    repo = call.repo("contents", "write")
    body, path = call.body(), call.arg("path").strip("/")
    if _expected(call, repo, body, path) is None:
        raise not_found()
    return Reply(body=_result(call, repo, None, _commit(call, repo, body, path, None)))


def _result(call: Call, repo: Repository, content: object, commit: str) -> dict[str, object]:
    shown = git_commit_body(call.links, repo, one(call.hub.git, repo.path, commit))
    return {"content": content, "commit": shown}


def _expected(call: Call, repo: Repository, body: Body, path: str) -> str | None:
    """Return the blob that is there now, which the caller must have named."""
    body.need("message", "Commit")
    branch = body.text("branch") or repo.default_branch
    tip = repo.refs.get(f"refs/heads/{branch}")
    if tip is None:
        if repo.refs:
            raise Problem(404, f"Branch {branch} not found")
        return None
    entry = _entry(call, repo, tip, path)
    given = body.text("sha")
    if entry is None:
        return None
    if entry[1] != "blob":
        raise Problem(422, f"{path} is a folder")
    if not given:
        raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given != entry[2]:
        raise Problem(409, f"{path} does not match {given}")
    return given


def _commit(call: Call, repo: Repository, body: Body, path: str, blob: str | None) -> str:
    """Commit one changed path on top of the branch and tell what that sets off."""
    git = call.hub.git
    ref = f"refs/heads/{body.text('branch') or repo.default_branch}"
    tip = repo.refs.get(ref)
    file = repo.path / f"index-{call.hub.core.ids.hex(8)}"
    index = {"GIT_INDEX_FILE": str(file)}
    entry = f"100644 {blob}\t{path}\x00" if blob else f"0 {ZERO}\t{path}\x00"
    try:
        if tip:
            git.run(repo.path, "read-tree", tip, env=index)
        git.run(repo.path, "update-index", "-z", "--index-info", stdin=entry.encode(), env=index)
        tree = git.text(repo.path, "write-tree", env=index)
    except GitError as error:
        raise Problem(422, "path contains a malformed path component") from error
    finally:
        file.unlink(missing_ok=True)
    # Whoever is named as committer wrote it too, unless an author is named as well.
    committer = person(call, body, "committer", call.context.person)
    commit = git.commit_tree(
        repo.path,
        tree,
        [tip] if tip else [],
        body.text("message"),
        author=person(call, body, "author", committer),
        committer=committer,
    )
    guard = guard_of(repo, ref.removeprefix("refs/heads/"), call.actor)
    if said := push_refusal(repo, guard, commit, forward=True):
        raise Problem(409, violation(guard, said))
    git.update_ref(repo.path, ref, commit, tip or ZERO)
    observe(call.context, repo)
    return commit
