"""The command line of a box: pure functions from a plan to arguments.

Options travel on a descriptor, so that no path shows in the box's own `/proc/1/cmdline`. No flag
that quietly does less than asked is ever used: no `-try` form, no `--unshare-all` (it implies two
of them), no `--share-net` (it re-opens abstract sockets along with the network).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.adapters.box.limits import MIB, OPEN_FILES, SHM_MB, Limits

WORK = "/work"
PRIVATE_FD = 3
"""Where the private channel of a process is inside the box."""
LISTEN_FD = 4
"""Where an inherited listening socket is inside the box."""

PYTHON_PREFIX = "/opt/python"
_SHORTCUTS = "/opt/box/bin"
PATH = f"/env/bin:{_SHORTCUTS}:{PYTHON_PREFIX}/bin:/usr/local/bin:/usr/bin:/bin"

ENVIRONMENT: Mapping[str, str] = {
    "PATH": PATH,
    "HOME": "/tmp",  # noqa: S108  private to the box
    "TMPDIR": "/tmp",  # noqa: S108  private to the box
    "USER": "box",
    "LOGNAME": "box",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONPATH": "/work/src:/work:/env/site",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the three programs of the launch are."""

    setpriv: str
    prlimit: str
    bwrap: str


@dataclass(frozen=True, slots=True)
class Bind:
    """One read-only directory or file of the host, and where the box sees it."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class System:
    """What every box of this machine has in common."""

    binds: tuple[Bind, ...]
    symlinks: tuple[tuple[str, str], ...]
    """(target, link name)"""
    python: str
    """The interpreter, as the box sees it."""
    hidden: tuple[str, ...] = ()
    """Directories of the above that boxes see empty."""
    library_path: str = ""
    """For an interpreter whose shared library is found by an absolute path of the host only."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the box runs as; `switch` when the launcher is root and has to become that user."""

    uid: int
    gid: int
    switch: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about one command in one box."""

    tools: Tools
    system: System
    identity: Identity
    limits: Limits
    processes: int
    """The process limit of the whole user; above `limits.pids` when boxes share one user."""
    memory_by_rlimit: bool
    """No cgroup: bound each process's data segment instead."""
    work: str
    layers: tuple[Bind, ...]
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ceilings: Mapping[str, int] = field(default_factory=dict)
    """Limits already on us, by prlimit's names: nobody can go above them again."""
    tmp: str = ""
    shortcuts: str = ""
    """Directories of the fallback, which mounts nothing: in place of /tmp, and of `python`."""


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Numbers that the child inherits. None stands for a part that this machine cannot have."""

    options: int
    status: int
    seccomp: int | None
    files: Mapping[str, int]
    channels: frozenset[int] = frozenset()
    """What the command gets beside its three streams: PRIVATE_FD, LISTEN_FD, both or none."""


def outer(plan: Plan, fds: Descriptors) -> list[str]:
    """Return the whole command line: drop privileges, set limits, build the box, run."""
    return [
        *lowered(plan),
        plan.tools.bwrap,
        "--args",
        str(fds.options),
        "--",
        "/usr/bin/env",  # gives the shell's 126 and 127 for a command that cannot be run
        "--",
        *plan.argv,
    ]


def lowered(plan: Plan) -> list[str]:
    """Return the words in front of whatever builds the box: no privileges, and limits."""
    if plan.identity.uid == 0:
        raise ValueError("a box is never started as root")
    return [*_setpriv(plan), *_prlimit(plan)]


def _setpriv(plan: Plan) -> list[str]:
    who = plan.identity
    switch = [f"--reuid={who.uid}", f"--regid={who.gid}", "--clear-groups", "--bounding-set=-all"]
    return [
        plan.tools.setpriv,
        *(switch if who.switch else []),
        "--no-new-privs",
        "--inh-caps=-all",
        "--pdeathsig=KILL",
        "--",
    ]


def _prlimit(plan: Plan) -> list[str]:
    limits = plan.limits
    wanted = {
        "nproc": plan.processes,
        "nofile": OPEN_FILES,
        "fsize": limits.file_mb * MIB,
        "core": 0,
        "cpu": limits.cpu_s,
        **({"data": limits.memory_mb * MIB} if plan.memory_by_rlimit else {}),
    }
    bounded = {name: min(value, plan.ceilings.get(name, value)) for name, value in wanted.items()}
    return [plan.tools.prlimit, *(f"--{name}={bounded[name]}" for name in bounded), "--"]


def options(plan: Plan, fds: Descriptors) -> list[str]:
    """Return bubblewrap's options, in the order in which it carries them out."""
    return [
        "--unshare-user",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        *("--cap-drop", "ALL"),
        *("--hostname", "box"),
        *("--json-status-fd", str(fds.status)),
        *(("--seccomp", str(fds.seccomp)) if fds.seccomp is not None else ()),
        *_system(plan.system),
        *(word for path, fd in fds.files.items() for word in _file(fd, path)),
        *("--proc", "/proc"),
        *("--dev", "/dev"),
        *("--perms", "1777", "--size", str(SHM_MB * MIB), "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--remount-ro", "/dev"),
        *("--perms", "1777", "--size", str(plan.limits.tmp_mb * MIB), "--tmpfs", "/tmp"),  # noqa: S108
        *_flat("--ro-bind", ((layer.source, layer.target) for layer in plan.layers)),
        *("--bind", plan.work, WORK),
        *("--chdir", WORK),
        "--clearenv",
        *_flat("--setenv", environment(plan).items()),
        *("--remount-ro", "/"),
    ]


def _system(system: System) -> list[str]:
    return [
        *_flat("--ro-bind", ((bind.source, bind.target) for bind in system.binds)),
        *_flat("--symlink", system.symlinks),
        *("--symlink", system.python, f"{_SHORTCUTS}/python"),
        *("--symlink", system.python, f"{_SHORTCUTS}/python3"),
        *(word for path in system.hidden for word in ("--tmpfs", path, "--remount-ro", path)),
    ]


def _file(fd: int, path: str) -> list[str]:
    return ["--perms", "0644", "--file", str(fd), path]


def _flat(option: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [word for pair in pairs for word in (option, *pair)]


def environment(plan: Plan) -> dict[str, str]:
    """Return the variables of the command: the fixed ones, then the caller's."""
    fixed = dict(ENVIRONMENT)
    if plan.system.library_path:
        fixed["LD_LIBRARY_PATH"] = plan.system.library_path
    return fixed | dict(plan.env)


def etc_files(identity: Identity) -> dict[str, bytes]:
    """Return the few files of /etc that programs cannot do without."""
    uid, gid = identity.uid, identity.gid
    return {
        "/etc/passwd": f"box:x:{uid}:{gid}:box:/tmp:/bin/sh\n".encode(),
        "/etc/group": f"box:x:{gid}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost box\n::1 localhost\n",
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
    }
