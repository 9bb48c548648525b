"""Whether the App may land directly: rulesets and classic protection of the default branch."""

from typing import Any

import github
from github.Repository import Repository

from bot.doctor.app import Us
from bot.doctor.part import Health, Part
from bot.policy.rules import Rule, Way, landing
from bot.policy.texts import CHECK_NAME

_BYPASSED = {"always", "exempt"}
_HIDDEN, _NONE = 403, 404
_SWITCHES = {
    "required_signatures": "required_signatures",
    "required_linear_history": "required_linear_history",
    "lock_branch": "lock_branch",
}


def landing_part(repo: Repository, us: Us) -> Part:
    """Say which way is open, and why no better one is."""
    rules = _of_rulesets(repo)
    classic, hidden = _classic(repo, us)
    found = landing([*rules, *classic], CHECK_NAME)
    said = [*found.because, *(f"waits for {one}" for one in found.waits)]
    said += [f"a push may be refused by {one}" for one in found.doubts]
    bypass = f"let the App {us.slug} bypass it: {repo.html_url}/settings/rules"
    match found.way:
        case Way.CLOSED:
            return Part("landing", Health.BROKEN, f"no way to land: {'; '.join(said)}", bypass)
        case Way.MERGE:
            detail = f"through PUT /merge, as directly is not allowed: {'; '.join(said)}"
            return Part("landing", Health.WEAK, detail, f"to land directly, {bypass}")
        case Way.DIRECT:
            detail = "; ".join(["direct: a fast-forward of exactly the proven commit", *said])
            if hidden:
                remedy = "grant `administration: read` to the App, or let it push there"
                return Part("landing", Health.WEAK, f"{detail}; {hidden}", remedy)
            health = Health.WEAK if found.doubts else Health.GOOD
            return Part("landing", health, detail, bypass if found.doubts else "")


def _of_rulesets(repo: Repository) -> list[Rule]:
    """Return the rules that hold for us on the default branch."""
    try:
        rows = _get(repo, f"/rules/branches/{repo.default_branch}")
    except github.GithubException as error:
        if error.status != _NONE:  # an Enterprise Server from before there were rulesets
            raise
        return []
    bypassed: dict[int, bool] = {}
    found = []
    for row in rows:
        number = int(row.get("ruleset_id") or 0)
        if number not in bypassed:
            bypassed[number] = _bypassed(repo, number)
        if not bypassed[number]:
            found.append(_rule(row, f"ruleset {number}"))
    return found


def _bypassed(repo: Repository, number: int) -> bool:
    """Whether GitHub lets the asking App through a ruleset; one that is hidden does not."""
    try:
        ruleset = _get(repo, f"/rulesets/{number}")
    except github.GithubException as error:
        if error.status not in {_HIDDEN, _NONE}:
            raise
        return False
    return ruleset.get("current_user_can_bypass") in _BYPASSED


def _rule(row: dict[str, Any], source: str) -> Rule:
    about = row.get("parameters") or {}
    contexts = [one.get("context") for one in about.get("required_status_checks") or []]
    return Rule(
        str(row["type"]),
        source,
        reviews=int(about.get("required_approving_review_count") or 0),
        checks=tuple(str(context) for context in contexts),
    )


def _classic(repo: Repository, us: Us) -> tuple[list[Rule], str]:
    """Return the rules of classic protection, and what could not be seen of it."""
    branch = repo.default_branch
    if not repo.get_branch(branch).protected:
        return [], ""
    try:
        found = _get(repo, f"/branches/{branch}/protection")
    except github.GithubException as error:
        if error.status == _NONE:  # protected by rulesets alone
            return [], ""
        if error.status != _HIDDEN:
            raise
        return [], f"classic protection of {branch} is there and cannot be read"
    source = f"protection of {branch}"
    rules = [
        Rule(kind, source)
        for name, kind in _SWITCHES.items()
        if (found.get(name) or {}).get("enabled")
    ]
    if (people := found.get("restrictions")) and not _named(people, us):
        rules.append(Rule("update", source))
    reviews = found.get("required_pull_request_reviews")
    if reviews and not _named(reviews.get("bypass_pull_request_allowances") or {}, us):
        count = int(reviews.get("required_approving_review_count") or 0)
        rules.append(Rule("pull_request", source, reviews=count))
    if checks := found.get("required_status_checks"):
        contexts = tuple(str(context) for context in checks.get("contexts") or [])
        rules.append(Rule("required_status_checks", source, checks=contexts))
    return rules, ""


def _named(allowed: dict[str, Any], us: Us) -> bool:
    """Whether the App stands in a list of who may."""
    return us.slug in {app.get("slug") for app in allowed.get("apps") or []}


def _get(repo: Repository, path: str) -> Any:  # noqa: ANN401  JSON has no narrower type
    return repo.requester.requestJsonAndCheck("GET", f"{repo.url}{path}")[1]
