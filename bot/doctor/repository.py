"""One repository through the App: installed, permitted, prepared."""

from collections.abc import Callable

import github
from github.Repository import Repository

from bot.adapters.missionfile import parse_mission
from bot.doctor.app import Us, permission_part
from bot.doctor.landing import landing_part
from bot.doctor.part import Health, Part, broken
from bot.errors import Gone, MissionError, NightshiftError
from bot.install.files import MISSION
from bot.install.session import Session, told
from bot.policy.app import permissions
from bot.policy.labels import STEERING

Look = Callable[[], Part]


def looks(session: Session, us: Us, repo: str) -> list[Part]:
    """Look at one repository; what cannot be reached is told by name."""
    try:
        installation = session.installation(repo)
    except Gone:
        return [_not_there(session, us, repo)]
    raw = installation.raw_data
    where = str(raw.get("html_url") or us.settings)
    if raw.get("suspended_at"):
        return [_suspended(repo, where)]
    granted = raw.get("permissions", {})
    parts = [permission_part("installation", granted, f"accept it at {where}")]
    reading = {name: "read" for name in permissions(optional=True) if name in granted}
    with session.installed(installation.id, reading) as client, told(f"GET /repos/{repo}"):
        found = client.get_repo(repo)
        if found.archived:
            return [
                *parts,
                Part("repository", Health.BROKEN, f"{repo} is archived", "unarchive it"),
            ]
        if not found.has_issues:
            mend = f"switch them on at {found.html_url}/settings"
            parts.append(Part("issues", Health.BROKEN, f"switched off in {repo}", mend))
        looks: dict[str, Look] = {
            "mission": lambda: _mission(found),
            "labels": lambda: _labels(found),
            "landing": lambda: landing_part(found, us),
        }
        return parts + [_looked(name, look) for name, look in looks.items()]


def _not_there(session: Session, us: Us, repo: str) -> Part:
    """Tell apart: nowhere near, on the account but not for this repository, suspended."""
    owner = repo.partition("/")[0].casefold()
    _, rows = session.ask("GET", "/app/installations?per_page=100")
    for row in rows:
        if str((row.get("account") or {}).get("login", "")).casefold() == owner:
            where = str(row.get("html_url") or us.settings)
            if row.get("suspended_at"):
                return _suspended(repo, where)
            detail = f"{us.slug} is on the account, and not installed on {repo}"
            return Part("installation", Health.MISSING, detail, f"choose the repository at {where}")
    detail = f"{us.slug} is not installed on {repo}, or there is no such repository"
    return Part("installation", Health.MISSING, detail, f"install it: {us.settings}/installations")


def _suspended(repo: str, where: str) -> Part:
    return Part("installation", Health.BROKEN, f"suspended on {repo}", f"resume it at {where}")


def _looked(name: str, look: Look) -> Part:
    try:
        with told(name):
            return look()
    except NightshiftError as error:
        return broken(name, error)


def _mission(repo: Repository) -> Part:
    prepare = f"nightshift init {repo.full_name}"
    try:
        found = repo.get_contents(MISSION)
    except github.UnknownObjectException:
        detail = f"no {MISSION} on {repo.default_branch}: nothing starts"
        return Part("mission", Health.MISSING, detail, f"{prepare}; then merge its pull request")
    if isinstance(found, list):
        return Part("mission", Health.BROKEN, f"{MISSION} is a folder", "make it a file")
    try:
        mission = parse_mission(found.decoded_content.decode("utf-8", "replace"))
    except MissionError as error:
        return broken("mission", error, f"mend {MISSION} on {repo.default_branch}")
    return Part(
        "mission", Health.GOOD, f"autonomy {mission.autonomy}, {len(mission.checks)} checks"
    )


def _labels(repo: Repository) -> Part:
    there = {label.name.casefold() for label in repo.get_labels()}
    missing = [label.name for label in STEERING if label.name.casefold() not in there]
    if missing:
        detail = f"people cannot choose {', '.join(missing)}"
        return Part("labels", Health.WEAK, detail, f"nightshift init {repo.full_name}")
    return Part("labels", Health.GOOD, "all there")
