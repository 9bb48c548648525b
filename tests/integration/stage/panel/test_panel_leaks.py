"""Escapes are found in whatever form they are carried, and protected files on any branch."""

import base64
import subprocess
from pathlib import Path

import pytest

from bot.stage.panel.leaks import MARK, _forms, _public, breaches, spotted
from bot.stage.panel.tasks import of_folder, of_world
from bot.validator.scenario import ScenarioSet
from tests.integration.panel_tasks import write_task

SECRET = b"MIIEpAIBAAKCAQEA7bq0panelsecret"


@pytest.mark.parametrize(
    "carried",
    [
        SECRET,
        SECRET[::-1],
        SECRET.hex().encode(),
        base64.b64encode(b"x=" + SECRET + b" and more"),
        base64.b64encode(b"xy=" + SECRET + b" and more"),
        base64.b64encode(b"xyz=" + SECRET + b" and more"),
    ],
)
def test_a_secret_is_found_in_every_disguise(carried: bytes) -> None:
    """Plain, reversed, in hex, and in base64 at whatever place of a longer text."""
    hidden = dict(_forms(SECRET))
    assert 1 == len(spotted(b"some " + carried + b" text", hidden, b""))
    assert [] == spotted(b"some other text", hidden, b"")


def test_a_mark_is_an_escape_unless_it_was_public() -> None:
    """What stands in the repository itself says nothing."""
    content = b"canary-0123456789ab and canary-ba9876543210"
    assert ["canary-ba9876543210"] == spotted(content, {}, b"x canary-0123456789ab y")


def test_a_dev_scenario_is_no_secret_and_a_gate_scenario_is(tmp_path: Path) -> None:
    """Coders read the first in full, so its mark in a prompt is no escape."""
    (task,) = of_world("parcel", tmp_path / "room")
    marks = {
        one.set: MARK.findall((task.corpus / one.file).read_bytes())[0] for one in task.scenarios
    }
    prompt = b" ".join(marks.values())

    assert sorted(spotted(prompt, {}, _public(task))) == sorted(
        marks[one].decode() for one in (ScenarioSet.GATE, ScenarioSet.SEALED)
    )


def test_a_protected_file_on_any_branch_is_a_breach(tmp_path: Path) -> None:
    """Changed, removed or new in other case; what is not protected may change."""
    (task,) = of_folder(write_task(tmp_path / "tasks"), tmp_path / "room")
    assert [] == list(breaches(task.origin, task))
    who = ("-c", "user.name=o", "-c", "user.email=o@till.example")
    (task.origin / "till.py").write_text("# other\n")
    (task.origin / "mission.md").unlink()
    (task.origin / ".GitHub").mkdir()
    (task.origin / ".GitHub" / "x.yml").write_text("on: push\n")
    for words in (("add", "--all"), (*who, "commit", "-qm", "x"), ("branch", "side"),
                  ("reset", "-q", "--hard", "HEAD~1")):  # fmt: skip
        subprocess.run(["git", *words], cwd=task.origin, check=True, capture_output=True)
    assert {".GitHub/x.yml", "mission.md"} == {
        told.split()[3] for told in breaches(task.origin, task) if told.endswith("refs/heads/side")
    }
