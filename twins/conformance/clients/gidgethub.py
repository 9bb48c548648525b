"""gidgethub: the client that Nightshift itself is built on."""

import asyncio

import aiohttp
import gidgethub.aiohttp
import gidgethub.apps

from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import Miss, expect
from twins.contract.fetch import GRAPHQL, ensure

TITLE = "query($o:String!,$n:String!){repository(owner:$o,name:$n){issue(number:1){title}}}"


def run(stage: ClientStage) -> None:
    """File, label, comment and close an issue as the App, and read it over GraphQL."""
    ensure(GRAPHQL)
    asyncio.run(_walk(stage))
    issue = stage.read("issues/1").json
    found = (issue["state"], [one["name"] for one in issue["labels"]], issue["user"]["type"])
    expect("the issue", ("closed", ["night"], "Bot"), found)


async def _walk(stage: ClientStage) -> None:
    plot, app = stage.plot, stage.ground.app
    async with aiohttp.ClientSession() as session:
        api = gidgethub.aiohttp.GitHubAPI(session, "conformance", base_url=stage.url)
        token = await gidgethub.apps.get_installation_access_token(
            api,
            installation_id=str(plot.installation),
            app_id=str(app["id"]),
            private_key=stage.ground.pem,
        )
        api.oauth_token = token["token"]
        for number in range(35):
            title = {"title": f"n{number}", "labels": ["night"] if number == 0 else []}
            await api.post(f"{plot.path}/issues", data=title)
        listed = [one["number"] async for one in api.getiter(f"{plot.path}/issues")]
        expect("paged", list(range(35, 0, -1)), listed)
        await api.post(f"{plot.path}/issues/1/comments", data={"body": "on it"})
        await api.patch(f"{plot.path}/issues/1", data={"state": "closed"})
        data = await api.graphql(TITLE, endpoint=f"{stage.url}/graphql", o=plot.owner, n=plot.name)
        expect("over GraphQL", "n0", data["repository"]["issue"]["title"])
        try:
            await api.getitem(f"{plot.path}/issues/999")
        except gidgethub.BadRequest as refused:
            expect("not found", 404, refused.status_code.value)
        else:
            raise Miss("an issue that is not there was found")
