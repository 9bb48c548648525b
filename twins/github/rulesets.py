"""Rulesets of a repository over REST."""

from twins.github.access import accepts
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.branches import ruleset_body, ruleset_brief
from twins.github.body import Body, JsonObject
from twins.github.governance import Ruleset
from twins.github.guard import bypasses
from twins.github.problem import Problem, not_found
from twins.github.state import Repository

RULESETS = "/repos/{owner}/{repo}/rulesets"
TARGETS = ("branch", "tag", "push")
ENFORCEMENTS = ("disabled", "active", "evaluate")
TYPES = (
    "creation",
    "update",
    "deletion",
    "required_linear_history",
    "required_signatures",
    "pull_request",
    "required_status_checks",
    "non_fast_forward",
)


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", RULESETS, list_rulesets),
        Operation("POST", RULESETS, create),
        Operation("GET", RULESETS + "/{number}", get),
        Operation("PUT", RULESETS + "/{number}", update),
        Operation("DELETE", RULESETS + "/{number}", delete),
    ]


def list_rulesets(call: Call) -> Reply:
    """List the rulesets, without their rules."""
    repo = call.repo()
    found = call.page(list(repo.rulesets.values()))
    return Reply(body=[ruleset_brief(call.links, repo, one) for one in found])


def _body(call: Call, repo: Repository, one: Ruleset) -> JsonObject:
    """Return a ruleset as it is for who asks."""
    writes = accepts(call.actor, repo, "administration", "write")
    past = bypasses(one, repo, call.actor)
    return ruleset_body(call.links, repo, one, bypasses=past, writes=writes)


def _one(call: Call, repo: Repository) -> Ruleset:
    found = repo.rulesets.get(call.number())
    if found is None:
        raise not_found()
    return found


def get(call: Call) -> Reply:
    """Return a ruleset."""
    repo = call.repo()
    return Reply(body=_body(call, repo, _one(call, repo)))


def create(call: Call) -> Reply:
    """Lay down rules; a name that is taken is refused."""
    repo, body = call.repo("administration", "write"), call.body()
    name = body.need("name", "Ruleset")
    enforcement = _enforcement(body, "")
    if any(one.name == name for one in repo.rulesets.values()):
        raise Problem(422, "Validation Failed", words=["Name must be unique"])
    number, now = call.hub.number("ruleset", 70_001), call.hub.now()
    target = body.choice("target", TARGETS, "branch")
    include, exclude = _refs(body, [], [])
    rules, actors = _rules(body, []), body.items("bypass_actors")
    one = Ruleset(number, name, target, enforcement, include, exclude, rules, actors, now, now)
    repo.rulesets[number] = one
    return Reply(201, _body(call, repo, one))


def update(call: Call) -> Reply:
    """Change what the body names."""
    repo, body = call.repo("administration", "write"), call.body()
    one = _one(call, repo)
    enforcement, rules = _enforcement(body, one.enforcement), _rules(body, one.rules)
    include, exclude = _refs(body, one.include, one.exclude)
    one.name = body.text("name", one.name)
    one.enforcement, one.rules, one.include, one.exclude = enforcement, rules, include, exclude
    if "bypass_actors" in body:
        one.bypass_actors = body.items("bypass_actors")
    one.updated_at = call.hub.now()
    return Reply(body=_body(call, repo, one))


def delete(call: Call) -> Reply:
    """Drop a ruleset."""
    repo = call.repo("administration", "write")
    del repo.rulesets[_one(call, repo).id]
    return Reply(204)


def _enforcement(body: Body, current: str) -> str:
    chosen = body.choice("enforcement", ENFORCEMENTS, current)
    if not chosen:
        raise Problem(422, 'Invalid request.\n\n"enforcement" wasn\'t supplied.')
    return chosen


def _rules(body: Body, current: list[dict[str, object]]) -> list[dict[str, object]]:
    if "rules" not in body:
        return current
    rules = body.items("rules")
    for rule in rules:
        if Body(rule).text("type") not in TYPES:
            raise Problem(422, f"Invalid request.\n\nInvalid rule type {rule.get('type')!r}.")
    return rules


def _refs(body: Body, include: list[str], exclude: list[str]) -> tuple[list[str], list[str]]:
    if "conditions" not in body:
        return include, exclude
    names = Body(Body(body.object("conditions")).object("ref_name"))
    return names.items("include"), names.items("exclude")
