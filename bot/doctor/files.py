"""The three files of an installation, and the key that server and validator share."""

from pathlib import Path

from bot.doctor.part import Health, Part, broken
from bot.domain.role import Role
from bot.errors import NightshiftError
from bot.install.envfiles import path_of
from bot.settings import BuilderSettings, ServerSettings, ValidatorSettings
from bot.up import read_role
from bot.validator.service import KEY_FILE
from bot.validator.signing import open_signer

_FIELDS = {
    Role.SERVER: ServerSettings.model_fields,
    Role.BUILDER: BuilderSettings.model_fields,
    Role.VALIDATOR: ValidatorSettings.model_fields,
}
_BY_UP = {"state", "database_url", "verdict_key"}
"""What `nightshift up` adds by itself."""


class Files:
    """The three files of one installation, read when they are asked for."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def of(self, role: Role) -> dict[str, str]:
        """Return the variables of one role."""
        return read_role(path_of(self.config, role))


def files(found: Files) -> list[Part]:
    """Look at each file: there, closed, nothing left empty that is needed."""
    return [_file(found, role) for role in Role]


def _file(found: Files, role: Role) -> Part:
    name, path = f"{role.value}.env", path_of(found.config, role)
    try:
        values = found.of(role)
    except NightshiftError as error:
        return broken(name, error)
    needed = [key for key, one in _FIELDS[role].items() if one.is_required()]
    names = [f"NIGHTSHIFT_{key.upper()}" for key in needed if key not in _BY_UP]
    empty = [variable for variable in names if not values.get(variable)]
    if empty:
        return Part(name, Health.MISSING, f"{', '.join(empty)}: not set", f"set it in {path}")
    return Part(name, Health.GOOD, str(path))


def verdict_key(found: Files, state: Path) -> list[Part]:
    """Compare the server's public key with the validator's own, where both are on this machine."""
    path = state / Role.VALIDATOR.value / KEY_FILE
    given = found.of(Role.SERVER).get("NIGHTSHIFT_VERDICT_KEY", "")
    if not path.is_file():
        detail = f"no {path}: the validator makes it when it starts"
        health = Health.WEAK if given else Health.GOOD
        return [
            Part("verdict key", health, detail, "is --state the right folder?" if given else "")
        ]
    if given and given != open_signer(path).public_key:
        detail = "server.env names another validator's key: no verdict would be believed"
        remedy = "take NIGHTSHIFT_VERDICT_KEY out of server.env: `nightshift up` fills it in"
        return [Part("verdict key", Health.BROKEN, detail, remedy)]
    return [Part("verdict key", Health.GOOD, "server and validator fit together")]
