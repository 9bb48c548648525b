"""jj's official static build from its GitHub releases, checked against the published digest."""

import hashlib
import http.client
import io
import json
import platform
import tarfile
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.errors import EnvironmentProblem

LATEST = "https://api.github.com/repos/jj-vcs/jj/releases/latest"
_MEGABYTE = 1 << 20
T = TypeVar("T")


def fetch(room: Path, latest: str = LATEST, machine: str | None = None) -> str:
    """Put `jj` into `room`; return where it came from."""
    listing = within(5, lambda: _get(latest, 4 * _MEGABYTE))
    wanted = f"{machine or platform.machine()}-unknown-linux-musl.tar.gz"
    url, sha256 = pick(listing, wanted)
    data = within(120, lambda: _get(url, 100 * _MEGABYTE))
    seen = hashlib.sha256(data).hexdigest()
    if seen != sha256:
        raise EnvironmentProblem(f"{url} has digest {seen}, published is {sha256}")
    _unpack(data, room / "jj")
    return url


def pick(listing: bytes, wanted: str) -> tuple[str, str]:
    """Find the asset for this machine and its published SHA-256."""
    try:
        assets = json.loads(listing)["assets"]
        for asset in assets:
            kind, _, digest = str(asset.get("digest") or "").partition(":")
            if str(asset["name"]).endswith(wanted) and kind == "sha256":
                return str(asset["browser_download_url"]), digest
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise EnvironmentProblem("the release listing is not what GitHub documents") from problem
    raise EnvironmentProblem(f"the latest release has no {wanted} with a published digest")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Bound network work in time as a whole: name resolution honours no socket timeout."""
    done: list[T] = []
    failed: list[EnvironmentProblem] = []

    def body() -> None:
        try:
            done.append(work())
        except EnvironmentProblem as problem:
            failed.append(problem)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise EnvironmentProblem(f"no answer within {seconds:.0f} s")
    return done[0]


def _get(url: str, limit: int) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "nightshift-setup"})  # noqa: S310  https constant, or what its listing names
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310  same
            data: bytes = reply.read(limit + 1)
    except urllib.error.HTTPError as problem:
        problem.close()
        raise EnvironmentProblem(f"{url}: HTTP {problem.code}") from None
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise EnvironmentProblem(f"{url}: {str(problem).strip('<>')}") from problem
    if len(data) > limit:
        raise EnvironmentProblem(f"{url} is larger than {limit} bytes")
    return data


def _unpack(data: bytes, target: Path) -> None:
    """Take the one file that we want out of the archive, by name, never by path."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                if member.isfile() and member.name.rsplit("/", 1)[-1] == "jj":
                    content = archive.extractfile(member)
                    target.write_bytes(content.read() if content else b"")
                    target.chmod(0o755)
                    return
    except (tarfile.TarError, EOFError, OSError, zlib.error) as problem:
        raise EnvironmentProblem(f"the release archive cannot be read: {problem}") from problem
    raise EnvironmentProblem("the release archive holds no jj")
