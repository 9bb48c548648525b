"""Objects, refs, files, commits and the wire of git itself."""

import hashlib
from base64 import b64decode
from random import Random

from twins.conformance.cited import REST, facts, of, shifted
from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, encoded, file, pull, tip

# Less than the hour that a token lives.
LATER = 2400


def trees(ground: Ground, random: Random) -> None:
    """A tree grows from its base: new paths in, null paths out; any `recursive` digs deep."""
    plot = ground.plot(random)
    sha = begin(plot)
    inner, outer = f"{plot.word('d')}/{plot.word('e')}/{plot.word('f')}", plot.word("f")
    texts = {inner: plot.word(), outer: plot.word()}
    items = [
        {"path": path, "mode": "100644", "type": "blob", "content": text}
        for path, text in texts.items()
    ]
    base = plot.ok("GET", f"git/commits/{sha}")["tree"]["sha"]
    grown = plot.ok("POST", "git/trees", {"base_tree": base, "tree": items})["sha"]
    deep = random.choice(["1", "0", "true", "false"])
    seen = plot.ok("GET", f"git/trees/{grown}?recursive={deep}")
    blobs = {one["path"] for one in seen["tree"] if one["type"] == "blob"}
    expect("grown", {inner, outer, "README.md"}, blobs)
    expect("whole", False, seen["truncated"])
    flat = of(plot.ok("GET", f"git/trees/{grown}")["tree"], "path")
    expect("flat", {inner.partition("/")[0], outer, "README.md"}, set(flat))
    out = [{"path": outer, "mode": "100644", "type": "blob", "sha": None}]
    less = plot.ok("POST", "git/trees", {"base_tree": grown, "tree": out})["sha"]
    left = plot.ok("GET", f"git/trees/{less}?recursive=1")["tree"]
    expect("less", {inner, "README.md"}, {x["path"] for x in left if x["type"] == "blob"})
    alone = plot.ok("POST", "git/trees", {"tree": items})["sha"]
    kept = plot.ok("GET", f"git/trees/{alone}?recursive=1")["tree"]
    expect("without a base", set(texts), {x["path"] for x in kept if x["type"] == "blob"})


def people(ground: Ground, random: Random) -> None:
    """A commit's committer is its author unless named; without parents it is a root."""
    plot = ground.plot(random)
    tree = plot.ok("GET", f"git/commits/{begin(plot)}")["tree"]["sha"]
    year = random.randrange(2001, 2020)
    author = {"name": plot.word("A"), "email": f"{plot.word()}@example.com"}
    author |= {"date": f"{year}-03-04T05:06:07Z"}
    order = {"message": plot.word(), "tree": tree, "author": author}
    made = plot.ok("POST", "git/commits", order)
    expect("author", author, made["author"])
    expect("committer", author, made["committer"])
    expect("root", [], made["parents"])
    other = {"name": plot.word("C"), "email": "c@example.com", "date": f"{year}-05-06T07:08:09Z"}
    named = plot.ok("POST", "git/commits", {**order, "committer": other})
    expect("both", (author, other), (named["author"], named["committer"]))
    seen = plot.ok("GET", f"git/commits/{named['sha']}")
    expect("read", (author, other), (seen["author"], seen["committer"]))
    merge = plot.ok("POST", "git/commits", {**order, "parents": [made["sha"], named["sha"]]})
    expect("merge", [made["sha"], named["sha"]], of(merge["parents"], "sha"))


def blobs(ground: Ground, random: Random) -> None:
    """A blob is hashed as git does, read back in base64, and raw when asked."""
    plot = ground.plot(random)
    begin(plot)
    data = bytes(random.randrange(256) for _ in range(random.randrange(1, 200)))
    text = f"Grüße {plot.word()}\n"
    for body, raw in (
        ({"content": encoded(data), "encoding": "base64"}, data),
        ({"content": text}, text.encode()),
    ):
        sha = plot.ok("POST", "git/blobs", body)["sha"]
        wanted = hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
        expect("sha", wanted, sha)
        seen = plot.ok("GET", f"git/blobs/{sha}")
        expect("encoding", ("base64", len(raw)), (seen["encoding"], seen["size"]))
        expect("content", raw, b64decode(seen["content"]))
        accept = {"Accept": "application/vnd.github.raw+json"}
        expect("raw", raw, plot.call("GET", f"git/blobs/{sha}", headers=accept).raw)


def matching(ground: Ground, random: Random) -> None:
    """Refs are found by how they begin; nothing found is an empty list, not an error."""
    plot = ground.plot(random)
    sha = begin(plot)
    stem = plot.word("feature")
    names = [stem + end for end in random.sample("ABCDEF", 3)]
    for name in (*names, plot.word("other")):
        branch(plot, name, sha)
    plot.ok("POST", "git/refs", {"ref": f"refs/tags/{stem}", "sha": sha})
    found = plot.ok("GET", f"git/matching-refs/heads/{stem}")
    expect("begins", {f"refs/heads/{name}" for name in names}, set(of(found, "ref")))
    tags = plot.ok("GET", f"git/matching-refs/tags/{stem}")
    expect("tags", [f"refs/tags/{stem}"], of(tags, "ref"))
    expect("nothing", [], plot.ok("GET", f"git/matching-refs/heads/{plot.word('no')}"))
    expect("no such one", 404, plot.call("GET", f"git/ref/heads/{stem}").status)
    every = set(of(plot.ok("GET", "git/matching-refs/"), "ref"))
    expect_that("every namespace", {"refs/heads/main", f"refs/tags/{stem}"} <= every)


def forced(ground: Ground, random: Random) -> None:
    """A ref moves back or aside only by force, and stays where it was when refused."""
    plot = ground.plot(random)
    first, name = begin(plot), plot.word("b")
    branch(plot, name, first)
    second = file(plot, plot.word(), "x", branch=name)
    aside = file(plot, plot.word(), "y")
    path, target = f"git/refs/heads/{name}", random.choice([first, aside])
    body = random.choice([{"sha": target}, {"sha": target, "force": False}])
    expect("refused", 422, plot.call("PATCH", path, body).status)
    expect("stays", second, tip(plot, name))
    plot.ok("PATCH", path, {"sha": target, "force": True})
    expect("forced", target, tip(plot, name))


def views(ground: Ground, random: Random) -> None:
    """A file is JSON or raw, a folder a list or one object with entries."""
    plot = ground.plot(random)
    begin(plot)
    folder, text = plot.word("d"), plot.word()
    names = [plot.word("f") for _ in range(random.randrange(2, 4))]
    for name in names:
        file(plot, f"{folder}/{name}", text)
    path = f"contents/{folder}/{names[0]}"
    seen = plot.ok("GET", path)
    size = (seen["type"], seen["encoding"], seen["size"])
    expect("file", ("file", "base64", len(text)), size)
    raw = {"Accept": "application/vnd.github.raw+json"}
    expect("raw", text.encode(), plot.call("GET", path, headers=raw).raw)
    listed = plot.ok("GET", f"contents/{folder}")
    expect("folder", sorted(names), of(listed, "name"))
    expect_that("no content in lists", not any(one.get("content") for one in listed))
    whole = {"Accept": "application/vnd.github.object+json"}
    one = plot.call("GET", f"contents/{folder}", headers=whole).json
    expect("object", ("dir", sorted(names)), (one["type"], of(one["entries"], "name")))
    root = {item["name"]: item["type"] for item in plot.ok("GET", "contents")}
    expect("root", {"README.md": "file", folder: "dir"}, root)


def history(ground: Ground, random: Random) -> None:
    """Commits are filtered by path, by author, by time and by where to begin."""
    plot = ground.plot(random)
    first = begin(plot)
    path, mail = f"{plot.word('d')}/{plot.word('f')}", f"{plot.word()}@example.com"
    author = {"name": "N", "email": mail}
    order = {"message": plot.word(), "content": encoded(b"1"), "author": author}
    mine = plot.ok("PUT", f"contents/{path}", order)["commit"]["sha"]
    ground.advance(LATER)
    other = file(plot, plot.word("f"), "x")
    name = plot.word("b")
    branch(plot, name, mine)
    aside = file(plot, plot.word("f"), "y", branch=name)
    expect("path", [mine], of(plot.ok("GET", f"commits?path={path}"), "sha"))
    folder = path.partition("/")[0]
    expect("folder", [mine], of(plot.ok("GET", f"commits?path={folder}"), "sha"))
    expect("author", [mine], of(plot.ok("GET", f"commits?author={mail}"), "sha"))
    begun = plot.ok("GET", f"commits?sha={random.choice([name, aside])}")
    expect("begun", [aside, mine, first], of(begun, "sha"))
    stamp = plot.ok("GET", f"git/commits/{other}")["committer"]["date"]
    late = plot.ok("GET", f"commits?since={shifted(stamp, -LATER // 2)}")
    expect("since", [other], of(late, "sha"))
    early = plot.ok("GET", f"commits?until={shifted(stamp, -LATER // 2)}")
    expect("until", [mine, first], of(early, "sha"))


def renamed(ground: Ground, random: Random) -> None:
    """A commit tells of each file whether it came, went, changed, or moved and from where."""
    plot = ground.plot(random)
    sha = begin(plot)
    old, new, gone, came = (plot.word("f") for _ in range(4))
    text = "".join(f"{plot.word()}\n" for _ in range(30))
    file(plot, old, text)
    before = file(plot, gone, "x\n")
    tree = plot.ok("GET", f"git/commits/{before}")["tree"]["sha"]
    entry = {"mode": "100644", "type": "blob"}
    items = [
        {"path": old, **entry, "sha": None},
        {"path": new, **entry, "content": text},
        {"path": gone, **entry, "sha": None},
        {"path": came, **entry, "content": "1\n2\n"},
        {"path": "README.md", **entry, "content": "changed\n"},
    ]
    made = plot.ok("POST", "git/trees", {"base_tree": tree, "tree": items})["sha"]
    order = {"message": plot.word(), "tree": made, "parents": [before]}
    after = plot.ok("POST", "git/commits", order)["sha"]
    shown = plot.ok("GET", f"commits/{after}")
    told = {one["filename"]: one for one in shown["files"]}
    wanted = {new: "renamed", gone: "removed", came: "added", "README.md": "modified"}
    expect("files", wanted, {path: one["status"] for path, one in told.items()})
    expect("from", old, told[new]["previous_filename"])
    expect("lines", (2, 0), (told[came]["additions"], told[came]["deletions"]))
    stats = shown["stats"]
    expect("sum", stats["total"], stats["additions"] + stats["deletions"])
    expect("root", [], plot.ok("GET", f"commits/{sha}")["parents"])


def media(ground: Ground, random: Random) -> None:
    """A commit is also its bare SHA, its diff and its patch; its SHA is the ETag of the first."""
    plot = ground.plot(random)
    begin(plot)
    path, text = plot.word("f"), plot.word()
    sha = file(plot, path, f"{text}\n")
    ref = random.choice(["main", "heads/main", sha])

    def shown(kind: str) -> str:
        accept = {"Accept": f"application/vnd.github.{kind}"}
        return plot.call("GET", f"commits/{ref}", headers=accept).raw.decode()

    expect("sha", sha, shown("sha"))
    expect_that("diff", shown("diff").startswith(f"diff --git a/{path} b/{path}"))
    expect_that("patch", shown("patch").startswith(f"From {sha} "))
    expect_that("line", f"+{text}\n" in shown("patch"))
    accept = {"Accept": "application/vnd.github.sha", "If-None-Match": f'"{sha}"'}
    expect("known", 304, plot.call("GET", f"commits/{ref}", headers=accept).status)
    file(plot, path, "other\n", sha=plot.ok("GET", f"contents/{path}")["sha"])
    expect("moved", 200, plot.call("GET", "commits/main", headers=accept).status)


def apart(ground: Ground, random: Random) -> None:
    """A comparison says which side has what the other lacks, and how many commits that is."""
    plot = ground.plot(random)
    root = begin(plot)
    name = plot.word("side")
    branch(plot, name, root)
    mine, theirs = random.randrange(1, 4), random.randrange(1, 4)

    def told(basehead: str) -> tuple[str, int, int, int]:
        seen = plot.ok("GET", f"compare/{basehead}")
        return seen["status"], seen["ahead_by"], seen["behind_by"], seen["total_commits"]

    expect("same", ("identical", 0, 0, 0), told(f"main...{name}"))
    for number in range(mine):
        file(plot, f"side{number}", plot.word(), branch=name)
    expect("ahead", ("ahead", mine, 0, mine), told(f"main...{name}"))
    expect("behind", ("behind", 0, mine, 0), told(f"{name}...main"))
    for number in range(theirs):
        file(plot, f"main{number}", plot.word())
    expect("apart", ("diverged", mine, theirs, mine), told(f"main...{name}"))
    expect("root", root, plot.ok("GET", f"compare/main...{name}")["merge_base_commit"]["sha"])


def origins(ground: Ground, random: Random) -> None:
    """A commit knows the open pull request that brings it, and the merged one that brought it."""
    plot = ground.plot(random)
    begin(plot)
    one, other = pull(plot), pull(plot)
    head = one["head"]["sha"]
    where = random.choice([head, one["head"]["ref"]])
    found = plot.ok("GET", f"commits/{where}/pulls")
    expect("open", [(one["number"], "open")], [(x["number"], x["state"]) for x in found])
    plot.ok("PUT", f"pulls/{one['number']}/merge", {"merge_method": "merge"})
    found = plot.ok("GET", f"commits/{head}/pulls")
    expect("merged", [(one["number"], True)], [(x["number"], bool(x["merged_at"])) for x in found])
    left = plot.ok("GET", f"commits/{other['head']['sha']}/pulls")
    expect("other", [other["number"]], of(left))


def wire(ground: Ground, random: Random) -> None:
    """Git's own door: open to read where public, else asking for Basic; writing needs push."""
    plot = ground.plot(random, private=random.random() < 1 / 2)
    begin(plot)
    private = plot.ok("GET", "")["private"]
    suffix = random.choice([".git", ""])

    def asked(service: str, role: str = "") -> tuple[int, str, bytes, str]:
        who = encoded(f"x-access-token:{plot.tokens[role]}".encode()) if role else ""
        sent = {"User-Agent": "git/2.39.5"} | ({"Authorization": f"Basic {who}"} if who else {})
        target = f"/{plot.full_name}{suffix}/info/refs?service=git-{service}"
        found = ground.wire.send("GET", target, headers=sent)
        return found.status, found.media, found.raw, found.headers.get("www-authenticate", "")

    status, kind, raw, _ = asked("upload-pack", "read")
    expect("fetch", (200, "application/x-git-upload-pack-advertisement"), (status, kind))
    expect("first line", b"001e# service=git-upload-pack\n0000", raw[:34])
    status, _, _, wanted = asked("upload-pack")
    expect("nobody", 401 if private else 200, status)
    expect("asks", private, wanted.startswith("Basic "))
    status, _, _, wanted = asked("receive-pack")
    expect("nobody pushes", (401, True), (status, wanted.startswith("Basic ")))
    expect("readers do not push", 403, asked("receive-pack", "read")[0])
    expect("writers do", 200, asked("receive-pack", random.choice(["write", "bot"]))[0])


PROTOCOL = "git-scm.com/docs/http-protocol"
ROWS = facts(
    "git",
    (trees, f"{REST}git/trees#create-a-tree"),
    (people, f"{REST}git/commits#create-a-commit"),
    (blobs, f"{REST}git/blobs#get-a-blob"),
    (matching, f"{REST}git/refs#list-matching-references"),
    (forced, f"{REST}git/refs#update-a-reference"),
    (views, f"{REST}repos/contents#get-repository-content"),
    (history, f"{REST}commits/commits#list-commits"),
    (renamed, f"{REST}commits/commits#get-a-commit"),
    (media, f"{REST}commits/commits#get-a-commit"),
    (apart, f"{REST}commits/commits#compare-two-commits"),
    (origins, f"{REST}commits/commits#list-pull-requests-associated-with-a-commit"),
    (wire, PROTOCOL),
)
