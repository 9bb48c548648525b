"""The store talks to GitHub's twin over HTTP with a token, and every refusal has its name."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from bot.errors import Conflict, CredentialRefused, Gone
from tests.person import Clone

pytestmark = pytest.mark.integration
CHECKOUT = Path(__file__).resolve().parents[2]
TOKEN = "canary-alice-token"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a person's clone with one commit."""
    clone = Clone(tmp_path)
    clone.commit({"a.py": b"1\n"}, "first\n")
    return clone


@pytest.fixture
def url(tmp_path: Path, clone: Clone) -> Iterator[str]:
    """Serve a private repository of alice; bob may only read it, carol may not see it."""
    argv = [sys.executable, "-m", "twins.github", "--port", "0", "--state", str(tmp_path / "hub")]
    with subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as twin:
        try:
            assert twin.stdout is not None
            base = json.loads(twin.stdout.readline())["url"]
            people = {"alice": TOKEN, "bob": "bob-token", "carol": "carol-token"}
            world = {
                "users": [{"login": name, "token": token} for name, token in people.items()],
                "repos": [
                    {
                        "full_name": "alice/vault",
                        "private": True,
                        "path": str(clone.work),
                        "collaborators": {"bob": "read"},
                    }
                ],
            }
            body = json.dumps(world).encode()
            head = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{base}/_twin/seed", body, head)  # noqa: S310  loopback
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  same
                assert answer.status == 201
            yield f"{base}/alice/vault.git"
        finally:
            twin.terminate()


async def test_fetch_push_and_look(url: str, clone: Clone, tmp_path: Path) -> None:
    """A branch is read, made, moved and looked at; the token never touches the disk."""
    store = await GitStore.open(tmp_path / "store")
    base = await store.fetch(url, "main", token=TOKEN)
    assert base == clone.git("rev-parse", "HEAD")
    tip = clone.commit({"a.py": b"2\n"}, "second\n")
    await store.fetch(clone.url, "main")
    assert await store.ls_remote(url, "nightshift/issue-1", TOKEN) is None
    for _ in range(2):
        await store.push(url, "nightshift/issue-1", tip, token=TOKEN, expect=None)
    assert await store.ls_remote(url, "nightshift/issue-1", TOKEN) == tip
    with pytest.raises(Conflict):
        await store.push(url, "nightshift/issue-1", base, token=TOKEN, expect=base)
    await store.push(url, "main", tip, token=TOKEN, expect=base, forward=True)
    assert await store.ls_remote(url, "main", TOKEN) == tip
    for folder, _, names in os.walk(tmp_path / "store"):
        for name in names:
            assert TOKEN.encode() not in (Path(folder) / name).read_bytes()


async def test_refusals_have_names(url: str, tmp_path: Path) -> None:
    """No token, a wrong one, one without the right, an unseen repository: never a prompt."""
    store = await GitStore.open(tmp_path / "store")
    base = await store.fetch(url, "main", token=TOKEN)
    for token in (None, "canary-wrong"):
        with pytest.raises(CredentialRefused) as refused:
            await store.fetch(url, "main", token=token)
        assert "canary" not in str(refused.value)
    with pytest.raises(CredentialRefused):
        await store.push(url, "x", base, token="bob-token", expect=None)
    with pytest.raises(Gone):
        await store.fetch(url, "main", token="carol-token")
    with pytest.raises(Gone):
        await store.ls_remote(url.replace("vault", "absent"), "main", TOKEN)
    with pytest.raises(Gone):
        await store.fetch(url, "absent", token=TOKEN)
