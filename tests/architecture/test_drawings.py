"""What ARCHITECTURE.md draws is what the code has."""

import re
from pathlib import Path

from bot.domain.run import RunState

ROOT = Path(__file__).resolve().parents[2]


def test_every_state_of_a_run_is_drawn() -> None:
    """A state without an arrow is one that nobody can find."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawing = text.split("stateDiagram-v2", 1)[1].split("```", 1)[0]
    drawn = set(re.findall(r"[a-z-]+(?= -->)|(?<=--> )[a-z-]+", drawing))

    assert {state.value for state in RunState} == drawn
