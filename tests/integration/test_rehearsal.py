"""A dev scenario on its way through the whole factory: read by the coder, spared to the gate."""

import pytest

from bot.domain.run import RunState
from bot.stage.panel.evidence import everything
from tests.integration.small_world import (
    PARTS,
    canary,
    coder,
    edit,
    small_stage,
    submit,
    tool,
)

pytestmark = pytest.mark.integration

DEV = """---
id: triples
feature: fixes
kind: lib
set: dev
issue: 1
---
# Story
A clerk triples. readable-mark

# Setup
```yaml
vars:
  n: {int: [10, 9000]}
```

# Steps
```yaml
- call: {function: "calc:fix_3", args: ["${n}"]}
```

# Checks
```yaml
- invariant: "step1.value == n * 3"
```
"""


async def test_a_failing_dev_scenario_is_read_and_spends_nothing() -> None:
    """The first attempt never reaches the gate; the coder is shown why, and hears no more."""
    head = "def fix_3(n):\n    return n * "
    mend = tool("edit", path="calc.py", old=f"{head}4", new=f"{head}3")
    wrong = [edit(3, line="return n * 4"), submit()]
    async with small_stage([*coder("TRIPLE", wrong, [mend, submit()])], dev=DEV) as small:
        run = await small.ended(await small.file("Triples", "TRIPLE: fix_3 is to triple."))
        found = await everything(small.stage)

    assert run.state is RunState.LANDED, run.detail
    assert [bool(attempt.verdicts) for attempt in run.attempts] == [False, True]
    assert b"readable-mark" in found["Messages journal"]
    assert b"1 of 1 example scenarios do not hold" in found["Messages journal"]
    for number in range(1, PARTS + 1):
        leaks = [name for name, body in found.items() if canary(number).encode() in body]
        assert leaks == []
