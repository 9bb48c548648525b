"""A project's own rule against unattended agents is obeyed; asking for care is no such rule."""

import pytest

from bot.policy.unattended import forbidden


@pytest.mark.parametrize(
    "rule",
    [
        "We do not accept AI-generated contributions.",
        "# Rules\n\n- Unsupervised coding agents are banned here.\n- Be kind.",
        "Pull requests by autonomous agents will be closed without discussion.",
        "LLM-written code is prohibited\nin this repository.",
        "Never let unattended bots open pull requests.",
        "AI-assisted contributions are prohibited.",
        "We do not accept contributions made by LLMs.",
        "Do not use AI to write code for this project.",
    ],
)
def test_a_rule_is_found_with_its_sentence(rule: str) -> None:
    """Whoever asks why nothing happens reads the very words."""
    told = forbidden({"README.md": "", "CONTRIBUTING.md": rule})

    assert told.startswith("CONTRIBUTING.md: ")
    assert "#" not in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Run the tests before you open a pull request. Do not force-push.",
        "AI-generated code is welcome if its author understands it.",
        "Coding agents: read docs/ first. Do not edit generated files.",
        "We do not merge AI-generated changes unless a maintainer has read them.",
        "Agents must not touch the lock file.",
        "AI agents must not edit files under vendor/.",
        "Coding agents: do not run the slow tests.",
        "AI-generated changes are welcome, but do not forget tests.",
    ],
)
def test_rules_about_other_things_forbid_nothing(text: str) -> None:
    """A sentence has to refuse the thing itself."""
    assert "" == forbidden({"AGENTS.md": text})
