"""Git objects, refs, files, comparisons: the same bytes and ids that git itself would have."""

import base64
import hashlib
import subprocess
from datetime import datetime
from random import Random
from typing import Any

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, encoded, file, tip
from twins.conformance.rows import behaviours

RAW = {"Accept": "application/vnd.github.raw+json"}


def _id(kind: str, data: bytes) -> str:
    """Return the id git gives an object."""
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()  # noqa: S324  # git's


def _bytes(random: Random) -> bytes:
    return random.randbytes(random.randrange(1, 400))


def blobs(ground: Ground, random: Random) -> None:
    """A blob's id is git's, and its bytes come back in Base64 and raw."""
    plot, data = ground.plot(random), _bytes(random)
    begin(plot)
    sha = plot.ok("POST", "git/blobs", {"content": encoded(data), "encoding": "base64"})["sha"]
    expect("id", _id("blob", data), sha)
    seen = plot.ok("GET", f"git/blobs/{sha}")
    found = (base64.b64decode(seen["content"]), seen["size"])
    expect("bytes and size", (data, len(data)), found)
    expect("raw", data, plot.call("GET", f"git/blobs/{sha}", headers=RAW).raw)
    text = "".join(random.choices("añ漢\n", k=20))
    sha = plot.ok("POST", "git/blobs", {"content": text, "encoding": "utf-8"})["sha"]
    expect("of a text", _id("blob", text.encode()), sha)


def trees(ground: Ground, random: Random) -> None:
    """A tree's id is git's; entries are added to a base and removed by null."""
    plot = ground.plot(random)
    begin(plot)
    texts = {plot.word("f"): plot.word() for _ in range(random.randrange(2, 5))}
    entries: list[dict[str, Any]] = [
        {"path": name, "mode": "100644", "type": "blob", "content": text}
        for name, text in texts.items()
    ]
    made = plot.ok("POST", "git/trees", {"tree": entries})
    data = b"".join(
        b"100644 " + name.encode() + b"\0" + bytes.fromhex(_id("blob", texts[name].encode()))
        for name in sorted(texts)
    )
    expect("id", _id("tree", data), made["sha"])
    gone, new = min(texts), plot.word("d")
    order = [
        {"path": gone, "mode": "100644", "type": "blob", "sha": None},
        {"path": f"{new}/x", "mode": "100755", "type": "blob", "content": "x"},
    ]
    after = plot.ok("POST", "git/trees", {"base_tree": made["sha"], "tree": order})
    deep = plot.ok("GET", f"git/trees/{after['sha']}?recursive=1")["tree"]
    wanted = ({*texts} - {gone}) | {new, f"{new}/x"}
    expect("paths", wanted, {one["path"] for one in deep})
    expect("mode", ["100755"], [one["mode"] for one in deep if one["path"] == f"{new}/x"])
    flat = plot.ok("GET", f"git/trees/{after['sha']}")["tree"]
    expect("flat", wanted - {f"{new}/x"}, {one["path"] for one in flat})


def commits(ground: Ground, random: Random) -> None:
    """A commit's id is git's, made of exactly what was said."""
    plot = ground.plot(random)
    parent = begin(plot)
    tree = plot.ok("GET", f"git/commits/{parent}")["tree"]["sha"]
    seconds = random.randrange(1_500_000_000, 1_700_000_000)
    who = {"name": plot.word("Ann"), "email": f"{plot.word()}@example.com"}
    date = f"2020-0{random.randrange(1, 9)}-1{random.randrange(10)}T0{random.randrange(10)}:00:00Z"
    order = {
        "message": f"{plot.word()}\n\nbody {seconds}",
        "tree": tree,
        "parents": [parent],
        "author": {**who, "date": date},
    }
    made = plot.ok("POST", "git/commits", order)
    seen = plot.ok("GET", f"git/commits/{made['sha']}")
    expect("author", {**who, "date": date}, seen["author"])
    expect("message", order["message"], seen["message"])
    expect("parents", [parent], [one["sha"] for one in seen["parents"]])
    expect("id", _commit_id(seen), made["sha"])
    page = plot.ok("GET", f"commits/{made['sha']}")
    expect("in the log", seen["message"], page["commit"]["message"])


def _commit_id(seen: dict[str, Any]) -> str:
    lines = [f"tree {seen['tree']['sha']}", *(f"parent {one['sha']}" for one in seen["parents"])]
    for role in ("author", "committer"):
        at = int(datetime.fromisoformat(seen[role]["date"]).timestamp())
        lines.append(f"{role} {seen[role]['name']} <{seen[role]['email']}> {at} +0000")
    return _id("commit", ("\n".join(lines) + "\n\n" + seen["message"]).encode())


def refs(ground: Ground, random: Random) -> None:
    """Refs are made, found by prefix, moved forward, backward only by force, and deleted."""
    plot = ground.plot(random)
    first = begin(plot)
    second = file(plot, plot.word("f"), "x")
    stem = plot.word("b")
    names = [f"{stem}/{n}" for n in range(random.randrange(2, 4))]
    for name in names:
        branch(plot, name, first)
    plot.ok("POST", "git/refs", {"ref": f"refs/tags/{stem}", "sha": first})
    found = plot.ok("GET", f"git/matching-refs/heads/{stem}")
    expect("by prefix", [f"refs/heads/{name}" for name in names], [one["ref"] for one in found])
    tags = plot.ok("GET", "git/matching-refs/tags/")
    expect("tags", [f"refs/tags/{stem}"], [one["ref"] for one in tags])
    path = f"git/refs/heads/{names[0]}"
    expect("forward", second, plot.ok("PATCH", path, {"sha": second})["object"]["sha"])
    expect("backward", 422, plot.call("PATCH", path, {"sha": first}).status)
    expect("unmoved", second, tip(plot, names[0]))
    plot.ok("PATCH", path, {"sha": first, "force": True})
    expect("by force", first, tip(plot, names[0]))
    plot.ok("DELETE", path)
    expect("gone", 404, plot.call("GET", f"git/ref/heads/{names[0]}").status)
    listed = {one["name"] for one in plot.ok("GET", "branches")}
    expect("branches", {"main", *names[1:]}, listed)


def contents(ground: Ground, random: Random) -> None:
    """A file of any bytes is written, replaced only by who knows it, listed, deleted."""
    plot, data = ground.plot(random), _bytes(random)
    begin(plot)
    path = f"{plot.word('dir')}/{plot.word('f')}.bin"
    made = plot.call("PUT", f"contents/{path}", {"message": "m", "content": encoded(data)})
    expect("created", 201, made.status)
    seen = plot.ok("GET", f"contents/{path}")
    expect("bytes", data, base64.b64decode(seen["content"]))
    expect("id", _id("blob", data), seen["sha"])
    expect("raw", data, plot.call("GET", f"contents/{path}", headers=RAW).raw)
    new = {"message": "n", "content": encoded(_bytes(random) + b"!")}
    expect("unknown", 409, plot.call("PUT", f"contents/{path}", {**new, "sha": "0" * 40}).status)
    expect("unnamed", 422, plot.call("PUT", f"contents/{path}", new).status)
    after = plot.call("PUT", f"contents/{path}", {**new, "sha": seen["sha"]})
    expect("replaced", 200, after.status)
    folder = plot.ok("GET", f"contents/{path.partition('/')[0]}")
    expect("folder", [path], [one["path"] for one in folder])
    kinds = {one["name"]: one["type"] for one in plot.ok("GET", "contents/")}
    expect("root", {"README.md": "file", path.partition("/")[0]: "dir"}, kinds)
    sha = after.json["content"]["sha"]
    plot.ok("DELETE", f"contents/{path}", {"message": "d", "sha": sha})
    expect("gone", 404, plot.call("GET", f"contents/{path}").status)
    readme = plot.ok("GET", "readme")
    expect("readme", "README.md", readme["path"])


def slashes(ground: Ground, random: Random) -> None:
    """A folder with a slash behind it is found where the redirect leads."""
    plot = ground.plot(random)
    begin(plot)
    folder, name = plot.word("d"), plot.word("f")
    file(plot, f"{folder}/{name}", "x")
    query = random.choice(["", "?ref=main"])
    answer = plot.call("GET", f"{plot.path}/contents/{folder}/{query}")
    expect("status", 302, answer.status)
    where = answer.headers["location"].removeprefix(ground.url)
    expect("where", f"/contents/{folder}{query}", where[where.index("/contents/") :])
    expect("listed", [name], [one["name"] for one in plot.ok("GET", where)])


def tags(ground: Ground, random: Random) -> None:
    """An annotated tag is a git object; the list peels every tag to its commit."""
    plot, said = ground.plot(random), random.choice(["words", "two\n\nparagraphs"])
    root = begin(plot)
    sha = file(plot, plot.word("f"), "x")
    name, plain = f"v2-{plot.word()}", f"v1-{plot.word()}"
    order = {"tag": name, "message": said, "object": root, "type": "commit"}
    made = plot.ok("POST", "git/tags", order)
    expect("not yet listed", [], plot.ok("GET", "tags"))
    for ref, target in ((name, made["sha"]), (plain, sha)):
        plot.ok("POST", "git/refs", {"ref": f"refs/tags/{ref}", "sha": target})
    seen = plot.ok("GET", f"git/tags/{made['sha']}")
    expect("message", (said, root), (seen["message"].rstrip("\n"), seen["object"]["sha"]))
    expect("ref", "tag", plot.ok("GET", f"git/ref/tags/{name}")["object"]["type"])
    listed = [(one["name"], one["commit"]["sha"]) for one in plot.ok("GET", "tags")]
    expect("listed", [(name, root), (plain, sha)], listed)
    expect("no tag", 404, plot.call("GET", f"git/tags/{root}").status)


def merging(ground: Ground, random: Random) -> None:
    """One branch is merged into another with both as parents; 204 when there is nothing to do."""
    plot = ground.plot(random)
    root = begin(plot)
    name, said = plot.word("b"), plot.word("because")
    branch(plot, name, root)
    order = {"base": "main", "head": name, "commit_message": said}
    expect("nothing", 204, plot.call("POST", "merges", order).status)
    theirs = file(plot, plot.word("f"), "x", branch=name)
    ours = file(plot, "clash", "ours")
    made = plot.ok("POST", "merges", order)
    expect("parents", [ours, theirs], [one["sha"] for one in made["parents"]])
    expect("tip and words", (made["sha"], said), (tip(plot), made["commit"]["message"]))
    file(plot, "clash", "theirs", branch=name)
    expect("a clash", 409, plot.call("POST", "merges", order).status)
    expect("unmoved", made["sha"], tip(plot))


def log(ground: Ground, random: Random) -> None:
    """The log tells every commit, newest first, in pages, and by path."""
    plot = ground.plot(random)
    shas, names = [begin(plot)], [plot.word("a"), plot.word("b")]
    own: dict[str, list[str]] = {name: [] for name in names}
    for step in range(random.randrange(3, 6)):
        name = random.choice(names)
        known = plot.call("GET", f"contents/{name}").json.get("sha", "")
        sha = file(plot, name, f"{step}", sha=known or "")
        own[name].append(sha)
        shas.append(sha)
    expect("all", shas[::-1], [one["sha"] for one in plot.ok("GET", "commits")])
    pages = [plot.ok("GET", f"commits?per_page=2&page={page}") for page in (1, 2)]
    expect("pages", shas[::-1][:4], [one["sha"] for page in pages for one in page])
    name = random.choice(names)
    found = plot.ok("GET", f"commits?path={name}")
    expect("by path", own[name][::-1], [one["sha"] for one in found])
    chain = [one["parents"][0]["sha"] for one in plot.ok("GET", "commits")[:-1]]
    expect("parents", shas[::-1][1:], chain)


def comparing(ground: Ground, random: Random) -> None:
    """A comparison counts ahead and behind, and lists the files of one side."""
    plot = ground.plot(random)
    root = begin(plot)
    name = plot.word("side")
    branch(plot, name, root)
    ahead, behind = random.randrange(0, 3), random.randrange(0, 3)
    paths = [plot.word("ours") for _ in range(ahead)]
    for path in paths:
        file(plot, path, "1\n2\n", branch=name)
    for _ in range(behind):
        file(plot, plot.word("theirs"), "x")
    seen = plot.ok("GET", f"compare/main...{name}")
    word = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind", (1, 1): "diverged"}
    wanted = (word[min(1, ahead), min(1, behind)], ahead, behind, ahead)
    found = (seen["status"], seen["ahead_by"], seen["behind_by"], seen["total_commits"])
    expect("counts", wanted, found)
    expect("files", sorted(paths), sorted(one["filename"] for one in seen["files"]))
    expect("lines", 2 * ahead, sum(one["additions"] for one in seen["files"]))
    expect("root", root, seen["merge_base_commit"]["sha"])
    diff = plot.call(
        "GET", f"compare/main...{name}", headers={"Accept": "application/vnd.github.diff"}
    )
    expect_that("diff", all(f"b/{path}".encode() in diff.raw for path in paths))
    file(plot, plot.word("ours"), "x", branch=name)
    expect("one more", ahead + 1, plot.ok("GET", f"compare/main...{name}")["ahead_by"])


def patches(ground: Ground, random: Random) -> None:
    """A commit counts its lines and shows them as patch and as diff."""
    plot = ground.plot(random)
    begin(plot)
    lines = [plot.word() for _ in range(random.randrange(1, 6))]
    name = plot.word("f")
    sha = file(plot, name, "".join(f"{line}\n" for line in lines))
    seen = plot.ok("GET", f"commits/{sha}")
    expect("stats", {"total": len(lines), "additions": len(lines), "deletions": 0}, seen["stats"])
    added = [line[1:] for line in seen["files"][0]["patch"].split("\n") if line[0] == "+"]
    expect("patch", lines, added)
    for form in ("diff", "patch"):
        accept = {"Accept": f"application/vnd.github.{form}"}
        raw = plot.call("GET", f"commits/{sha}", headers=accept).raw.decode()
        expect_that(form, all(f"+{line}" in raw for line in lines))
    accept = {"Accept": "application/vnd.github.sha"}
    expect("sha", sha.encode(), plot.call("GET", "commits/main", headers=accept).raw)


def branches(ground: Ground, random: Random) -> None:
    """A branch is listed and shown with its tip, in pages, and by whether it is protected."""
    plot = ground.plot(random)
    root = begin(plot)
    names = sorted(plot.word(f"b{n}") for n in range(random.randrange(3, 6)))
    for name in names:
        branch(plot, name, root)
    sha = file(plot, "x", plot.word(), branch=names[1])
    seen = plot.ok("GET", f"branches/{names[1]}")
    expect("tip", (names[1], sha), (seen["name"], seen["commit"]["sha"]))
    pages = [plot.ok("GET", f"branches?per_page=2&page={page}") for page in (1, 2, 3)]
    listed = [one["name"] for page in pages for one in page]
    expect("pages", sorted(["main", *names]), listed)
    expect("none protected", [], plot.ok("GET", "branches?protected=true"))


def remote(ground: Ground, random: Random) -> None:
    """Git itself sees the refs that the API tells of."""
    plot = ground.plot(random)
    root = begin(plot)
    for _ in range(random.randrange(1, 4)):
        branch(plot, plot.word("b"), root)
    url = ground.url.replace("://", f"://x:{plot.tokens['read']}@") + f"/{plot.full_name}.git"
    done = subprocess.run(
        ["git", "ls-remote", "--heads", url],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"},
    )
    seen = {tuple(line.split("\t")) for line in done.stdout.splitlines()}
    told = plot.ok("GET", "git/matching-refs/heads")
    expect("refs", {(one["object"]["sha"], one["ref"]) for one in told}, seen)


def ref_of_commit(ground: Ground, random: Random) -> None:
    """Authors are accounts when their address is known, nobody when it is not."""
    plot = ground.plot(random)
    begin(plot)
    file(plot, plot.word("f"), "x", by="write")
    seen = plot.ok("GET", "commits/main")
    expect("author", plot.logins["write"], (seen["author"] or {}).get("login"))
    who = {"name": plot.word("Z"), "email": f"{plot.word()}@nowhere.example"}
    body = {"message": "m", "content": encoded(_bytes(random)), "author": who}
    plot.ok("PUT", f"contents/{plot.word('g')}", body)
    seen = plot.ok("GET", "commits/main")
    expect("nobody", (None, who["name"]), (seen["author"], seen["commit"]["author"]["name"]))


def empty(ground: Ground, random: Random) -> None:
    """An empty repository has no commits, no branches and no files."""
    plot: Plot = ground.plot(random)
    expect("log", 409, plot.call("GET", "commits").status)
    expect("branches", [], plot.ok("GET", "branches"))
    expect("files", 404, plot.call("GET", "contents/").status)
    begin(plot)
    expect("afterwards", 1, len(plot.ok("GET", "commits")))


ROWS = behaviours(
    "git",
    blobs,
    trees,
    commits,
    refs,
    contents,
    slashes,
    tags,
    merging,
    log,
    comparing,
    patches,
    branches,
    remote,
    ref_of_commit,
    empty,
)
