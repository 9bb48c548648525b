"""mission.md: read one strictly, or suggest a modest one for a repository that has none."""

from bot.adapters.missionfile.parse import parse_mission
from bot.adapters.missionfile.project import Project, read_project
from bot.adapters.missionfile.suggest import suggest_mission

__all__ = ["Project", "parse_mission", "read_project", "suggest_mission"]
