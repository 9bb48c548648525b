"""The three files: closed, whole, and never over what a person wrote."""

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from bot.domain.role import Role
from bot.errors import EnvironmentProblem, UsageError
from bot.install import envfiles
from bot.install.host import Host
from bot.install.made import MadeApp
from bot.up import read_role

PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc+/=\n-----END RSA PRIVATE KEY-----\n"
APP = MadeApp(
    id=7,
    slug="night",
    html_url="https://github.com/apps/night",
    pem=SecretStr(PEM),
    webhook_secret=SecretStr("hush"),
)


def around(tmp_path: Path) -> envfiles.Surroundings:
    """Return surroundings on the public GitHub."""
    return envfiles.Surroundings(Host.of("https://github.com"), "ab" * 32, tmp_path / "scenarios")


def test_what_is_written_is_what_up_reads(tmp_path: Path) -> None:
    """Line ends of the key survive, and each role knows only its own."""
    envfiles.write_all(tmp_path, APP, around(tmp_path))

    server, builder, validator = (read_role(envfiles.path_of(tmp_path, role)) for role in Role)

    assert ("7", PEM, "hush") == (
        server["NIGHTSHIFT_APP_ID"],
        server["NIGHTSHIFT_APP_KEY"],
        server["NIGHTSHIFT_WEBHOOK_SECRET"],
    )
    assert {"NIGHTSHIFT_MODEL_KEY": ""} == builder
    assert {"NIGHTSHIFT_SCENARIOS": str(tmp_path / "scenarios")} == validator


@pytest.mark.parametrize("value", ["p$ssw{rd}", "${HOME}", "it's", "back\\slash", "a b#c", '"q"'])
def test_what_a_person_wrote_stays_as_it_was(tmp_path: Path, value: str) -> None:
    """With --force too: a model's key of any shape is carried over, byte for byte."""
    plain = value.replace("\\", "\\\\").replace("'", "\\'")
    (tmp_path / "builder.env").write_text(f"NIGHTSHIFT_MODEL_KEY='{plain}'\n")

    envfiles.write_all(tmp_path, APP, around(tmp_path))

    path = tmp_path / "builder.env"
    assert value == dotenv_values(path, interpolate=False)["NIGHTSHIFT_MODEL_KEY"]
    path.chmod(0o600)
    assert value == read_role(path)["NIGHTSHIFT_MODEL_KEY"]


def test_files_that_are_there_stop_everything(tmp_path: Path) -> None:
    """One is enough, and the way out is named."""
    (tmp_path / "validator.env").write_text("")

    with pytest.raises(UsageError, match=r"validator\.env: there already") as caught:
        envfiles.claim(tmp_path, force=False)

    assert "--force" in caught.value.remedy
    envfiles.claim(tmp_path, force=True)
    assert ["validator.env"] == [path.name for path in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_is_told_before_there_is_a_key(tmp_path: Path) -> None:
    """Here a file stands where the folder should be: true for root as well."""
    (tmp_path / "etc").write_text("")

    with pytest.raises(EnvironmentProblem, match="cannot write in"):
        envfiles.claim(tmp_path / "etc" / "nightshift", force=False)


def test_without_a_webhook_secret_one_is_made(tmp_path: Path) -> None:
    """An empty secret would let anybody in."""
    quiet = APP.model_copy(update={"webhook_secret": None})

    envfiles.write_all(tmp_path, quiet, around(tmp_path))

    assert len(read_role(tmp_path / "server.env")["NIGHTSHIFT_WEBHOOK_SECRET"]) == 64


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    """Whatever the mask says."""
    before = os.umask(0)
    try:
        envfiles.write_all(tmp_path, APP, around(tmp_path))
    finally:
        os.umask(before)

    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
