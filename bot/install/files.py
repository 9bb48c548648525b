"""What `nightshift init` brings into a repository: never a workflow, never over what is there."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.install.draft import draft_mission

MISSION = "mission.md"
_FORMS = Path(__file__).parent / "forms"
_FOLDER = ".github/ISSUE_TEMPLATE"
Tree = Mapping[str, bytes]


def forms() -> dict[str, str]:
    """Return the issue forms. They set no label: whoever files an issue would set it too."""
    return {
        f"{_FOLDER}/nightshift-{path.stem}.yml": path.read_text(encoding="utf-8")
        for path in sorted(_FORMS.glob("*.yaml"))
    }


def missing(paths: frozenset[str], read: Callable[[], Tree], description: str) -> dict[str, str]:
    """Return what is not there yet; the repository is read only when a mission has to be drafted.

    An owner who has deleted or renamed a form on purpose keeps it that way by keeping any other.
    """
    new = {} if MISSION in paths else {MISSION: draft_mission(read(), description)}
    if not any(path.startswith(f"{_FOLDER}/nightshift-") for path in paths):
        new |= forms()
    return new
