"""Composition roots: settings become objects, objects become a running role.

Each `serve_*` runs until SIGTERM, says `{"ready": ROLE, ...}` on standard output once, and closes
what it opened. Only here is known which part is made of what; a process loads its own role alone.
"""

from bot.domain.role import Role
from bot.settings import BuilderSettings, ServerSettings, ValidatorSettings


async def serve(role: Role) -> None:
    """Run one role from its environment until SIGTERM."""
    match role:
        case Role.SERVER:
            from bot.roles.server import serve_server  # noqa: PLC0415  no model's client in it

            await serve_server(ServerSettings.read())
        case Role.BUILDER:
            from bot.roles.builder import serve_builder  # noqa: PLC0415  no client of GitHub in it

            await serve_builder(BuilderSettings.read())
        case Role.VALIDATOR:
            from bot.roles.validator import serve_validator  # noqa: PLC0415  neither of both

            await serve_validator(ValidatorSettings.read())
