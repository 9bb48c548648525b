"""Programs of other people reach their goal on a real twin process."""

import pytest

from twins.conformance.clients import CLIENTS, ClientScript
from twins.conformance.clients.stage import staged

pytestmark = [pytest.mark.integration, pytest.mark.slow]  # installs other people's programs


@pytest.mark.parametrize("script", CLIENTS, ids=lambda one: one.name.partition(":")[0])
def test_the_client_ends_with_the_right_state(script: ClientScript) -> None:
    """Each drives a twin of its own and reads back what became of it."""
    with staged() as stage:
        script.run(stage)
