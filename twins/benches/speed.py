"""`make bench-twin`: how quick the GitHub twin is, as ratios against a bare aiohttp server.

Everything is measured from outside, against real processes, in one run: start, reset, REST and
GraphQL answers over one kept connection, and a small `git push`. Timings depend on whatever else
the machine does, so the load and a bare server (for the push: a bare repository on disk, pushed to
by the same git) stand beside them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from twins.conformance.ground import TWIN, Plot, ground, process
from twins.conformance.misses import Miss
from twins.conformance.wire import Wire
from twins.contract.fetch import GRAPHQL, FetchFailed, ensure

BARE = ("twins.benches.bare",)
ISSUES = 30
TITLES = (
    "query($o:String!,$n:String!){repository(owner:$o,name:$n)"
    "{issues(first:30){nodes{number title state author{login}}}}}"
)
QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "PATH": os.environ["PATH"]}
PERSON = ("-c", "user.name=B", "-c", "user.email=b@example.com")


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run: medians in milliseconds, and what they are of the bare ones."""

    load: float
    """Of the machine, over the last minute, when it began."""
    start_ms: float
    start_ratio: float
    bare_ms: float
    """One answer of the bare server."""
    reset_ms: float
    reset_ratio: float
    rest_read_ms: float
    rest_read_ratio: float
    rest_write_ms: float
    rest_write_ratio: float
    rest_p99_ms: float
    graphql_ms: float
    """0 where the schema cannot be had."""
    graphql_ratio: float
    push_ms: float
    push_ratio: float
    """Against the same push into a folder."""
    rss_mb: float
    """Of the twin at the end."""


def measure(*, starts: int, calls: int, pushes: int) -> Measured:
    """Measure everything once."""
    load = os.getloadavg()[0]
    bare_start, start = (_median(starts, partial(_start, module)) for module in (BARE, TWIN))
    with process(BARE) as ready:
        wire = Wire(str(ready["url"]))
        bare = _median(calls, lambda: _sent(wire, "GET", "/"))
        wire.close()
    with ground() as one:
        plot = one.plot(Random(0))  # noqa: S311  # repeatable on purpose
        reads, writes = _rest(plot, calls)
        graphql = _graphql(plot, calls)
        push, local = _pushes(plot, pushes)
        rss = _rss_mb(_pid(one.url))
        reset = _median(starts, lambda: _reset(plot))
    read, write = statistics.median(reads), statistics.median(writes)
    p99 = statistics.quantiles([*reads, *writes], n=100)[98]
    return Measured(
        load=round(load, 2),
        start_ms=round(start, 1),
        start_ratio=round(start / bare_start, 2),
        bare_ms=round(bare, 3),
        reset_ms=round(reset, 2),
        reset_ratio=round(reset / bare, 2),
        rest_read_ms=round(read, 2),
        rest_read_ratio=round(read / bare, 2),
        rest_write_ms=round(write, 2),
        rest_write_ratio=round(write / bare, 2),
        rest_p99_ms=round(p99, 2),
        graphql_ms=round(graphql, 2),
        graphql_ratio=round(graphql / bare, 2),
        push_ms=round(push, 1),
        push_ratio=round(push / local, 2),
        rss_mb=round(rss, 1),
    )


def _ms(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - began)


def _median(times: int, timed: Callable[[], float]) -> float:
    timed()  # what is read for the first time is not what a call costs
    return statistics.median(timed() for _ in range(times))


def _start(module: Sequence[str]) -> float:
    began = time.perf_counter()
    with process(module):
        return 1000 * (time.perf_counter() - began)


def _sent(wire: Wire, method: str, target: str) -> float:
    return _ms(lambda: wire.send(method, target))


def _rest(plot: Plot, calls: int) -> tuple[list[float], list[float]]:
    """Time reads of a list, a thing and a repository, and writes of issues and comments."""
    for number in range(ISSUES):
        plot.ok("POST", "issues", {"title": f"n{number}"}, by="owner")
    targets = ("issues", "issues/1", "")
    reads = [_ms(partial(plot.ok, "GET", target)) for target in targets * (calls // 3)]
    writes = [
        _ms(lambda: plot.ok("POST", "issues/1/comments", {"body": "x"})) for _ in range(calls // 2)
    ]
    writes += [_ms(lambda: plot.ok("POST", "issues", {"title": "x"})) for _ in range(calls // 2)]
    plot.events()
    return reads, writes


def _graphql(plot: Plot, calls: int) -> float:
    try:
        ensure(GRAPHQL)
    except FetchFailed:
        return 0.0
    body = {"query": TITLES, "variables": {"o": plot.owner, "n": plot.name}}
    return _median(calls, lambda: _ms(lambda: plot.ok("POST", "/graphql", body)))


def _pushes(plot: Plot, times: int) -> tuple[float, float]:
    """Time small pushes to the twin and, turn by turn, to a bare repository beside it."""
    plot.ok("PUT", "contents/x.py", {"message": "Begin", "content": "eCA9IDEK"}, by="owner")
    token = plot.tokens["owner"]
    remote = plot.ground.url.replace("://", f"://x:{token}@") + f"/{plot.full_name}.git"
    with TemporaryDirectory(prefix="bench-twin-") as folder:
        work, beside = Path(folder) / "work", Path(folder) / "beside"
        _git(Path(folder), "clone", "-q", remote, str(work))
        _git(Path(folder), "clone", "-q", "--bare", str(work), str(beside))
        there, here = [], []
        for number in range(times + 1):
            (work / "x.py").write_text(f"x = {number + 2}\n", encoding="utf-8")
            _git(work, "commit", "-q", "-a", "-m", f"Step {number}")
            here.append(_ms(lambda: _git(work, "push", "-q", str(beside), "main")))
            there.append(_ms(lambda: _git(work, "push", "-q", "origin", "main")))
    plot.events()
    return statistics.median(there[1:]), statistics.median(here[1:])


def _git(where: Path, *argv: str) -> None:
    done = subprocess.run(
        ["git", *PERSON, *argv],
        cwd=where,
        env={**QUIET, "HOME": str(where)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise Miss(f"git {argv[0]}: {done.stderr.strip()[-300:]}")


def _reset(plot: Plot) -> float:
    """Time a reset of a twin with a repository and some issues in it."""
    one = plot.ground
    users = [{"login": "alice", "token": "alice-token"}]
    one.admin("POST", "seed", {"users": users, "repos": [{"full_name": "alice/x"}]})
    for number in range(5):
        title = {"title": f"n{number}"}
        one.call("POST", "/repos/alice/x/issues", title, token="alice-token")  # noqa: S106  # seeded
    return _ms(lambda: one.admin("POST", "reset"))


def _pid(url: str) -> int:
    """Return the process behind a URL: the only child of ours that serves a twin."""
    port = url.rpartition(":")[2]
    listening = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        if int(line.split()[1].rpartition(":")[2], 16) == int(port) and line.split()[3] == "0A"
    }
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            names = {os.readlink(one) for one in folder.iterdir()}  # noqa: PTH115  # no path at all
        except OSError:
            continue
        if any(f"socket:[{inode}]" in names for inode in listening):
            return int(folder.parent.name)
    raise Miss("the twin's process is not to be found")


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def told(found: Measured) -> str:
    """Say the figures in lines, with what is asked of them."""
    return "\n".join(
        (
            f"load {found.load}",
            f"bare answer      {found.bare_ms:9.2f} ms",
            f"start            {found.start_ms:9.1f} ms   x{found.start_ratio}   (< 1000)",
            f"reset            {found.reset_ms:9.2f} ms   x{found.reset_ratio}   (< 10)",
            f"REST, read       {found.rest_read_ms:9.2f} ms   x{found.rest_read_ratio}   (< 5)",
            f"REST, write      {found.rest_write_ms:9.2f} ms   x{found.rest_write_ratio}   (< 5)",
            f"REST, p99        {found.rest_p99_ms:9.2f} ms",
            f"GraphQL, 30 rows {found.graphql_ms:9.2f} ms   x{found.graphql_ratio}",
            f"push, small      {found.push_ms:9.1f} ms   x{found.push_ratio}   (< 200)",
            f"memory           {found.rss_mb:9.1f} MB",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-twin", description=__doc__)
    parser.add_argument("--starts", type=int, default=9, help="starts and resets (default: 9)")
    parser.add_argument("--calls", type=int, default=300, help="answers of each kind")
    parser.add_argument("--pushes", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    chosen = parser.parse_args(argv)
    found = measure(starts=chosen.starts, calls=chosen.calls, pushes=chosen.pushes)
    sys.stdout.write((json.dumps(asdict(found)) if chosen.json else told(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
