"""`trigger: all`: issues that nobody labelled are taken in, a few a day from each author.

The trigger label is then set by us, so that everybody sees what happens and can take it off.
"""

from bot.adapters.missionfile import parse_mission
from bot.domain.issue import Issue
from bot.domain.mission import Mission
from bot.errors import Gone, MissionError
from bot.flows.server import Server
from bot.policy.control import TRIGGER, admissible

_DAY_S = 86_400.0


async def mission_of(server: Server, repo: str) -> Mission | None:
    """Read the mission of the default branch; None when there is none that can be read."""
    try:
        raw = await server.forge.file(repo, "mission.md")
        return parse_mission(raw.decode("utf-8", "replace"))
    except (Gone, MissionError):
        return None


async def unasked(server: Server, issue: Issue) -> bool:
    """Whether the mission takes in this issue although nobody has set the label."""
    if not admissible(issue):
        return False
    mission = await mission_of(server, issue.repo)
    if mission is None or not mission.takes_all:
        return False
    history = await server.forge.labellings(issue.repo, issue.number)
    # A label that is off again was taken off by somebody: that was a no.
    return not any(one.label.casefold() == TRIGGER for one in history)


async def admit(server: Server, issue: Issue) -> bool:
    """Set the trigger label unless the author's share of the day is used up."""
    mission = await mission_of(server, issue.repo)
    begun = await server.store.begun_by(issue.repo, issue.author_id, _DAY_S)
    if mission is None or begun >= mission.limits.per_author or await server.store.paused():
        return False
    await server.forge.add_labels(issue.repo, issue.number, TRIGGER)
    return True
