"""The loop as data: read strictly, every mistake named by its key."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.workflowfile import load_prices, load_workflow
from bot.errors import SettingsError

SHIPPED = Path(__file__).parents[3] / "workflows"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of what ships."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "workflows"))


def change(folder: Path, name: str, place: tuple[str, ...], value: Any) -> None:
    """Set one key of a file; None removes it."""
    path = folder / name
    data = yaml.safe_load(path.read_text())
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    path.write_text(yaml.safe_dump(data))


def test_what_ships_is_read() -> None:
    """The numbers of the file are the numbers of the noun."""
    data = yaml.safe_load((SHIPPED / "issue.yaml").read_text())
    workflow = load_workflow(SHIPPED)
    assert workflow.bounds.attempts == data["limits"]["attempts"]
    assert workflow.bounds.usd_per_day == data["limits"]["usd_per_day"]
    assert workflow.build.turns == data["steps"]["build"]["turns"]
    assert workflow.triage.model.effort == data["steps"]["triage"]["model"]["effort"]
    assert workflow.threshold == data["gate"]["threshold"]
    assert workflow.validate_timeout_s == data["gate"]["timeout_s"]
    assert (workflow.tool_timeout_s, workflow.check_timeout_s) == (
        data["box"]["tool_timeout_s"],
        data["box"]["check_timeout_s"],
    )


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("limits", "attempts"), -1),
        (("limits", "attempts"), "many"),
        (("limits", "usd_per_issue"), None),
        (("gate", "threshold"), 0),
        (("gate", "threshold"), 1.5),
        (("steps", "build", "max_tokens"), 0),
        (("steps", "build", "timeout_s"), 0),
        (("steps", "triage"), None),
        (("limits", "atempts"), 3),
        (("box", "tool_timeout_s"), -5),
        (("steps", "build", "model"), {"base_url": "ftp://models.example"}),
        (("steps", "build", "model"), {"base_url": "models.example"}),
    ],
)
def test_a_mistake_names_its_key(folder: Path, place: tuple[str, ...], value: Any) -> None:
    """Out of range, of the wrong kind, absent or unknown."""
    change(folder, "issue.yaml", place, value)
    with pytest.raises(SettingsError) as caught:
        load_workflow(folder)
    assert f"`{'.'.join(place)}`" in caught.value.what


def test_zero_forbids(folder: Path) -> None:
    """A limit of zero is allowed and stays zero: it is no way to say unlimited."""
    change(folder, "issue.yaml", ("limits", "attempts"), 0)
    assert load_workflow(folder).bounds.attempts == 0


@pytest.mark.parametrize("text", [": : :", "- a\n- b\n", ""])
def test_what_is_no_workflow_is_refused(folder: Path, text: str) -> None:
    """No YAML, no mapping, nothing."""
    (folder / "issue.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"issue\.yaml"):
        load_workflow(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the variable that points at the folder."""
    with pytest.raises(SettingsError) as caught:
        load_workflow(tmp_path)
    assert "NIGHTSHIFT_WORKFLOWS" in caught.value.remedy


def test_an_unknown_model_costs_the_most() -> None:
    """A new name never makes a run cheaper than any known one."""
    prices = load_prices(SHIPPED)
    dearest = prices.of("somebody-else-9")
    for price in prices.listed.values():
        for field in ("input", "output", "write_5m", "write_1h", "read"):
            assert getattr(dearest, field) >= getattr(price, field)
    assert prices.of("nightshift-search-1").output == 0


def test_a_price_list_without_a_last_resort_is_refused(folder: Path) -> None:
    """Nothing may be free by omission."""
    change(folder, "prices.yaml", ("unlisted",), None)
    with pytest.raises(SettingsError, match="unlisted"):
        load_prices(folder)
