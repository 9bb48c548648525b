"""The launcher against a peer that breaks its rules."""

import os

import pytest

from bot.adapters.box import LauncherConfig, LauncherHandle, Limits, spawn_launcher
from bot.adapters.box.machine import Config
from bot.errors import BoxUnavailable

ROOT = os.geteuid() == 0
LIMITS = Limits().plain()
BAD_REQUESTS: list[tuple[str, dict[str, object]]] = [
    ("shell", {}),
    ("spawn", {"slot": 0}),
    ("spawn", {"slot": 99}),
    ("spawn", {"slot": -1}),
    ("spawn", {"slot": True}),
    ("release", {"slot": "0"}),
    ("release", {}),
    ("lease", {"limits": {}, "layers": []}),
    ("lease", {"limits": LIMITS, "layers": "x"}),
    ("lease", {"limits": LIMITS, "layers": [["/"] * 2] * 50}),
    ("lease", {"limits": LIMITS, "layers": [["/etc", "/env"]]}),
    ("lease", {"limits": LIMITS, "layers": [[7, "/env"]]}),
    ("kill", {}),
]


async def test_a_launcher_refuses_what_breaks_its_rules(config: LauncherConfig) -> None:
    """Unknown verbs, slots that are not leased and malformed fields get an error, no more."""
    launcher = await spawn_launcher(config)
    for verb, fields in BAD_REQUESTS:
        with pytest.raises(BoxUnavailable, match="refused"):
            await launcher.request(verb, **fields)
    assert (await launcher.request("status"))[0]["leased"] == []
    await launcher.close()


@pytest.mark.parametrize("packet", [b"{", b"[]", b"\xff\xfe", b"x" * 170_000])
async def test_garbage_ends_a_launcher(config: LauncherConfig, packet: bytes) -> None:
    """A peer that does not speak the protocol is not listened to any longer."""
    launcher = await spawn_launcher(config)
    await launcher.request("hello")
    launcher._sock.send(packet)
    with pytest.raises(BoxUnavailable, match="has ended"):
        await launcher.request("status")
    await launcher.close()


async def test_users_are_never_shared_between_launchers(config: LauncherConfig) -> None:
    """As root, a second launcher on the same users is refused with the reason."""
    first = await spawn_launcher(config)
    await first.request("hello")
    second = await spawn_launcher(config)
    if ROOT:
        with pytest.raises(BoxUnavailable, match="taken by another launcher"):
            await second.request("hello")
    else:
        assert (await second.request("hello"))[0]["own_users"] is False
    await first.close()
    await second.close()


async def test_a_connection_can_be_handed_to_another_process(config: LauncherConfig) -> None:
    """The supervisor starts the launcher; whoever gets the descriptor leases boxes from it."""
    launcher = await spawn_launcher(config)
    adopted = LauncherHandle.adopt(os.dup(launcher.fileno()))
    launcher.surrender()
    assert (await adopted.request("hello"))[0]["slots"] == 2
    await adopted.close()
    await launcher.close()


def test_what_is_no_connection_is_refused() -> None:
    """A wrong descriptor number is told in plain words."""
    with pytest.raises(BoxUnavailable, match="no launcher connection"):
        LauncherHandle.adopt(40_000)


@pytest.mark.parametrize(
    ("slots", "uid_base"), [(0, 61_000), (65, 61_000), (2, 0), (2, 999), (3, 65_532)]
)
def test_users_of_real_accounts_are_refused(slots: int, uid_base: int) -> None:
    """Neither root, nor system accounts, nor nobody ever run a box."""
    text = f'{{"slots": {slots}, "uid_base": {uid_base}, "roots": [], "scratch": "/"}}'
    with pytest.raises(BoxUnavailable):
        Config.parse(text)
