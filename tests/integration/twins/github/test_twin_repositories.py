"""Whose a repository is: lists of them, and who belongs to one."""

from typing import Any

REPO = "/repos/alice/parcel"


async def test_who_is_sent_away_is_unassigned_everywhere(twin: Any) -> None:
    """Issues and pull requests tell it once each; others stay, and so does what bob wrote."""
    head = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/side", "sha": head})
    change = {"message": "m", "content": "eA==", "branch": "side"}
    await twin.call("PUT", f"{REPO}/contents/side.txt", change)
    await twin.call("POST", f"{REPO}/issues", {"title": "a", "assignees": ["alice", "bob"]})
    await twin.call("POST", f"{REPO}/issues", {"title": "b", "assignees": ["alice"]})
    await twin.call("POST", f"{REPO}/pulls", {"title": "p", "head": "side", "base": "main"})
    await twin.call("POST", f"{REPO}/issues/3/assignees", {"assignees": ["bob"]})
    await twin.call("PATCH", f"{REPO}/issues/1", {"state": "closed"})
    await twin.events()
    assert 204 == (await twin.call("DELETE", f"{REPO}/collaborators/bob")).status
    fresh = await twin.deliveries()
    assert [(one["event"], one["action"]) for one in fresh] == [
        ("issues", "unassigned"),
        ("pull_request", "unassigned"),
    ]
    told = [one["request"]["payload"] for one in fresh]
    assert {one["assignee"]["login"] for one in told} == {"bob"}
    assert {one["sender"]["login"] for one in told} == {"alice"}
    assigned = [
        [user["login"] for user in one["assignees"]]
        for one in await twin.get(f"{REPO}/issues?state=all&direction=asc")
    ]
    assert assigned == [["alice"], ["alice"], []]
    history = await twin.get(f"{REPO}/issues/1/events")
    assert [one["event"] for one in history][-1] == "unassigned"


async def test_a_collaborator_may_leave_and_their_invitations_go_with_them(twin: Any) -> None:
    """Nobody else without the right may send somebody away."""
    await twin.call("PUT", f"{REPO}/collaborators/bob", {"permission": "admin"})
    await twin.call("PUT", f"{REPO}/collaborators/carol", {}, token="bob-token")
    assert 1 == len(await twin.get(f"{REPO}/invitations"))
    refused = await twin.call("DELETE", f"{REPO}/collaborators/bob", token="carol-token")
    assert refused.status == 403
    left = await twin.call("DELETE", f"{REPO}/collaborators/bob", token="bob-token")
    assert left.status == 204
    assert 404 == (await twin.call("GET", f"{REPO}/collaborators/bob")).status
    assert [] == await twin.get(f"{REPO}/invitations")


async def _names(twin: Any, path: str, who: str = "bob") -> list[str]:
    return [one["full_name"] for one in await twin.get(path, token=f"{who}-token")]


async def test_ones_own_repositories_by_affiliation_visibility_and_type(twin: Any) -> None:
    """By name unless asked otherwise; a type beside either of the other two is 422."""
    await twin.plant(
        users=[{"login": "acme", "type": "Organization"}],
        repos=[
            {"full_name": "bob/zeta"},
            {"full_name": "bob/Beta", "private": True},
            {"full_name": "acme/tool", "collaborators": {"bob": "write"}},
        ],
    )
    every = ["acme/tool", "alice/parcel", "bob/Beta", "bob/zeta"]
    for query, wanted in (
        ("", every),
        ("direction=desc", every[::-1]),
        ("affiliation=owner", ["bob/Beta", "bob/zeta"]),
        ("affiliation=collaborator", ["acme/tool", "alice/parcel"]),
        ("affiliation=owner,organization_member", ["acme/tool", "bob/Beta", "bob/zeta"]),
        ("visibility=private", ["bob/Beta"]),
        ("visibility=public&affiliation=owner", ["bob/zeta"]),
        ("type=owner", ["bob/Beta", "bob/zeta"]),
        ("type=member", ["acme/tool", "alice/parcel"]),
        ("type=private", ["bob/Beta"]),
        ("sort=created", ["acme/tool", "bob/Beta", "bob/zeta", "alice/parcel"]),
        ("sort=created&direction=asc", ["alice/parcel", "bob/zeta", "bob/Beta", "acme/tool"]),
    ):
        assert await _names(twin, f"/user/repos?{query}") == wanted, query
    for query in (
        "type=owner&visibility=all",
        "type=all&affiliation=owner",
        "affiliation=nobody",
        "visibility=some",
        "type=other",
    ):
        answer = await twin.call("GET", f"/user/repos?{query}", token="bob-token")
        assert answer.status == 422, query
    assert await _names(twin, "/users/bob/repos", "carol") == ["bob/zeta"]
    assert await _names(twin, "/users/bob/repos?type=member") == ["acme/tool", "alice/parcel"]


async def test_collaborators_by_what_they_may_do(twin: Any) -> None:
    """Whoever may do more may do less; each finer role is named beside its rounded one."""
    roles = {"tess": "triage", "mia": "maintain", "ann": "admin", "rob": "read"}
    await twin.plant(
        users=[{"login": name} for name in roles],
        repos=[{"full_name": "alice/parcel", "collaborators": roles}],
    )
    for word, wanted in (
        ("admin", {"alice", "ann"}),
        ("maintain", {"alice", "ann", "mia"}),
        ("push", {"alice", "ann", "mia", "bob"}),
        ("triage", {"alice", "ann", "mia", "bob", "tess"}),
        ("pull", {"alice", "ann", "mia", "bob", "tess", "rob"}),
    ):
        listed = await twin.get(f"{REPO}/collaborators?permission={word}")
        assert {one["login"] for one in listed} == wanted, word
    assert 422 == (await twin.call("GET", f"{REPO}/collaborators?permission=own")).status
    for login, permission, role in (
        ("ann", "admin", "admin"),
        ("mia", "write", "maintain"),
        ("tess", "read", "triage"),
        ("rob", "read", "read"),
    ):
        body = await twin.get(f"{REPO}/collaborators/{login}/permission")
        assert (body["permission"], body["role_name"]) == (permission, role)
    hidden = await twin.get("/repos/alice/vault/collaborators/bob/permission")
    assert (hidden["permission"], hidden["role_name"]) == ("none", "none")
