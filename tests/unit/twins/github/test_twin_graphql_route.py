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
