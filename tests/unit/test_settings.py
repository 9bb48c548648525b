"""Settings are read once per role, and a mistake names the variable."""

from pathlib import Path

import pytest

from bot import settings
from bot.errors import SettingsError
from bot.settings import BuilderSettings, ServerSettings, ValidatorSettings

COMMON = {"STATE": "/s", "DATABASE_URL": "sqlite:///x.db"}
SERVER = {"APP_ID": "1", "APP_KEY": "pem", "WEBHOOK_SECRET": "w", "VERDICT_KEY": "aa"}
BUILDER = {"MODEL_KEY": "k"}
VALIDATOR = {"SCENARIOS": "/c"}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without a variable of ours."""
    for name in list(settings.os.environ):
        if name.startswith(("NIGHTSHIFT_", "PIP_", "ANTHROPIC_")):
            monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, *groups: dict[str, str]) -> None:
    """Set variables."""
    for name, value in (pair for group in groups for pair in group.items()):
        monkeypatch.setenv(f"NIGHTSHIFT_{name}", value)


def test_an_empty_model_key_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As set-up writes it: the builder says so at once, not at the first issue."""
    given(monkeypatch, COMMON, {"MODEL_KEY": ""})

    with pytest.raises(SettingsError, match="NIGHTSHIFT_MODEL_KEY"):
        BuilderSettings.read()


@pytest.mark.parametrize(
    ("kind", "own"),
    [(ServerSettings, SERVER), (BuilderSettings, BUILDER), (ValidatorSettings, VALIDATOR)],
)
def test_each_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: type[ServerSettings], own: dict[str, str]
) -> None:
    """Take any one away: the message names it and what to do."""
    needed = {**COMMON, **own}
    given(monkeypatch, needed)
    assert kind.read().state == Path("/s")
    for name in needed:
        with monkeypatch.context() as without:
            without.delenv(f"NIGHTSHIFT_{name}")
            with pytest.raises(SettingsError) as caught:
                kind.read()
        assert f"NIGHTSHIFT_{name}:" in caught.value.what
        assert f"set NIGHTSHIFT_{name}" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [("LISTEN_PORT", "eighty"), ("LISTEN_PORT", "70000"), ("POLL_S", "0"), ("CONCURRENCY", "-1")],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Out of range or of the wrong kind."""
    given(monkeypatch, COMMON, SERVER, {name: value})
    with pytest.raises(SettingsError, match=f"NIGHTSHIFT_{name}"):
        ServerSettings.read()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing settings prints no key."""
    given(monkeypatch, COMMON, {**SERVER, "APP_KEY": "canary-key", "WEBHOOK_SECRET": "canary-hook"})
    assert "canary" not in repr(ServerSettings.read())
    given(monkeypatch, {"MODEL_KEY": "canary-model"})
    assert "canary" not in repr(BuilderSettings.read())


def test_production_demands_the_strong_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weaker box has to be allowed in so many words."""
    given(monkeypatch, COMMON, SERVER, BUILDER, VALIDATOR)
    assert not ServerSettings.read().accept_tier_b
    assert not BuilderSettings.read().accept_tier_b
    assert not ValidatorSettings.read().accept_tier_b


def test_no_role_has_a_field_for_anothers_secret() -> None:
    """What a role cannot read, it cannot hold."""
    fields = {
        kind: set(kind.model_fields)
        for kind in (ServerSettings, BuilderSettings, ValidatorSettings)
    }
    assert not fields[ServerSettings] & {"model_key", "scenarios"}
    assert not fields[BuilderSettings] & {"app_key", "webhook_secret", "scenarios"}
    assert not fields[ValidatorSettings] & {"app_key", "webhook_secret", "model_key"}


def test_only_what_describes_the_machine_is_handed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, certificates, proxies and pip's settings; no secret of ours or of others."""
    for name in ("PIP_INDEX_URL", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "x")
    for name in ("ANTHROPIC_API_KEY", "NIGHTSHIFT_APP_KEY", "GITHUB_TOKEN", "MY_PIP_TOKEN", "HOME"):
        monkeypatch.setenv(name, "canary")
    found = settings.handed_down()
    assert {"PATH", "PIP_INDEX_URL", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE"} <= set(found)
    assert "canary" not in found.values()
    assert settings.anthropic_key() == "canary"


def test_the_pools_of_two_roles_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by hand with nothing said, builder and validator take different users."""
    given(monkeypatch, COMMON, BUILDER, VALIDATOR)
    builder, validator = BuilderSettings.read(), ValidatorSettings.read()
    assert builder.box_uid == validator.peer_box_uid
    assert validator.box_uid == builder.peer_box_uid
    assert abs(builder.box_uid - validator.box_uid) > 40
