"""What this machine offers a box: programs, system directories, the interpreter."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.box.argv import PYTHON_PREFIX, Bind, System, Tools
from bot.errors import BoxUnavailable

_SEARCH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_INSIDE = ("bash", "env", "find", "sort", "tar")
"""What trees are carried in and out with."""
_PACKAGES = {
    "bwrap": "bubblewrap",
    "bash": "bash",
    "env": "coreutils",
    "sort": "coreutils",
    "find": "findutils",
    "tar": "tar",
}
_SYSTEM_DIRS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
"""Read by the loader, and by commands such as awk; both only describe what is installed."""


@dataclass(frozen=True, slots=True)
class Host:
    """The parts of this machine that boxes are made of."""

    tools: Tools
    bwrap_version: str
    """Empty where it is not installed or too old: `no_bwrap` says which."""
    no_bwrap: BoxUnavailable | None
    system: System
    machine: str


def inspect() -> Host:
    """Look at the machine; raises BoxUnavailable with the mending command."""
    for name in _INSIDE:
        _find(name)
    bwrap, version, problem = "", "", None
    try:
        bwrap = _find("bwrap")
        version = _version(bwrap)
    except BoxUnavailable as error:
        problem = error
    return Host(
        tools=Tools(setpriv=_find("setpriv"), prlimit=_find("prlimit"), bwrap=bwrap),
        bwrap_version=version,
        no_bwrap=problem,
        system=_system(),
        machine=platform.machine(),
    )


def refuses_namespaces(tools: Tools, uid: int, *, switch: bool) -> str:
    """Let bubblewrap try its namespaces as that user; its complaint, empty when it may."""
    who = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if switch else []
    kinds = ("user", "pid", "net", "ipc", "uts", "cgroup")
    trial = ["--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", "--", "/usr/bin/true"]
    trial = [f"--unshare-{kind}" for kind in kinds] + trial
    words = [tools.setpriv, *who, "--no-new-privs", "--", tools.bwrap, *trial]
    answer = subprocess.run(
        words, env={}, cwd="/", capture_output=True, text=True, timeout=10, check=False
    )
    complaint = answer.stderr.strip() or f"exit {answer.returncode}"
    refused = answer.returncode != 0 and "execvp" not in complaint  # merged-usr or not: it began
    return complaint[-300:] if refused else ""


def _find(name: str) -> str:
    path = shutil.which(name, path=_SEARCH)
    if path is None:
        package = _PACKAGES.get(name, "util-linux")
        raise BoxUnavailable(
            f"{name} is not installed",
            means="Nothing an agent writes runs outside a box, and the box is built with it.",
            remedy=f"apt-get install -y {package}",
        )
    return path


def _version(bwrap: str) -> str:
    """Ask bubblewrap for its version; `--disable-userns` needs 0.8."""
    answer = subprocess.run(
        [bwrap, "--version"], env={}, capture_output=True, text=True, timeout=10, check=False
    )
    version = answer.stdout.strip().removeprefix("bubblewrap ")
    numbers = version.split(".")
    if len(numbers) < 2 or not all(part.isdigit() for part in numbers[:2]):  # noqa: PLR2004
        raise BoxUnavailable(f"{bwrap} does not say its version", remedy="reinstall bubblewrap")
    if (int(numbers[0]), int(numbers[1])) < (0, 8):
        raise BoxUnavailable(
            f"bubblewrap {version} is too old", remedy="install bubblewrap 0.8 or newer"
        )
    return version


def _system() -> System:
    binds = [Bind("/usr", "/usr")]
    symlinks = []
    for path in _SYSTEM_DIRS:
        if os.path.islink(path):  # noqa: PTH114  plain strings go into an argv
            symlinks.append((os.readlink(path), path))  # noqa: PTH115
        elif os.path.isdir(path):  # noqa: PTH112
            binds.append(Bind(path, path))
    binds += [Bind(path, path) for path in _SYSTEM_FILES if Path(path).exists()]
    prefix = Path(sys.base_prefix).resolve()
    python = _interpreter(prefix)
    moved = not prefix.is_relative_to("/usr")
    if moved:
        binds.append(Bind(str(prefix), PYTHON_PREFIX))
    shared = bool(sysconfig.get_config_var("Py_ENABLE_SHARED"))

    def inside(path: Path) -> str:
        return f"{PYTHON_PREFIX}/{path.relative_to(prefix)}" if moved else str(path)

    return System(
        binds=tuple(binds),
        symlinks=tuple(symlinks),
        python=inside(python),
        hidden=tuple(inside(path) for path in _packages(prefix)),
        library_path=f"{PYTHON_PREFIX}/lib" if moved and shared else "",
    )


def _packages(prefix: Path) -> list[Path]:
    """Find where the interpreter keeps packages: a product gets those it asks for, no others."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [prefix / "lib" / version / "site-packages", prefix / "lib/python3/dist-packages"]
    places += [prefix / "lib" / version / "dist-packages"]
    places += [prefix / "local/lib" / version / "dist-packages"]
    places += [prefix / "local/lib" / version / "site-packages"]
    return [place for place in places if place.is_dir() and not place.is_symlink()]


def _interpreter(prefix: Path) -> Path:
    """Find the real binary of the interpreter Nightshift itself runs on."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = (prefix / "bin" / name).resolve()
    if path.is_relative_to(prefix) and path.is_file():
        return path
    raise BoxUnavailable(
        f"no interpreter at {prefix / 'bin' / name}",
        means="The box runs the same Python as Nightshift and could not find it.",
        remedy="run Nightshift with a complete Python installation",
    )
