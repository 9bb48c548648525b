"""The panel over one small task: its promises hold, and they are seen to be broken when they are.

Everything is the real flow: twins, roles as processes, boxes, a validator with a key of its own.
"""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.stage.panel.cast import Casting, Coder
from bot.stage.panel.panel import PanelOptions, panel
from tests.integration.panel_tasks import LOOKS_AT_NOTHING, write_task

pytestmark = pytest.mark.integration


async def played(folder: Path, casting: Casting) -> tuple[int, dict[str, Any], str]:
    """Play the panel; return its exit code, its JSON and what it printed."""
    told = io.StringIO()
    target = folder.parent / "panel.json"
    options = PanelOptions(tasks=folder, json=target, casting=casting)
    code = await panel(options, Console(file=told, width=200))
    return code, json.loads(target.read_text()), told.getvalue()


@pytest.mark.slow
async def test_every_promise_holds_on_an_honest_corpus(tmp_path: Path) -> None:
    """Only the known fix lands (and what cannot be told from it); everybody has played."""
    casting = Casting(mutants=1, variants=2, seed=1)
    code, body, printed = await played(write_task(tmp_path / "tasks"), casting)

    assert [] == body["broken"]
    assert (0, True) == (code, body["holds"])
    assert {*Coder, "all"} == set(body["coders"])
    landed = {name: line["landed"]["k"] for name, line in body["coders"].items()}
    assert (0, 1, 0, 0) == tuple(landed[coder] for coder in ("null", "oracle", "forger", "hostile"))
    asked = {part["coder"] for part in body["parts"] if part["submissions"]}
    assert {"null", "oracle", "mutant"} <= asked
    basis = [part["basis"] for part in body["parts"] if part["coder"] == "oracle"]
    assert ["known fix"] == basis
    assert 0 == body["coders"]["all"]["escapes"]
    assert "every promise of the panel holds" in printed


async def test_a_corpus_that_looks_at_nothing_is_found_out(tmp_path: Path) -> None:
    """The same panel fails over it: what must not land does, and is named as a false merge."""
    folder = write_task(tmp_path / "tasks", check=LOOKS_AT_NOTHING)
    casting = Casting((Coder.NULL, Coder.MUTANT), mutants=2, seed=1)
    code, body, printed = await played(folder, casting)

    assert (1, False) == (code, body["holds"])
    null, mutant = (body["coders"][coder]["false_merges"] for coder in ("null", "mutant"))
    assert (1, 1) == (null["k"], null["n"])
    assert 0 < mutant["k"] == mutant["n"]
    assert any("null-comment landed" in told for told in body["broken"])
    assert "BROKEN" in printed
