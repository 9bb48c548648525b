"""Other people's programs, put below `.tools/clients` by their own installers, never system-wide.

Everything is pinned: npm by the lock file in `walks`, githubkit by a list of hashes, gh by
the signature of the machine's own Debian. A folder that is there is whole: it appears by renaming.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twins.contract.fetch import FetchFailed

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".tools" / "clients"
WALKS = Path(__file__).parent / "walks"
GITHUBKIT = ROOT / "requirements" / "githubkit.txt"
TIMEOUT_S = 300


def node_folder() -> Path:
    """Return a folder with the npm clients and our scripts for them."""
    lock = WALKS / "package-lock.json"

    def install(place: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(WALKS / name, place / name)
        _call(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], place)

    folder = _ensure("node", [lock.read_bytes()], install)
    for script in WALKS.glob("*.mjs"):
        shutil.copyfile(script, folder / script.name)
    return folder


def githubkit_folder() -> Path:
    """Return a folder to be put on the path of a Python that is to import githubkit."""

    def install(place: Path) -> None:
        argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        argv += ["--no-compile", "--require-hashes", "--target", str(place), "-r", str(GITHUBKIT)]
        _call(argv, place)

    return _ensure("githubkit", [GITHUBKIT.read_bytes(), sys.version.encode()], install)


def gh_program() -> str:
    """Return gh: the machine's own, or Debian's package unpacked privately."""
    found = shutil.which("gh")
    if found is not None:
        return found

    def install(place: Path) -> None:
        _call(["apt-get", "download", "gh"], place)
        [package] = place.glob("gh_*.deb")
        _call(["dpkg-deb", "-x", str(package), str(place)], place)
        package.unlink()

    return str(_ensure("gh", [], install) / "usr" / "bin" / "gh")


def _ensure(name: str, pins: Sequence[bytes], install: Callable[[Path], None]) -> Path:
    """Return a folder that holds what the pins say, installed on first use."""
    mark = hashlib.sha256(b"\0".join(pins)).hexdigest()[:12]
    target = HOME / f"{name}-{mark}"
    if target.is_dir():
        return target
    HOME.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=HOME, prefix=f"new-{name}-"))
    try:
        install(place)
        place.rename(target)
    except OSError:
        if not target.is_dir():  # else somebody else was quicker, with the same content
            raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return target


def _call(argv: Sequence[str], cwd: Path) -> None:
    try:
        done = subprocess.run(
            argv, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchFailed(f"{argv[0]}: {error}") from error
    if done.returncode:
        raise FetchFailed(f"{' '.join(argv[:3])}: {(done.stderr or done.stdout).strip()[-600:]}")


def clean_environment(folder: Path, **more: str) -> Mapping[str, str]:
    """Return an environment without anybody's settings, proxies or credentials."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    path = os.environ.get("PATH", os.defpath)
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1"}
    return {"PATH": path, "HOME": str(home), "NO_PROXY": "", **quiet, **more}
