"""The parts that make tier A: what each is called, what its absence means, what mends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of tier A that a machine or an installation may lack."""

    name: str
    means: str
    """What its absence means."""
    mend: str
    """The command, or the step, that brings it."""


USER_PER_BOX = "a user of its own for each box"
CGROUPS = "cgroup limits"
SIZED = "a sized work directory"
FILTER = "a system-call filter"
NAMESPACES = "user namespaces"
SOCKETS = "sockets inside the box"
PROC = "/proc inside the box"
FRESH_TMP = "a fresh /tmp for each command"
ROLE_USER = "a role that is not root"
OWN_POOL = "box users apart from the other role's"

_ALLOW = (
    "sysctl -w user.max_user_namespaces=10000 (in Docker: --privileged, or a seccomp profile"
    " that allows them), then `make setup` for bubblewrap"
)
_ALL = (
    Part(
        USER_PER_BOX,
        "all boxes run as one user: mount namespaces alone stand between them",
        "sudo nightshift up",
    ),
    Part(
        CGROUPS,
        "memory and processes are bounded one by one, not as a whole",
        "mount cgroup v2 and let this service own its subtree (systemd: Delegate=yes), or run as"
        " root: sudo nightshift up",
    ),
    Part(
        SIZED,
        "a command can fill the disk below the scratch directory",
        "let the launcher mount: sudo nightshift up (in Docker: --cap-add SYS_ADMIN)",
    ),
    Part(
        FILTER,
        "namespaces alone refuse dangerous system calls",
        "use a machine with an x86-64 or 64-bit ARM processor",
    ),
    Part(
        NAMESPACES,
        "bubblewrap cannot build boxes, and sandlock, a younger program, does it instead",
        _ALLOW,
    ),
    Part(
        SOCKETS,
        "no socket can be opened in a box, so no scenario of kind http can be run",
        _ALLOW,
    ),
    Part(PROC, "programs that read /proc do not work in a box", _ALLOW),
    Part(FRESH_TMP, "what one command leaves in /tmp is there for the next of its box", _ALLOW),
    Part(
        ROLE_USER,
        "this role runs as root itself: whoever takes it over has the machine",
        "let `sudo nightshift up` start the roles: it gives each a user of its own",
    ),
    Part(
        OWN_POOL,
        "a coder's box and a product's box under judgement may run as one user",
        "set NIGHTSHIFT_BOX_UID and NIGHTSHIFT_PEER_BOX_UID to ranges that do not overlap",
    ),
)
PARTS = {part.name: part for part in _ALL}
