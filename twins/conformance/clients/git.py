"""git: clone, push, a refused push, a negotiation that gets compressed, a shallow clone."""

import subprocess
from pathlib import Path

from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import Miss, expect, expect_that

BRANCHES = 400
TIMEOUT_S = 120
WHO = "committer C <c@example.com> 1700000000 +0000"


def run(stage: ClientStage) -> None:
    """Move commits both ways as a writer; a reader cannot."""
    write, read = (_remote(stage, stage.plot.tokens[role]) for role in ("write", "read"))
    one, two = stage.folder / "one", stage.folder / "two"
    _git(stage.folder, "clone", "-q", write, str(one))
    _git(stage.folder, "clone", "-q", read, str(two))
    tip = _git(one, "rev-parse", "HEAD")
    branches = "".join(f"{_commit(f'b{n}')}from {tip}\n\n" for n in range(BRANCHES))
    _git(one, "fast-import", "--quiet", stdin=branches)
    _git(one, "push", "-q", "origin", "--all")
    expect_that("a reader pushes", not _ok(two, "push", "-q", "origin", "HEAD:refs/heads/x"))
    ours = _commit("ours") + f"from {tip}\n\n" + "".join(_commit("ours") for _ in range(BRANCHES))
    _git(two, "fast-import", "--quiet", stdin=ours)
    _git(two, "fetch", "-q", "origin")
    expect("fetched", BRANCHES, _git(two, "branch", "-r").count("origin/b"))
    _git(stage.folder, "clone", "-q", "--depth=1", "--filter=blob:none", read, "three")
    _git(one, "push", "-q", "origin", "--delete", "b0")
    last = stage.read(f"git/ref/heads/b{BRANCHES - 1}").json
    expect("one sha", _git(one, "rev-parse", f"b{BRANCHES - 1}"), last["object"]["sha"])
    expect("deleted", 404, stage.read("git/ref/heads/b0").status)


def _remote(stage: ClientStage, token: str) -> str:
    return stage.url.replace("://", f"://x-access-token:{token}@") + f"/{stage.plot.full_name}.git"


def _commit(branch: str) -> str:
    return f"commit refs/heads/{branch}\n{WHO}\ndata {len(branch)}\n{branch}\n"


def _run(path: Path, argv: tuple[str, ...], stdin: str = "") -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(path), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", *argv],
        cwd=path,
        env=env | {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def _ok(path: Path, *argv: str) -> bool:
    return _run(path, argv).returncode == 0


def _git(path: Path, *argv: str, stdin: str = "") -> str:
    done = _run(path, argv, stdin)
    if done.returncode:
        raise Miss(f"git {argv[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
