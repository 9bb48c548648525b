"""A repository's own rule against unattended agents is read where the run begins: at its base."""

import base64

import pytest

from bot.domain.mission import Mission
from bot.flows.issue import _forbidden
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import REPO

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULE = "# Contributing\n\nWe do not accept AI-generated changes.\n"


async def test_a_rule_on_the_default_branch_is_obeyed_unless_the_mission_outweighs_it(
    floor: Floor,
) -> None:
    """The sentence is found with its file; a commit before it forbids nothing."""
    repo = await floor.server.forge.repository(REPO)
    before = await floor.server.fetch(repo)
    put = {"message": "Rules", "content": base64.b64encode(RULE.encode()).decode()}
    await floor.call("PUT", f"/repos/{REPO}/contents/.github/CONTRIBUTING.md", put)
    base = await floor.server.fetch(repo)
    git = await floor.server.git(REPO)
    plain, opened = Mission(("true",)), Mission(("true",), unattended=True)

    told = ".github/CONTRIBUTING.md: We do not accept AI-generated changes."
    assert told == await _forbidden(git, base, plain)
    assert "" == await _forbidden(git, base, opened)
    assert "" == await _forbidden(git, before, plain)
    assert "" == await _forbidden(git, base, None)
