"""What `/graphql` says before any schema is at hand."""

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from twins.github.app import make_twin


async def test_without_the_schema_the_answer_names_the_command(tmp_path: Path) -> None:
    """Nobody has to guess what is missing, and the journal counts the call as unmodelled."""
    twin = make_twin(tmp_path, schema=tmp_path / "schema.graphql")
    async with TestClient(TestServer(twin)) as client:
        for path in ("/graphql", "/api/graphql"):
            async with client.post(path, json={"query": "{viewer{login}}"}) as answer:
                body = await answer.json()
                assert answer.status == 501
            assert "python -m twins.contract.fetch @octokit/graphql-schema" in body["message"]
        async with client.get("/_twin/journal?unmodelled=1") as journal:
            assert len(await journal.json()) == 2


async def test_without_the_schema_the_little_that_we_ask_is_answered(tmp_path: Path) -> None:
    """A world must not need npm: the document passes, and then it is about a token as ever."""
    asked = 'repository(owner: "o", name: "r") { issue(number: $i) { lastEditedAt } }'
    document = f"query($i: Int!) {{ {asked} }}"
    twin = make_twin(tmp_path, schema=tmp_path / "schema.graphql")
    async with TestClient(TestServer(twin)) as client:
        async with client.post("/graphql", json={"query": document}) as answer:
            assert answer.status == 401
        async with client.get("/_twin/journal?unmodelled=1") as journal:
            assert await journal.json() == []
