"""What people say about a landing: git's own words on main, or a label."""

from bot.policy.escaped import reported, reverted

LANDED, OTHER, BY = "a" * 40, "b" * 40, "c" * 40


def message(*commits: str) -> str:
    """Write what `git revert` writes."""
    return "Revert it\n\n" + "\n".join(f"This reverts commit {c}." for c in commits)


def test_a_plain_revert_of_a_landing_is_seen() -> None:
    """Of a landing of ours, whole ids only, the newest word first."""
    said = [(BY, message(OTHER, LANDED)), ("d" * 40, message(LANDED))]

    assert reverted(said, {LANDED}) == {LANDED: BY}
    assert reverted([(BY, f"This reverts commit {LANDED[:12]}.")], {LANDED}) == {}
    assert reverted([(BY, f"It looks like This reverts commit {LANDED}.")], {LANDED}) == {}


def test_a_landing_cannot_accuse_another() -> None:
    """An issue that quotes the sentence stands in its own landing's message."""
    assert reverted([(OTHER, message(LANDED))], {LANDED, OTHER}) == {}


def test_the_label_is_one_label() -> None:
    """Whatever its case."""
    assert reported(["bug", "Nightshift:Escaped"])
    assert not reported(["nightshift", "escaped"])
