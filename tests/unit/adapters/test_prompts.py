"""Prompts are strict, and untrusted words cannot leave their place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.prompts import Prompts, envelope
from bot.errors import SettingsError

SHIPPED = Path(__file__).parents[3] / "prompts"


@given(st.dictionaries(st.text(), st.text()))
def test_an_envelope_is_one_line_that_closes_no_tag(value: dict[str, str]) -> None:
    """Whatever a stranger writes: no angle bracket, no line end, and it reads back equal."""
    text = envelope(value)
    assert not set("<>&\n\r\u2028") & set(text)
    assert text.isascii()
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("triage.system", {}),
        ("triage.static", {"base": "b", "mission": "m"}),
        ("triage.issue", {"issue": "{}", "neighbours": "[]"}),
        ("build.system", {"diff_lines": 9}),
        ("build.static", {"base": "b", "mission": "m", "checks": "c", "tree": "t"}),
        ("build.issue", {"issue": "{}"}),
        ("build.examples", {"examples": '""'}),
    ],
)
def test_the_shipped_prompts_render(name: str, values: dict[str, object]) -> None:
    """Each with exactly the values that its flow gives; one less is an error."""
    prompts = Prompts(SHIPPED)
    assert prompts.render(name, values)
    for missing in values:
        with pytest.raises(SettingsError, match=name):
            prompts.render(name, {k: v for k, v in values.items() if k != missing})


def test_values_are_not_templates() -> None:
    """Jinja in an issue stays text."""
    said = Prompts(SHIPPED).render("build.issue", {"issue": envelope("{{ 7 * 7 }}{% raw %}")})
    assert "{{ 7 * 7 }}" in said


def test_a_missing_prompt_is_named(tmp_path: Path) -> None:
    """The message says which file to look for."""
    with pytest.raises(SettingsError, match="no-such"):
        Prompts(tmp_path).render("no-such", {})


def test_a_broken_prompt_is_named(tmp_path: Path) -> None:
    """A mistake in a template is the owner's to mend, with its name."""
    (tmp_path / "bad.j2").write_text("{% if %}")
    with pytest.raises(SettingsError, match="prompt bad"):
        Prompts(tmp_path).render("bad", {})
