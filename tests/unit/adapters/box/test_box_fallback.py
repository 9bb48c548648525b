"""The fallback's plans: what sandlock is told, and where the box's directories are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.box import fallback
from bot.adapters.box.argv import Bind, Descriptors, Identity, Plan, System, Tools
from bot.adapters.box.limits import Limits

SANDLOCK = fallback.Sandlock(Path("/venv/sandlock"), "keep()", "enter()")
PLAN = Plan(
    tools=Tools("/usr/bin/setpriv", "/usr/bin/prlimit", ""),
    system=System(
        (Bind("/usr", "/usr"), Bind("/python", "/opt/python")),
        (("usr/bin", "/bin"),),
        "/opt/python/bin/python3.11",
        hidden=("/opt/python/lib/site-packages",),
        library_path="/opt/python/lib",
    ),
    identity=Identity(60_800, 60_800, switch=True),
    limits=Limits(),
    processes=10,
    memory_by_rlimit=False,
    work="/slots/00/work",
    layers=(Bind("/slots/00/layer-0", "/env"),),
    argv=("python", "/work/x.py", "--at=/work"),
    tmp="/slots/00/tmp",
    shortcuts="/slots/00/bin",
)
FDS = Descriptors(10, 11, 12, {}, frozenset({3}))


def told() -> dict[str, object]:
    """Return what the keeper reads."""
    (word,) = fallback.options(SANDLOCK, PLAN, FDS)
    found: dict[str, object] = json.loads(word)
    return found


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/work", "/slots/00/work"),
        ("/work/src:/work:/env/site", "/slots/00/work/src:/slots/00/work:/slots/00/layer-0/site"),
        ("/tmp/x", "/slots/00/tmp/x"),  # noqa: S108
        ("/opt/python/bin/python", "/python/bin/python"),
        ("/workshop", "/workshop"),
        ("/usr/bin/env", "/usr/bin/env"),
        ("say /work", "say /work"),
        ("", ""),
    ],
)
def test_a_word_that_names_a_place_names_the_real_one(word: str, expected: str) -> None:
    """Whole words and path lists are translated; text that only mentions a place is not."""
    assert expected == fallback.translate(word, fallback.places(PLAN))


def test_nothing_is_allowed_that_is_not_named() -> None:
    """Sandlock may write three places, connects nowhere, degrades nothing, inherits nothing."""
    policy = fallback.policy(PLAN, fallback.places(PLAN))
    assert policy["fs_writable"] == ["/slots/00/work", "/slots/00/tmp", "/dev/null"]
    assert policy["clean_env"] is True
    weakening = ("net_allow", "net_deny", "net_allow_bind", "allow_degraded", "disable", "chroot")
    assert not set(weakening) & set(policy)
    readable = policy["fs_readable"]
    assert isinstance(readable, list)
    assert not {"/", "/proc", "/dev", "/etc", "/slots", "/venv"} & set(readable)


def test_a_missing_cgroup_leaves_memory_to_sandlock() -> None:
    """Without a group the box's memory is counted by sandlock, with one by the kernel."""
    where = fallback.places(PLAN)
    assert "max_memory" not in fallback.policy(PLAN, where)
    bare = fallback.policy(replace(PLAN, memory_by_rlimit=True), where)
    assert bare["max_memory"] == PLAN.limits.memory_mb << 20


def test_it_is_never_started_as_root() -> None:
    """Sandlock run as root keeps every capability inside: the command line is refused."""
    with pytest.raises(ValueError, match="never started as root"):
        fallback.outer(SANDLOCK, replace(PLAN, identity=Identity(0, 0, switch=False)), FDS)


def test_privileges_and_limits_go_before_the_keeper_starts() -> None:
    """The keeper itself runs as the slot's user, and within the limits."""
    words = fallback.outer(SANDLOCK, PLAN, FDS)
    assert words[0] == "/usr/bin/setpriv"
    assert "--reuid=60800" in words
    assert words.index("/usr/bin/prlimit") < words.index("/python/bin/python3.11")
    assert words[-3:] == ["keep()", "10", "11"]


def test_the_command_gets_its_descriptors_and_no_others() -> None:
    """Streams always, the private channel when there is one."""
    assert told()["descriptors"] == [0, 1, 2, 3]
    argv = told()["argv"]
    assert isinstance(argv, list)
    assert argv[-4:] == ["--", "python", "/slots/00/work/x.py", "--at=/work"]
