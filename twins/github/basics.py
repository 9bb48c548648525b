"""Root, meta, rate limit and people."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import profile_body
from twins.github.problem import not_found
from twins.github.transport import Limits

# What counts for itself, with its usual limit; the twin never lowers these.
OTHER_LIMITS = {
    "code_search": 10,
    "source_import": 100,
    "integration_manifest": 5000,
    "actions_runner_registration": 10_000,
    "scim": 15_000,
    "dependency_snapshots": 100,
    "dependency_sbom": 100,
    "code_scanning_upload": 1000,
    "code_scanning_autofix": 10,
    "audit_log": 1750,
    "audit_log_streaming": 15,
}
PAGED = "q={query}{&page,per_page,sort,order}"
FIRST_LINKS = {
    "current_user": "/user",
    "authorizations": "/authorizations",
    "code_search": f"/search/code?{PAGED}",
    "commit_search": f"/search/commits?{PAGED}",
    "emails": "/user/emails",
    "emojis": "/emojis",
    "events": "/events",
    "feeds": "/feeds",
    "followers": "/user/followers",
    "following": "/user/following{/target}",
    "gists": "/gists{/gist_id}",
    "hub": "/hub",
    "issue_search": f"/search/issues?{PAGED}",
    "issues": "/issues",
    "keys": "/user/keys",
    "label_search": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications": "/notifications",
    "organization": "/orgs/{org}",
    "organization_repositories": "/orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams": "/orgs/{org}/teams",
    "public_gists": "/gists/public",
    "rate_limit": "/rate_limit",
    "repository": "/repos/{owner}/{repo}",
    "repository_search": f"/search/repositories?{PAGED}",
    "current_user_repositories": "/user/repos{?type,page,per_page,sort}",
    "starred": "/user/starred{/owner}{/repo}",
    "starred_gists": "/gists/starred",
    "topic_search": "/search/topics?q={query}{&page,per_page}",
    "user": "/users/{user}",
    "user_organizations": "/user/orgs",
    "user_repositories": "/users/{user}/repos{?type,page,per_page,sort}",
    "user_search": f"/search/users?{PAGED}",
}


def operations(limits: Limits) -> list[Operation]:
    """Return the table of routes."""

    def rate_limit(call: Call) -> Reply:
        """Return what is left; asking is free."""
        now = call.hub.core.clock.now()

        def shown(resource: str) -> dict[str, int]:
            left = limits.of(call.actor, now, resource)
            return {
                "limit": left.limit,
                "used": left.used,
                "remaining": left.limit - left.used,
                "reset": left.reset,
            }

        core = shown("core")
        others = {
            name: {**core, "limit": most, "used": 0, "remaining": most}
            for name, most in OTHER_LIMITS.items()
        }
        own = {name: shown(name) for name in ("graphql", "search")}
        resources = {"core": core, **others, **own}
        return Reply(body={"resources": resources, "rate": core})

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
    body = {f"{name}_url": call.links.api(path) for name, path in FIRST_LINKS.items()}
    page = call.links.html("/settings/connections/applications{/client_id}")
    return Reply(body={**body, "current_user_authorizations_html_url": page})


def meta(_: Call) -> Reply:
    """Say how this server may be used."""
    return Reply(body={"verifiable_password_authentication": False, "hooks": ["127.0.0.1/32"]})


def zen(_: Call) -> Reply:
    """Say something wise."""
    return Reply(body="Design for failure.", media_type="text/plain; charset=utf-8")


def me(call: Call) -> Reply:
    """Return the person who asks; installations are nobody."""
    return Reply(body=profile_body(call.links, call.person))


def get_user(call: Call) -> Reply:
    """Return an account."""
    user = call.hub.world.user(call.arg("login"))
    if user is None:
        raise not_found()
    return Reply(body=profile_body(call.links, user))
