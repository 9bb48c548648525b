"""Planting a world, and being told what is wrong with it."""

from pathlib import Path
from typing import Any


async def test_a_seed_returns_what_a_test_needs(twin: Any) -> None:
    """Ids, heads and tokens; a key is made and a token drawn when none is given."""
    planted = await twin.plant(
        users=[{"login": "dave"}], apps=[{"slug": "other"}], repos=[{"full_name": "dave/new"}]
    )
    assert planted["users"][0]["token"].startswith("ghp_")
    assert planted["apps"][0]["private_key_pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert planted["repos"][0]["head"] is None
    assert len(twin.planted["repos"][0]["head"]) == 40
    assert twin.planted["apps"][0]["bot"]["login"] == "nightshift[bot]"
    empty = await twin.call("GET", "/repos/dave/new/commits")
    assert (empty.status, empty.body["message"]) == (409, "Git Repository is empty.")
    body = {"message": "First", "content": "eA=="}
    token = planted["users"][0]["token"]
    first = await twin.call("PUT", "/repos/dave/new/contents/a", body, token=token)
    assert first.status == 201
    assert (await twin.get("/repos/dave/new/branches/main"))["commit"]["parents"] == []


async def test_seeding_again_adds_and_does_not_double(twin: Any) -> None:
    """The same repository stays with its issues; new collaborators join."""
    await twin.call("POST", "/repos/alice/parcel/issues", {"title": "t"})
    again = {"full_name": "alice/parcel", "collaborators": {"carol": "triage"}}
    planted = await twin.plant(repos=[again])
    assert planted["repos"][0]["id"] == twin.planted["repos"][0]["id"]
    assert len(await twin.get("/repos/alice/parcel/issues")) == 1
    role = await twin.get("/repos/alice/parcel/collaborators/carol/permission")
    assert (role["permission"], role["role_name"]) == ("read", "triage")


async def test_an_imported_repository_is_left_alone(twin: Any, source: Path) -> None:
    """What is pushed to the twin never reaches the place it was imported from."""
    before = sorted(p.name for p in (source / ".git").rglob("*"))
    body = {"message": "m", "content": "eA=="}
    await twin.call("PUT", "/repos/alice/parcel/contents/a", body)
    assert sorted(p.name for p in (source / ".git").rglob("*")) == before


async def test_bad_seeds_are_refused_in_one_sentence(
    twin: Any, tmp_path: Path, source: Path
) -> None:
    """Every mistake names itself; none is a 5xx."""
    for document, said in (
        ({"user": []}, "unknown seed key 'user'"),
        ({"users": "alice"}, "is not an array"),
        ({"users": [1]}, "is not an object"),
        ({"users": [{}]}, "Validation Failed"),
        ({"repos": [{"full_name": "x"}]}, "owner/name"),
        ({"repos": [{"full_name": "x/../y"}]}, "owner/name"),
        ({"repos": [{"full_name": "../y"}]}, "owner/name"),
        ({"repos": [{"full_name": "x/y", "path": str(tmp_path)}]}, "cannot import"),
        ({"repos": [{"full_name": "x/y", "path": "/nowhere"}]}, "cannot import"),
        (
            {"repos": [{"full_name": "x/y", "path": str(source), "default_branch": "trunk"}]},
            "has no branch 'trunk'",
        ),
        ({"repos": [{"full_name": "x/y", "collaborators": {"a": "king"}}]}, "unknown role"),
        ({"apps": [{"slug": "a", "private_key_pem": "no"}]}, "no usable key"),
        ({"installations": [{"app": "none", "repos": ["alice/parcel"]}]}, "no App 'none'"),
        ({"installations": [{"app": "nightshift", "repos": []}]}, "at least one"),
        ({"installations": [{"app": "nightshift", "repos": ["a/b"]}]}, "no repository"),
    ):
        answer = await twin.call("POST", "/_twin/seed", document)
        assert answer.status == 422, (document, answer.body)
        assert said in answer.body["message"]


async def test_reset_empties_the_world(twin: Any) -> None:
    """Users, repositories, tokens and deliveries are gone, on disk too; it can be planted anew."""
    assert (await twin.call("POST", "/_twin/reset", {})).status == 200
    assert (await twin.call("GET", "/repos/alice/parcel", token="")).status == 404
    assert (await twin.call("GET", "/user")).status == 401
    assert not (twin.state / "repos").exists()
    twin.last_delivery = 0
    assert await twin.call("GET", "/_twin/deliveries", token="")
    await twin.plant(users=[{"login": "alice", "token": "t"}], repos=[{"full_name": "alice/p"}])
    assert (await twin.call("GET", "/repos/alice/p", token="t")).status == 200
