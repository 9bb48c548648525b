"""Outside material: downloaded through npm or pip, checked against its hash, never committed.

python -m twins.contract.fetch [PACKAGE...]      all or some of it into .tools/contract
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "contract"
TIMEOUT_S = 300


class FetchFailed(Exception):
    """The material could not be had, or is not what it was."""


@dataclass(frozen=True, slots=True)
class Material:
    """One published package, and which of its files are of use."""

    registry: Literal["npm", "pypi"]
    name: str
    version: str
    sha256: str
    keep: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Return a name that changes whenever the content may."""
        return f"{self.name.strip('@').replace('/', '-')}-{self.version}"


OPENAPI = Material(
    "npm",
    "@octokit/openapi",
    "23.0.2",
    "71a18407dd5e8464f4e0525daf03deabbe65abd9287d6adc7b5d98f516cd0d0c",
    ("generated/api.github.com.json",),
)
WEBHOOKS = Material(
    "npm",
    "@octokit/openapi-webhooks",
    "12.1.0",
    "112b87c7dcda464640248dcf5965bcd69027c65bb45c26ae78fbf3f0d1eaa740",
    ("generated/api.github.com.json",),
)
FIXTURES = Material(
    "npm",
    "@octokit/fixtures",
    "23.1.2",
    "5a9b0221d7c18f593dc57b5f292e946e8cadfac2b0d4578b38d7e9bd63836c64",
    ("scenarios/",),
)
PYGITHUB = Material(
    "pypi",
    "PyGithub",
    "2.10.0",
    "90ff24ef1cd1bd57124c2a3869cafee9d7b066909129ecdaba2c2d1903bc118d",
    ("tests/ReplayData/",),
)
GRAPHQL = Material(
    "npm",
    "@octokit/graphql-schema",
    "15.26.1",
    "053e74249dafce2118fd9b7ae499b067d57c5f910c57745699ac45108bc68d1e",
    ("schema.graphql",),
)
EVERYTHING = (OPENAPI, WEBHOOKS, FIXTURES, PYGITHUB, GRAPHQL)
# Recordings that only the hold-out is measured with.
GITHUB3 = Material(
    "pypi",
    "github3.py",
    "4.0.1",
    "30d571076753efc389edc7f9aaef338a4fcb24b54d8968d5f39b1342f45ddd36",
    ("tests/cassettes/",),
)
OGR = Material(
    "pypi",
    "ogr",
    "0.61.1",
    "80a9354e3f056144b5cf1f11e70618da44bd034a48eaefd27636d320a1cee284",
    ("tests/integration/github/test_data/",),
)
HELD_OUT = (GITHUB3, OGR)


def ensure(material: Material, tools: Path = TOOLS) -> Path:
    """Return the folder that holds the material; fetch it when it is not there yet."""
    target = tools / material.folder
    stamp = target / ".sha256"
    if stamp.is_file() and stamp.read_text() == material.sha256:
        return target
    tools.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tools, prefix="new-") as place:
        new = Path(place) / "kept"
        _unpack(_download(material, Path(place)), material, new)
        (new / ".sha256").write_text(material.sha256)
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)
    return target


def _download(material: Material, place: Path) -> Path:
    pinned = f"{material.name}@{material.version}"
    if material.registry == "npm":
        # Without a network npm would wait for a minute before it says so.
        patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=500"]
        argv = ["npm", "pack", "--silent", *patience, "--fetch-retry-maxtimeout=1000", pinned]
    else:
        pinned = pinned.replace("@", "==")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-qq"]
        argv = [*pip, "--no-deps", "--no-binary", material.name, pinned]
    try:
        done = subprocess.run(
            argv, cwd=place, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchFailed(f"{pinned}: {error}") from error
    found = [path for path in place.iterdir() if path.name.endswith((".tgz", ".tar.gz"))]
    if done.returncode or len(found) != 1:
        raise FetchFailed(f"{pinned}: {done.stderr.strip()[-400:]}")
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
    if digest != material.sha256:
        raise FetchFailed(f"{pinned} is not what it was: sha256 {digest}")
    return found[0]


def _unpack(archive: Path, material: Material, target: Path) -> None:
    """Take the files worth keeping out of the archive's one top folder."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            content = tar.extractfile(member) if path.startswith(material.keep) else None
            if content is not None:
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                (target / path).write_bytes(content.read())


def main(wanted: Sequence[str]) -> int:
    """Fetch the packages named, or all; one line each."""
    for material in (*EVERYTHING, *HELD_OUT):
        if wanted and material.name not in wanted:
            continue
        try:
            sys.stdout.write(f"{material.name} {material.version}: {ensure(material)}\n")
        except FetchFailed as error:
            sys.stderr.write(f"fetch-failed: {error}\n")
            return 5
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
