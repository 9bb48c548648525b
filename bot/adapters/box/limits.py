"""How much of the machine one command in a box may use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

MIB = 1024 * 1024
OPEN_FILES = 512
SHM_MB = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one command. Zero means forbidden, so zero is refused, never unlimited."""

    wall_s: float = 60.0
    cpu_s: int = 60
    memory_mb: int = 1024
    """Counts everything: processes, and what they keep in /work, /tmp and /dev/shm."""
    pids: int = 128
    file_mb: int = 64
    """The largest single file."""
    work_mb: int = 512
    work_inodes: int = 200_000
    output_bytes: int = 65_536
    """Kept of each captured stream: its head and its tail."""
    tmp_mb: int = 64

    @classmethod
    def checked(cls, values: Mapping[str, object]) -> Self:
        """Build limits from untrusted JSON; raises ValueError on anything out of bounds."""
        known = {field.name for field in fields(cls)}
        if set(values) != known:
            raise ValueError("limits: wrong set of names")
        for name, value in values.items():
            kinds = (int, float) if name == "wall_s" else (int,)
            if type(value) not in kinds or not 0 < value <= _CEILINGS[name]:  # type: ignore[operator]
                raise ValueError(f"limits: {name} is no number within bounds")
        return cls(**values)  # type: ignore[arg-type]  # every value was checked above

    def plain(self) -> dict[str, float]:
        """Return the limits as JSON values."""
        return asdict(self)


_CEILINGS: Mapping[str, float] = {
    "wall_s": 6 * 3600.0,
    "cpu_s": 6 * 3600,
    "memory_mb": 65_536,
    "pids": 4096,
    "file_mb": 8192,
    "work_mb": 16_384,
    "work_inodes": 4_000_000,
    "output_bytes": 1 << 30,
    "tmp_mb": 8192,
}
