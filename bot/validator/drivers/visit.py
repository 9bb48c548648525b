"""One visit to a product: a fresh box, the files of the scenario, its steps, what was left."""

import io
import re
import shlex
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.adapters.box import Box, Layer, Limits
from bot.domain.mission import Product
from bot.validator.observation import Ended
from bot.validator.scenario import Kind, Scenario
from bot.validator.template import fill_text

LIMITS = Limits(
    wall_s=30, cpu_s=60, memory_mb=512, pids=64, work_mb=128, work_inodes=20_000, tmp_mb=32
)
"""Of every box here: the same for base and head, whatever the mission asks for itself."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is run, without anything of a scenario: a tree, its dependencies, its commands."""

    tree: bytes
    layers: tuple[Layer, ...]
    product: Product

    def command(self, kind: Kind) -> list[str]:
        """Return how the product is reached for a kind; empty when the mission offers none."""
        match kind:
            case Kind.CLI | Kind.FILE:
                return shlex.split(self.product.cli)
            case Kind.LIB:
                return [self.product.lib] if self.product.lib else []
            case Kind.HTTP:
                return shlex.split(self.product.http)


@dataclass(frozen=True, slots=True)
class Visit:
    """One execution of a scenario with its own generated values."""

    scenario: Scenario
    names: Mapping[str, Any]
    box: Box
    command: Sequence[str]
    deadline: float

    @property
    def left(self) -> float:
        """Seconds that remain for all further steps together; never zero, which is forbidden."""
        return max(0.05, self.deadline - time.monotonic())

    @property
    def limits(self) -> Limits:
        """The bounds of the next step."""
        left = self.left
        return replace(LIMITS, wall_s=left, cpu_s=int(left) + 1)

    @property
    def env(self) -> dict[str, str]:
        """What the scenario sets for every process of the product."""
        setup = self.scenario.setup
        env = {key: fill_text(value, self.names) for key, value in setup.env.items()}
        if setup.clock:
            moment = datetime.fromisoformat(setup.clock)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            env["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
        return env

    async def write(self, files: Mapping[str, str]) -> None:
        """Put files beside the product."""
        if files:
            await self.box.put(pack(filled(files, self.names)), limits=self.limits)


def filled(files: Mapping[str, str], names: Mapping[str, Any]) -> dict[str, bytes]:
    """Fill in paths and texts."""
    return {fill_text(path, names): fill_text(text, names).encode() for path, text in files.items()}


def pack(files: Mapping[str, bytes]) -> bytes:
    """Make a tar of plain files that says nothing about where it comes from."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def joined(tree: bytes, files: Mapping[str, bytes]) -> bytes:
    """Append files to the tar of a tree, so that one unpacking brings both."""
    if not files:
        return tree
    with tarfile.open(fileobj=io.BytesIO(tree), mode="r:") as archive:
        archive.getmembers()
        end: int = archive.offset
    return tree[:end] + pack(files)


def ended(exit_code: int | None, stderr: bytes, *, timed_out: bool, truncated: bool) -> Ended:
    """Say how a program came to its end."""
    if timed_out:
        return Ended.TIMED_OUT
    if exit_code is None:
        return Ended.CRASHED
    if truncated:
        return Ended.FLOODED
    if exit_code in {126, 127}:
        return Ended.ABSENT
    if exit_code < 0 or exit_code > 128 or _uncaught(exit_code, stderr):  # noqa: PLR2004
        return Ended.CRASHED
    return Ended.NORMALLY


_LAST_WORDS = re.compile(
    rb"Traceback \(most recent call last\):|: No module named |^Node\.js v\d+\.\d+\.\d+$",
    re.MULTILINE,
)
"""Of Python and of Node, before they exit with 1."""


def _uncaught(exit_code: int, stderr: bytes) -> bool:
    """Whether a program died of an exception that nobody caught."""
    return exit_code == 1 and _LAST_WORDS.search(stderr) is not None


def decoded(data: bytes) -> str | None:
    """Decode strictly; anything else than UTF-8 is not a text that a check could read."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
