"""What protects branches, and who learns whom it lets past."""

from typing import Any

REPO = "/repos/alice/parcel"
RULES = {
    "name": "keep",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["refs/heads/r*"], "exclude": []}},
    "rules": [{"type": "deletion"}],
    "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
}


async def test_a_branch_is_protected_by_either_form(twin: Any) -> None:
    """By a protection or by an active ruleset that names it; the rest is not protected."""
    sha = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    for name in ("ruled", "free"):
        await twin.call("POST", f"{REPO}/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    names = ("required_status_checks", "required_pull_request_reviews", "restrictions")
    body = {**dict.fromkeys(names), "enforce_admins": True}
    await twin.call("PUT", f"{REPO}/branches/main/protection", body)
    made = await twin.call("POST", f"{REPO}/rulesets", RULES)

    async def listed(word: str) -> list[tuple[str, bool]]:
        found = await twin.get(f"{REPO}/branches?protected={word}")
        return [(one["name"], one["protected"]) for one in found]

    assert [("main", True), ("ruled", True)] == await listed("true")
    assert [("free", False)] == await listed("false")
    assert (await twin.get(f"{REPO}/branches/ruled"))["protected"]
    path = f"{REPO}/rulesets/{made.body['id']}"
    await twin.call("PUT", path, {"enforcement": "disabled"})
    assert [("free", False), ("ruled", False)] == await listed("false")


async def test_only_who_may_write_a_ruleset_sees_whom_it_lets_past(twin: Any) -> None:
    """The owner does; a collaborator, the App without that permission and the public do not."""
    made = await twin.call("POST", f"{REPO}/rulesets", RULES)
    path = f"{REPO}/rulesets/{made.body['id']}"
    assert RULES["bypass_actors"] == made.body["bypass_actors"]
    assert RULES["bypass_actors"] == (await twin.get(path))["bypass_actors"]
    for token in ("bob-token", twin.token, ""):
        seen = await twin.get(path, token=token)
        assert "bypass_actors" not in seen
        assert "never" == seen["current_user_can_bypass"]
