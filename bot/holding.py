"""`nightshift pause` and `resume`: one switch that holds all roles before their next step."""

from pathlib import Path

from dotenv import dotenv_values
from rich.console import Console

from bot.adapters.store import Store
from bot.domain.role import Role
from bot.errors import UsageError
from bot.supervise import Supervisor

OWNER = "owner"
_SQLITE = "sqlite:///"


async def pause(config: Path, state: Path, why: str, console: Console) -> int:
    """Pull the switch; what runs comes to rest within one step."""
    async with Store(_database(config, state)) as store:
        new = await store.pause(OWNER, why)
    said = "paused: no role begins another step" if new else "it was paused already"
    console.print(f"{said}. `nightshift resume` lets work go on where it stands.", highlight=False)
    return 0


async def resume(config: Path, state: Path, console: Console, *, everything: bool = False) -> int:
    """Let go of the switch, for the owner and for what Nightshift itself has stopped by.

    `everything` also lets go for issues; one that still carries the label holds again at the next
    look.
    """
    async with Store(_database(config, state)) as store:
        held = await store.pauses()
        mine = [one for one in held if everything or "#" not in one.source]
        for one in mine:
            await store.resume(one.source)
        others = await store.pauses()
    for one in mine:
        console.print(f"resumed what {one.source} held: {one.why}", highlight=False)
    if not mine:
        console.print("it was not paused from here", highlight=False)
    for other in others:
        console.print(f"still held by {other.source}: {other.why}", highlight=False)
    if others:
        console.print(
            "next: take the label off; `nightshift resume --all` where nobody can",
            highlight=False,
        )
    return 1 if others else 0


def _database(config: Path, state: Path) -> str:
    """Find the database the roles share: what server.env names, else the one in the state."""
    server = dotenv_values(config / f"{Role.SERVER.value}.env", interpolate=False)
    named = server.get("NIGHTSHIFT_DATABASE_URL")
    url = named or Supervisor(state, None).database_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise UsageError(
            f"there is no database at {url}",
            means="`nightshift up` makes it at its first start",
            remedy="name the folder that `nightshift up` was given with --state",
        )
    return url
