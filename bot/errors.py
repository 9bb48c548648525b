"""Every way Nightshift can fail, drawn once.

    NightshiftError                      exit code   what a caller does
    ├── UsageError                           2       the person mends the input
    │   ├── RepositoryError                  2       not a repository, empty, dirty, no branch
    │   ├── MissionError                     2       mission.md cannot be read as one
    │   ├── ScenarioError                    2       a scenario file cannot be read as one
    │   └── SettingsError                    2       an environment variable is missing or wrong
    ├── EnvironmentProblem                   4       the person mends the machine
    │   ├── ToolMissing                      4       jj, git or bubblewrap
    │   ├── BoxUnavailable                   4       no isolation: nothing runs
    │   ├── PortInUse                        4
    │   ├── DiskFull                         4
    │   └── CredentialRefused                4       a key or token that its service turns down
    ├── Retryable                            5       one retry layer waits until `retry_at`
    │   ├── RateLimited                      5
    │   └── Unavailable                      5
    ├── Conflict                             6       the world moved: read again, decide again
    │   └── TakenOver                        6       somebody else's commit is on a branch of ours
    ├── Gone                                 6       the thing was deleted or hidden from us
    ├── Rejected                             7       the service says no for good
    │   └── Protected                    7       a rule of the repository stands against a push
    └── Tampered                             8       a signature or read-back is off: freeze

Expected endings (a red check, a failed gate, a dropped run) are values, never exceptions.
"""

import errno
from typing import ClassVar


class NightshiftError(Exception):
    """The root: what happened, what it usually means, what to do next."""

    exit_code: ClassVar[int] = 1
    slug: ClassVar[str] = "error"

    def __init__(self, what: str, *, means: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.means = means
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the whole message, one sentence per line."""
        lines = [f"{self.slug}: {self.what}"]
        if self.means:
            lines.append(f"  {self.means}")
        if self.remedy:
            lines.append(f"  next: {self.remedy}")
        return "\n".join(lines)


class UsageError(NightshiftError):
    """The input has to change."""

    exit_code = 2
    slug = "usage"


class RepositoryError(UsageError):
    """The repository cannot be taken in as it stands."""

    slug = "repository"


class MissionError(UsageError):
    """The mission file cannot be read."""

    slug = "mission"


class ScenarioError(UsageError):
    """A scenario file cannot be read. The message names the file and key, never the content."""

    slug = "scenario"


class SettingsError(UsageError):
    """A setting is missing or wrong."""

    slug = "settings"


class EnvironmentProblem(NightshiftError):
    """The machine has to change."""

    exit_code = 4
    slug = "environment"


class ToolMissing(EnvironmentProblem):
    """An outside program is absent or too old."""

    slug = "tool-missing"


class BoxUnavailable(EnvironmentProblem):
    """No isolation can be had, so nothing runs."""

    slug = "box"


class PortInUse(EnvironmentProblem):
    """Somebody else listens there."""

    slug = "port-in-use"


class DiskFull(EnvironmentProblem):
    """A write failed for want of space; what was committed before is intact."""

    slug = "disk-full"

    @classmethod
    def from_os(cls, error: OSError) -> "DiskFull | None":
        """Recognise a full disk or quota; None for every other failure."""
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            return None
        return cls(
            f"no space left: {error.filename or 'a file could not be written'}",
            means="what was committed before is intact",
            remedy="free some space and start again: it goes on where it stopped",
        )


class CredentialRefused(EnvironmentProblem):
    """A key or token was turned down by its service."""

    slug = "credential"


class Retryable(NightshiftError):
    """Later may work. `retry_at` is Unix seconds, or None for the caller's own back-off."""

    exit_code = 5
    slug = "retryable"

    def __init__(
        self, what: str, *, retry_at: float | None = None, means: str = "", remedy: str = ""
    ) -> None:
        super().__init__(what, means=means, remedy=remedy)
        self.retry_at = retry_at


class RateLimited(Retryable):
    """A service asked us to slow down."""

    slug = "rate-limited"


class Unavailable(Retryable):
    """A service is down, slow or unreachable."""

    slug = "unavailable"


class Conflict(NightshiftError):
    """The world moved under a write."""

    exit_code = 6
    slug = "conflict"


class TakenOver(Conflict):
    """A branch of ours holds a commit of somebody else: people win."""

    slug = "taken-over"


class Gone(NightshiftError):
    """The thing is deleted, transferred or no longer visible to us."""

    exit_code = 6
    slug = "gone"


class Rejected(NightshiftError):
    """A service refused for good; repeating the same call is useless."""

    exit_code = 7
    slug = "rejected"


class Protected(Rejected):
    """A rule of the repository keeps us from moving a branch, or from merging into it."""

    slug = "protected"


class Tampered(NightshiftError):
    """What was read back is not what was written or signed."""

    exit_code = 8
    slug = "tampered"
