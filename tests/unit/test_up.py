"""`nightshift up` reads one file per role, closed to others, and mixes nothing."""

import json
import os
from pathlib import Path

import pytest

from bot.domain.role import Role
from bot.errors import SettingsError
from bot.supervise import Supervisor, Users
from bot.up import STORE, _hand_over, _plan, read_role, verdict_key


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    """Give a prepared installation."""
    made = Supervisor(tmp_path / "state", None)
    made.prepare()
    return made


def test_a_role_file_is_closed_to_others(tmp_path: Path) -> None:
    """Secrets in it: absent and readable by others are both refused, with what to do."""
    file = tmp_path / "server.env"
    with pytest.raises(SettingsError, match=r"there is no .*server\.env"):
        read_role(file)
    file.write_text("NIGHTSHIFT_APP_ID=1\nNIGHTSHIFT_EMPTY\n# note\n")
    file.chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        read_role(file)
    assert f"chmod 600 {file}" in caught.value.remedy
    file.chmod(0o600)
    assert read_role(file) == {"NIGHTSHIFT_APP_ID": "1"}


def test_each_role_gets_its_own(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file, its home, and the machine; of this shell no secret."""
    monkeypatch.setenv("NIGHTSHIFT_MODEL_KEY", "canary")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    own = {"NIGHTSHIFT_SCENARIOS": "/srv/scenarios", "NIGHTSHIFT_SLOTS": "3"}
    plan = _plan(supervisor, Role.VALIDATOR, own)
    assert (plan.reads, plan.slots) == ((Path("/srv/scenarios"),), 3)
    assert plan.environment["NIGHTSHIFT_STATE"] == str(supervisor.home(Role.VALIDATOR))
    assert "canary" not in json.dumps(dict(plan.environment))
    assert _plan(supervisor, Role.SERVER, {}).reads == ()


def test_scenarios_of_a_repository_need_only_their_key(supervisor: Supervisor) -> None:
    """An address far away is no path; one of this machine has to be seen."""
    far = {"NIGHTSHIFT_SCENARIOS": "ssh://git@host/s.git", "NIGHTSHIFT_SCENARIOS_KEY": "/k"}
    near = {"NIGHTSHIFT_SCENARIOS": "file:///srv/s.git"}
    seen = [_plan(supervisor, Role.VALIDATOR, own).reads for own in (far, near)]
    assert seen == [(Path("/k"), Path("/k.known_hosts")), (Path("/srv/s.git"),)]


def test_the_verdict_key_is_made_once(supervisor: Supervisor) -> None:
    """The server gets the public half; the private half is closed to others."""
    assert verdict_key(supervisor) == verdict_key(supervisor)
    secret = next(supervisor.home(Role.VALIDATOR).glob("*.pem"))
    assert secret.stat().st_mode & 0o077 == 0


def test_the_store_of_setup_is_handed_over(tmp_path: Path) -> None:
    """People write scenarios as root; no other folder changes its owner."""
    if os.geteuid():
        pytest.skip("only root can give a file away")
    given = Supervisor(tmp_path, Users(61_000))
    for name in (STORE, "elsewhere"):
        (tmp_path / name / "o__r").mkdir(parents=True)

    for name in (STORE, "elsewhere"):
        _hand_over(given, {"NIGHTSHIFT_SCENARIOS": str(tmp_path / name)})

    owners = [(tmp_path / name / "o__r").stat().st_uid for name in (STORE, "elsewhere")]
    assert [Users(61_000).uid(Role.VALIDATOR), 0] == owners
