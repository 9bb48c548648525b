"""What a box's self-test says: what is not reported was not proven, and a failure has a mend."""

import json
from pathlib import Path

import pytest

from bot.adapters.box import selftest
from bot.adapters.box.process import BoxResult
from bot.errors import BoxUnavailable

RESTRICTED = (
    Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
    Path("/proc/sys/kernel/unprivileged_userns_clone"),
)


def result(stdout: object = "", stderr: str = "", exit_code: int = 0) -> BoxResult:
    """Make the end of a probe."""
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)
    return BoxResult(
        exit_code=exit_code,
        stdout=text.encode(),
        stderr=stderr.encode(),
        started=True,
        timed_out=False,
        truncated=False,
        wall_s=0.1,
        cpu_s=0.1,
    )


def report(**changes: object) -> dict[str, object]:
    """Make a report in which every attack failed."""
    return {"nonce": "n", **{name: [] for name in selftest.NAMES}, **changes}


def test_a_whole_report_finds_nothing() -> None:
    """Every check there, none with a find."""
    assert [] == selftest.read_report(result(report()), "n")


def test_a_find_is_named_and_so_is_what_is_missing() -> None:
    """A check that is absent or of another shape has not been proven."""
    first, second, third = selftest.NAMES[:3]
    told = report(**{first: ["/etc/shadow"], second: True})
    del told[third]
    findings = selftest.read_report(result(told), "n")

    assert {first: ("/etc/shadow",), second: ("not reported",), third: ("not reported",)} == {
        finding.check: finding.details for finding in findings
    }


@pytest.mark.parametrize("said", ["", "nothing", "[]", json.dumps(report(nonce="other"))])
def test_no_report_is_a_box_that_does_not_start(said: str) -> None:
    """Nothing, no JSON, another shape, or the answer to another question."""
    with pytest.raises(BoxUnavailable, match="does not start"):
        selftest.read_report(result(said), "n")


def test_the_last_complaint_is_passed_on_with_a_mend() -> None:
    """What bubblewrap said last, and a command or setting that a person can use."""
    error = selftest.did_not_start(result(stderr="warning\nbwrap: no namespaces\n"))
    silent = selftest.did_not_start(result(exit_code=77))

    assert "bwrap: no namespaces" in error.what
    assert "warning" not in error.what
    assert "exit 77" in silent.what
    assert "allow user namespaces" in error.remedy


@pytest.mark.skipif(
    any(p.exists() for p in RESTRICTED), reason="this kernel has a switch of its own"
)
def test_the_mend_fits_the_complaint() -> None:
    """A count that is used up is raised; anything else points at the container."""
    assert "user.max_user_namespaces" in selftest._mending("limit: max_user_namespaces")
    assert "--privileged" in selftest._mending("Operation not permitted")
