"""Root, meta, rate limit and people."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import profile_body
from twins.github.problem import Problem, not_found
from twins.github.transport import Limits


def operations(limits: Limits) -> list[Operation]:
    """Return the table of routes."""

    def rate_limit(call: Call) -> Reply:
        """Return what is left; asking is free."""
        left = limits.of(call.actor, call.hub.core.clock.now())
        core = {
            "limit": left.limit,
            "used": left.used,
            "remaining": left.limit - left.used,
            "reset": left.reset,
        }
        search = {**core, "limit": 30, "used": 0, "remaining": 30}
        return Reply(body={"resources": {"core": core, "search": search}, "rate": core})

    return [
        Operation("GET", "/", root),
        Operation("GET", "/meta", meta),
        Operation("GET", "/zen", zen),
        Operation("GET", "/rate_limit", rate_limit),
        Operation("GET", "/user", me),
        Operation("GET", "/users/{login}", get_user),
    ]


def root(call: Call) -> Reply:
    """Return the first links of the API."""
    api = call.links.api
    body = {
        "current_user_url": api("/user"),
        "rate_limit_url": api("/rate_limit"),
        "repository_url": api("/repos/{owner}/{repo}"),
        "user_url": api("/users/{user}"),
        "issue_search_url": api("/search/issues?q={query}{&page,per_page,sort,order}"),
    }
    return Reply(body=body)


def meta(_: Call) -> Reply:
    """Say how this server may be used."""
    return Reply(body={"verifiable_password_authentication": False, "hooks": ["127.0.0.1/32"]})


def zen(_: Call) -> Reply:
    """Say something wise."""
    return Reply(body="Design for failure.", media_type="text/plain; charset=utf-8")


def me(call: Call) -> Reply:
    """Return the person who asks; installations are nobody."""
    if call.actor.kind == "installation":
        raise Problem(403, "Resource not accessible by integration")
    return Reply(body=profile_body(call.links, call.user))


def get_user(call: Call) -> Reply:
    """Return an account."""
    user = call.hub.world.user(call.arg("login"))
    if user is None:
        raise not_found()
    return Reply(body=profile_body(call.links, user))
