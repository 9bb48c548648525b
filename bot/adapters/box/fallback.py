"""The fallback where user namespaces are refused: the same boxes, built by sandlock, in tier B.

Landlock and seccomp need no namespace, so they work where bubblewrap cannot. What they do not give
is named in `MISSING`, and what is missing is missing safely: no socket can be opened at all, since
the network is the host's own, and /proc is closed, since it would show the host's processes. It
takes a launcher that is root, for Landlock does not stop a process from changing the mode of a file
that its user owns: only a user that owns nothing else cannot do harm with that.

Nothing is mounted, so /work and its like are other directories here. `translate` puts their real
names where a whole word, or an entry of a path list, names one.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.box import argv as box_argv
from bot.adapters.box import parts
from bot.adapters.box.argv import LISTEN_FD, PRIVATE_FD, WORK, Descriptors, Plan, System

MISSING = (parts.NAMESPACES, parts.SOCKETS, parts.PROC, parts.FRESH_TMP)
"""What tier A has and this has not: it takes the http driver away, not the walls."""
NO_LISTENING = (
    "this box is built by sandlock and cannot serve a socket: products of kind http need user"
    f" namespaces; {parts.PARTS[parts.NAMESPACES].mend}"
)
WHY_NOT = "The fallback, sandlock, needs root, its package and an x86-64 or 64-bit ARM processor."
MEND = (
    "or, as root, have the fallback: .venv/bin/pip install --require-hashes"
    " -r requirements/sandlock.txt"
)
THREADS = 24
"""Of sandlock itself, beside the command: they count against the same user."""

_BOXED = Path(__file__).with_name("boxed")
_DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sandlock:
    """The package, and our two programs around it."""

    package: Path
    keeper: str
    entry: str


def find() -> Sandlock | None:
    """Find the package without loading it: a root process never does."""
    try:
        spec = importlib.util.find_spec("sandlock")
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Sandlock(
        package=Path(next(iter(spec.submodule_search_locations))).resolve(),
        keeper=(_BOXED / "keeper.py").read_text(encoding="utf-8"),
        entry=(_BOXED / "entry.py").read_text(encoding="utf-8"),
    )


def places(plan: Plan) -> dict[str, str]:
    """Say where the directories of the box really are, longest name first."""
    found = {layer.target: layer.source for layer in plan.layers}
    found |= {bind.target: bind.source for bind in plan.system.binds if bind.source != bind.target}
    found |= {WORK: plan.work, "/tmp": plan.tmp, "/opt/box/bin": plan.shortcuts}  # noqa: S108
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def translate(text: str, where: Mapping[str, str]) -> str:
    """Put real directories in place of the box's own, in a word or a path list."""
    return ":".join(_translated(entry, where) for entry in text.split(":"))


def _translated(entry: str, where: Mapping[str, str]) -> str:
    for place, real in where.items():
        if entry == place or entry.startswith(f"{place}/"):
            return real + entry[len(place) :]
    return entry


def outer(sandlock: Sandlock, plan: Plan, fds: Descriptors) -> list[str]:
    """Return the command line: drop privileges, set limits, and let the keeper build the box."""
    return [
        *box_argv.lowered(plan),
        _python(plan),
        "-I",
        "-S",
        "-c",
        sandlock.keeper,
        str(fds.options),
        str(fds.status),
    ]


def options(sandlock: Sandlock, plan: Plan, fds: Descriptors) -> list[str]:
    """Return the keeper's instructions, as one word."""
    where = places(plan)
    argv = [translate(word, where) for word in plan.argv]
    inside = [_python(plan), "-I", "-S", "-c", sandlock.entry, "/usr/bin/env", "--", *argv]
    told = {
        "library": str(sandlock.package.parent),
        "seccomp": fds.seccomp,
        "descriptors": [0, 1, 2, *(n for n in (PRIVATE_FD, LISTEN_FD) if n in fds.channels)],
        "argv": inside,
        "policy": policy(plan, where),
    }
    return [json.dumps(told)]


def policy(plan: Plan, where: Mapping[str, str]) -> dict[str, object]:
    """Return sandlock's settings: what is not named is refused, and nothing may degrade."""
    readable = [bind.source for bind in plan.system.binds]
    readable += [name for _, name in plan.system.symlinks]
    readable += [layer.source for layer in plan.layers]
    env = box_argv.environment(plan)
    return {
        "fs_readable": [*readable, plan.shortcuts, *_DEVICES],
        "fs_writable": [plan.work, plan.tmp, "/dev/null"],
        "fs_denied": [translate(path, where) for path in plan.system.hidden],
        "cwd": plan.work,
        "clean_env": True,
        "env": {name: translate(value, where) for name, value in env.items()},
        "no_coredump": True,
        "name": "box",
        **({"max_memory": plan.limits.memory_mb * _MIB} if plan.memory_by_rlimit else {}),
    }


def _python(plan: Plan) -> str:
    return translate(plan.system.python, places(plan))


def make_shortcuts(plan: Plan) -> None:
    """Give the interpreter of the box its usual names."""
    for name in ("python", "python3"):
        Path(plan.shortcuts, name).symlink_to(_python(plan))


def environ(system: System) -> dict[str, str]:
    """Return the keeper's own variables: only what its interpreter cannot start without."""
    where = {bind.target: bind.source for bind in system.binds}
    path = translate(system.library_path, where)
    needed = {"HOME": "/nonexistent"}  # sandlock's import asks for one; a slot's user has none
    return needed | ({"LD_LIBRARY_PATH": path} if path else {})
