"""Whether the fallback is needed on a machine."""

import pytest

from bot.provision import box


@pytest.mark.parametrize(
    ("trial", "expected"), [(("true",), False), (("false",), True), (("no-such-bwrap",), True)]
)
def test_a_trial_that_fails_means_refused(trial: tuple[str, ...], *, expected: bool) -> None:
    """Only a box that was really built proves that no fallback is needed."""
    assert expected == box.refused(trial=trial)
