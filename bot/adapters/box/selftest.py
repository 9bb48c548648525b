"""The proof of a box: attacks from inside one, and a look from outside at what got through."""

import asyncio
import hashlib
import inspect
import json
import os
import secrets
import shutil
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.adapters.box import fallback, probe, seccomp
from bot.adapters.box.argv import ENVIRONMENT, PRIVATE_FD
from bot.adapters.box.box import Box
from bot.adapters.box.client import CANARY
from bot.adapters.box.limits import MIB, OPEN_FILES, SHM_MB, Limits
from bot.adapters.box.process import BoxResult
from bot.errors import BoxUnavailable

LIMITS = Limits(
    wall_s=30.0,
    cpu_s=20,
    memory_mb=96,
    pids=32,
    file_mb=8,
    work_mb=16,
    work_inodes=1000,
    tmp_mb=8,
)
"""Small, so that reaching them is quick."""
NAMES = tuple(check.__name__ for check in probe.CHECKS)
_BEYOND = 16
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that an attack passed."""

    check: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Canaries:
    """Things on the host that nobody in a box may reach."""

    targets: Mapping[str, Any]
    tcp: socket.socket
    udp: socket.socket
    abstract: socket.socket
    path: socket.socket

    def visits(self) -> list[Finding]:
        """Say who was here, whatever the attacker says."""
        names = {"tcp": self.tcp, "abstract": self.abstract, "unix_path": self.path}
        seen = [name for name, sock in names.items() if _accepts(sock)]
        findings = [Finding(name, ("seen from outside",)) for name in seen]
        try:
            self.udp.recv(100)
        except BlockingIOError:
            return findings
        return [*findings, Finding("tcp", ("udp datagram",))]


@contextmanager
def canaries(folder: Path) -> Iterator[Canaries]:
    """Plant the canaries: files, sockets and listeners."""
    token = secrets.token_hex(16)
    folder.mkdir(mode=0o755, parents=True)
    sockets = [socket.socket(family, kind) for family, kind in _KINDS]
    tcp, udp, abstract, path = sockets
    try:
        for sock in (tcp, udp):
            sock.bind(("127.0.0.1", 0))
        abstract.bind(f"\0nightshift-{token}")
        with _short(folder) as short:
            path.bind(f"{short}/socket")
        (folder / "socket").chmod(0o777)
        for sock in (tcp, abstract, path):
            sock.listen(8)
        for sock in sockets:
            sock.settimeout(0)
        files = [folder / "open", folder / "closed"]
        for file, mode in zip(files, (0o644, 0o600), strict=True):
            file.write_text(token)
            file.chmod(mode)
        targets = {
            "nonce": secrets.token_hex(8),
            "token": token,
            "folder": str(folder),
            "files": [str(file) for file in files],
            "socket": str(folder / "socket"),
            "abstract": f"nightshift-{token}",
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "addresses": ["127.0.0.1"],
            "pid": os.getpid(),
            "variable": CANARY,
            "variables": [*ENVIRONMENT, "LD_LIBRARY_PATH"],
        }
        yield Canaries(targets, tcp, udp, abstract, path)
    finally:
        for sock in sockets:
            sock.close()
        shutil.rmtree(folder, ignore_errors=True)


_KINDS = (
    (socket.AF_INET, socket.SOCK_STREAM),
    (socket.AF_INET, socket.SOCK_DGRAM),
    (socket.AF_UNIX, socket.SOCK_STREAM),
    (socket.AF_UNIX, socket.SOCK_STREAM),
)


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Name a folder in few characters: a socket's path may have 107 at most."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _accepts(sock: socket.socket) -> bool:
    try:
        connection, _ = sock.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


async def attack(
    box: Box, facts: Mapping[str, Any], folder: Path, neighbour: Box | None = None
) -> list[Finding]:
    """Run the attacks in this box and return every check that did not hold, in order.

    A neighbour, leased at the same time, has to be another user: limits are counted per user.
    """
    with canaries(folder) as planted:
        targets = {**planted.targets, **bounds(facts), "channel": PRIVATE_FD}
        targets["places"] = dict(box.places)
        result, uid = await _run_probe(box, targets)
        findings = read_report(result, targets["nonce"]) + planted.visits()
    if uid in (None, 0) or uid != box.uid:
        findings.append(Finding("raw_root_uid", (f"runs as {uid}, not as {box.uid}",)))
    if neighbour is not None and await _user_of(neighbour) == uid:
        findings.append(Finding("limits", (f"two boxes at once run as {uid}",)))
    details: dict[str, tuple[str, ...]] = {}
    for finding in findings:
        details[finding.check] = (*details.get(finding.check, ()), *finding.details)
    return [Finding(name, details[name]) for name in NAMES if name in details]


def bounds(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a box with LIMITS may have at most, on this machine."""
    cgroups = facts["limits_by"] != "rlimits"
    bubblewrap = facts["built_by"] == "bubblewrap"
    rlimits = {
        "NPROC": facts["processes"],
        "NOFILE": OPEN_FILES,
        "FSIZE": LIMITS.file_mb * MIB,
        "CPU": LIMITS.cpu_s,
        "CORE": 0,
    }
    sizes = {"/dev/shm": SHM_MB * MIB} if bubblewrap else {}  # noqa: S108
    if facts["sized"] or bubblewrap:
        sizes["/tmp"] = LIMITS.tmp_mb * MIB  # noqa: S108
    if facts["sized"]:
        sizes["/work"] = LIMITS.work_mb * MIB
    return {
        "rlimits": rlimits if cgroups else {**rlimits, "DATA": LIMITS.memory_mb * MIB},
        "forks": LIMITS.pids + _BEYOND if cgroups else 0,
        "memory": LIMITS.memory_mb + _BEYOND,
        "sizes": sizes,
        "inodes": LIMITS.work_inodes if facts["sized"] else None,
        "numbers": seccomp.numbers(facts["machine"]) if facts["seccomp"] else {},
    }


async def _run_probe(box: Box, targets: Mapping[str, Any]) -> tuple[BoxResult, int | None]:
    """Run the probe, and learn from the kernel which user it is outside the box."""
    source = inspect.getsource(probe)
    process, channel = await box.start_raw(["python", "-I", "-S", "-c", source])
    with channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        identifying = asyncio.to_thread(_peer_uid, channel)
        _, uid, result = await asyncio.gather(
            process.feed(json.dumps(targets).encode()), identifying, process.wait()
        )
    return result, uid


async def _user_of(box: Box) -> int | None:
    """Learn from the kernel which user a box is."""
    answer = "import socket\nwith socket.socket(fileno=3) as s: s.recv(1); s.send(b'!')"
    process, channel = await box.start_raw(["python", "-I", "-S", "-c", answer])
    with channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        uid, _ = await asyncio.gather(asyncio.to_thread(_peer_uid, channel), process.wait())
    return uid


def _peer_uid(channel: socket.socket) -> int | None:
    """Return the uid, as seen from here, of whoever writes on the other end."""
    channel.settimeout(LIMITS.wall_s)
    try:
        channel.send(b"?")
        _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            uid: int = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[1]
            return uid
    return None


def read_report(result: BoxResult, nonce: str) -> list[Finding]:
    """Take the probe's answer; whatever is missing from it has not been proven."""
    try:
        report = json.loads(result.stdout)
    except ValueError:
        report = None
    if not isinstance(report, dict) or report.get("nonce") != nonce:
        raise did_not_start(result)
    findings = []
    for name in NAMES:
        finds = report.get(name)
        if not isinstance(finds, list):
            findings.append(Finding(name, ("not reported",)))
        elif finds:
            findings.append(Finding(name, tuple(str(find) for find in finds)))
    return findings


def did_not_start(result: BoxResult) -> BoxUnavailable:
    """Explain a box that could not be built, with the command that mends it."""
    lines = result.stderr.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else f"exit {result.exit_code}"
    return BoxUnavailable(
        f"the box does not start: {last[:300]}",
        means="Without it nothing an agent writes can be run.",
        remedy=f"{_mending(last)}; {fallback.MEND}",
    )


def _mending(complaint: str) -> str:
    for path, good, command in (
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "0",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "/proc/sys/kernel/unprivileged_userns_clone",
            "1",
            "sysctl -w kernel.unprivileged_userns_clone=1",
        ),
    ):
        file = Path(path)
        if file.exists() and file.read_text().strip() != good:
            return f"allow user namespaces: {command}"
    if "max_" in complaint:
        return "allow user namespaces: sysctl -w user.max_user_namespaces=10000"
    return "in a container, allow user namespaces and mounts (for Docker: --privileged)"


def digest(facts: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    """Stamp what was proven, about which box: goes into every verdict."""
    parts = {
        "bwrap": facts["bwrap"],
        "programs": facts["programs"],
        "template": facts["template"],
        "seccomp": facts["seccomp"],
        "built_by": facts["built_by"],
        "limits_by": facts["limits_by"],
        "missing": facts["missing"],
        "checks": {name: name not in {f.check for f in findings} for name in NAMES},
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def prove(
    box: Box, facts: Mapping[str, Any], scratch: Path, neighbour: Box | None = None
) -> str:
    """Return the digest of the proof; raises BoxUnavailable naming what an attack passed."""
    folder = scratch / f"selftest-{secrets.token_hex(4)}"
    findings = await attack(box, facts, folder, neighbour)
    if findings:
        details = "; ".join(f"{f.check} ({', '.join(f.details)})" for f in findings)
        raise BoxUnavailable(
            f"the box fails its self-test: {', '.join(f.check for f in findings)}",
            means=f"An attack from inside went through: {details[:1500]}",
            remedy="`nightshift doctor` shows the parts of the box on this machine",
        )
    return digest(facts, findings)
