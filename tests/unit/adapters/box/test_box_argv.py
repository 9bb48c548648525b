"""The command line of a box, for any command and any environment."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.box import Limits
from bot.adapters.box.argv import (
    Bind,
    Descriptors,
    Identity,
    Plan,
    System,
    Tools,
    etc_files,
    options,
    outer,
)

ARITY = {
    "--unshare-user": 0,
    "--unshare-ipc": 0,
    "--unshare-pid": 0,
    "--unshare-net": 0,
    "--unshare-uts": 0,
    "--unshare-cgroup": 0,
    "--disable-userns": 0,
    "--die-with-parent": 0,
    "--new-session": 0,
    "--clearenv": 0,
    "--cap-drop": 1,
    "--hostname": 1,
    "--json-status-fd": 1,
    "--seccomp": 1,
    "--proc": 1,
    "--dev": 1,
    "--size": 1,
    "--perms": 1,
    "--tmpfs": 1,
    "--remount-ro": 1,
    "--chdir": 1,
    "--ro-bind": 2,
    "--bind": 2,
    "--symlink": 2,
    "--file": 2,
    "--setenv": 2,
}
"""Every option that may ever be given, with how many words follow it."""

PLAN = Plan(
    tools=Tools("/usr/bin/setpriv", "/usr/bin/prlimit", "/usr/bin/bwrap"),
    system=System(
        binds=(Bind("/usr", "/usr"), Bind("/python", "/opt/python")),
        symlinks=(("usr/bin", "/bin"),),
        python="/opt/python/bin/python3.11",
        hidden=("/opt/python/lib/python3.11/site-packages",),
    ),
    identity=Identity(61001, 61001, switch=True),
    limits=Limits(),
    processes=136,
    memory_by_rlimit=False,
    work="/slots/00/work",
    layers=(Bind("/slots/00/layer-0", "/env"),),
    argv=("true",),
)
FDS = Descriptors(10, 11, 12, {"/etc/passwd": 13})
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TRICKS = st.sampled_from(["--share-net", "--bind", "--unshare-user-try", "--", "--args", "-x"])


def parsed(words: list[str]) -> list[tuple[str, ...]]:
    """Read options as bubblewrap does; fails on any that is not known here."""
    found, index = [], 0
    while index < len(words):
        count = ARITY[words[index]]
        found.append(tuple(words[index : index + count + 1]))
        index += count + 1
    return found


@settings(deadline=None)
@given(
    argv=st.lists(WORDS | TRICKS, min_size=1, max_size=5),
    env=st.dictionaries(st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True), WORDS | TRICKS),
)
def test_no_command_and_no_variable_changes_the_walls(argv: list[str], env: dict[str, str]) -> None:
    """Whatever runs, the options stay the known ones, and only --setenv depends on the caller."""
    plan = replace(PLAN, argv=tuple(argv), env=env)
    given_options = parsed(options(plan, FDS))
    fixed = [option for option in given_options if option[0] != "--setenv"]
    assert fixed == [o for o in parsed(options(PLAN, FDS)) if o[0] != "--setenv"]
    assert {option[1:] for option in given_options if option[0] == "--setenv"} >= set(env.items())
    command = outer(plan, FDS)
    assert command[: len(command) - len(argv)] == outer(PLAN, FDS)[:-1]
    assert command[len(command) - len(argv) :] == argv


@pytest.mark.parametrize(
    "needed",
    [
        ("--unshare-user",),
        ("--unshare-ipc",),
        ("--unshare-pid",),
        ("--unshare-net",),
        ("--unshare-uts",),
        ("--unshare-cgroup",),
        ("--disable-userns",),
        ("--die-with-parent",),
        ("--new-session",),
        ("--clearenv",),
        ("--cap-drop", "ALL"),
        ("--seccomp", "12"),
    ],
)
def test_every_wall_is_spelled_out(needed: tuple[str, ...]) -> None:
    """No namespace is left to a flag that may quietly do less."""
    assert needed in parsed(options(PLAN, FDS))


def test_the_root_is_closed_last() -> None:
    """Nothing is mounted after the root became read-only, and all that is writable is sized."""
    found = parsed(options(PLAN, FDS))
    assert found[-1] == ("--remount-ro", "/")
    for index, option in enumerate(found):
        if option[0] == "--tmpfs" and ("--remount-ro", option[1]) not in found:
            assert found[index - 1][0] == "--size"


def test_the_interpreters_own_packages_are_hidden() -> None:
    """A product sees the packages it asked for and no others."""
    found = parsed(options(PLAN, FDS))
    place = found.index(("--tmpfs", "/opt/python/lib/python3.11/site-packages"))
    assert found[place + 1] == ("--remount-ro", "/opt/python/lib/python3.11/site-packages")


def test_root_has_to_become_somebody_else_first() -> None:
    """The launch drops to the slot's user, with no capability and no way back."""
    words = outer(PLAN, FDS)
    assert words[1:4] == ["--reuid=61001", "--regid=61001", "--clear-groups"]
    assert {"--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"} <= set(words)
    with pytest.raises(ValueError, match="never started as root"):
        outer(replace(PLAN, identity=Identity(0, 0, switch=False)), FDS)


def test_an_ordinary_user_changes_no_identity() -> None:
    """Without root nothing is asked of setpriv that it would refuse."""
    words = outer(replace(PLAN, identity=Identity(1000, 1000, switch=False)), FDS)
    assert not [word for word in words if word.startswith(("--reuid", "--clear", "--bounding"))]
    assert "--no-new-privs" in words


def test_memory_is_bounded_per_process_without_cgroups() -> None:
    """The data segment is limited when nothing else limits memory."""
    limits = Limits(memory_mb=100)
    plain = outer(replace(PLAN, limits=limits), FDS)
    bounded = outer(replace(PLAN, limits=limits, memory_by_rlimit=True), FDS)
    assert set(bounded) - set(plain) == {f"--data={100 << 20}"}


def test_the_box_knows_its_own_user_and_no_other() -> None:
    """/etc holds one account, one group, and local names only."""
    files = etc_files(PLAN.identity)
    assert files["/etc/passwd"].count(b"\n") == 1
    assert b":61001:61001:" in files["/etc/passwd"]
    assert b"localhost" in files["/etc/hosts"]
