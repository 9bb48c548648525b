"""What is declared is there, and what is there is declared."""

import re
from pathlib import Path

from twins.conformance.scope import Scope
from twins.core.core import Core
from twins.github.app import operations
from twins.github.git_store import GitStore
from twins.github.hub import Hub
from twins.github.transport import Transport
from twins.github.webhooks import WebhookSender

# Older forms of what the description has under other names; clients still use them.
UNDESCRIBED = {
    "GET /repos/{}/{}/contents",
    "GET /repos/{}/{}/git/refs",
    "GET /repos/{}/{}/git/refs/",
    "GET /repos/{}/{}/git/refs/{}",
    "GET /repos/{}/{}/statuses/{}",
}


def test_the_scope_is_what_the_twin_models(tmp_path: Path) -> None:
    """Nobody is promised what is missing, and nothing is there that is not measured."""
    core = Core("github-twin")
    transport = Transport(Hub(core, GitStore(tmp_path), WebhookSender(core)))
    modelled = {_shape(f"{one.method} {one.path}") for one in operations(transport)}
    declared = {_shape(one) for one in Scope.load().operations}

    assert set() == declared - modelled
    assert set() == modelled - declared - UNDESCRIBED


def _shape(operation: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", operation)
