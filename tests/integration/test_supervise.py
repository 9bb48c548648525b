"""Starting and watching roles, with the real role program as the child process."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from shutil import rmtree

import pytest

from bot.domain.role import Role
from bot.errors import EnvironmentProblem, PortInUse, UsageError
from bot.supervise import CODE, RolePlan, Supervisor, Users, _code, _Died, _explained, _Running


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    """Give a prepared supervisor without users of its own, and end what it started."""
    state = Path(tempfile.mkdtemp(prefix="nightshift-supervise-"))
    made = Supervisor(state, None)
    made.prepare()
    yield made
    await made.stop()
    rmtree(state)


def plan(supervisor: Supervisor, **more: str) -> RolePlan:
    """Return a server's plan that lacks all it needs, but for what is given."""
    return RolePlan(
        Role.SERVER,
        {
            "PYTHONPATH": str(CODE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NIGHTSHIFT_STATE": str(supervisor.home(Role.SERVER)),
            "NIGHTSHIFT_DATABASE_URL": supervisor.database_url,
            **more,
        },
    )


async def running(supervisor: Supervisor, script: str) -> _Running:
    """Stand a small program in a role's place."""
    log = supervisor.state / "logs" / "server.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=sink
        )
    return _Running(plan(supervisor), process, None, log)


def test_folders_are_closed_to_others(tmp_path: Path) -> None:
    """Each role's home and the logs are for their owner alone; doing it twice changes nothing."""
    made = Supervisor(tmp_path / "state", None)
    made.prepare()
    made.prepare()
    for folder in [made.home(role) for role in Role] + [made.state / "logs"]:
        assert folder.stat().st_mode & 0o077 == 0
    assert made.database_url == f"sqlite:///{made.state}/shared/nightshift.db"


def test_users_never_overlap() -> None:
    """Roles and their boxes are all different users, within the block of a hundred."""
    users = Users(5000)
    boxes = [users.boxes(Role.BUILDER) + n for n in range(40)]
    boxes += [users.boxes(Role.VALIDATOR) + n for n in range(40)]
    ids = [users.uid(role) for role in Role] + boxes
    assert len(set(ids)) == len(ids)
    assert all(5000 < uid < 5100 for uid in ids)
    for role, other in ((Role.BUILDER, Role.VALIDATOR), (Role.VALIDATOR, Role.BUILDER)):
        assert users.peer_boxes(role) == users.boxes(other)


def test_homes_belong_to_their_roles(tmp_path: Path) -> None:
    """As root every home belongs to its role's user; an ordinary user can give nothing away."""
    users = Users(61_000) if os.geteuid() == 0 else None
    owners = [users.uid(role) if users else os.getuid() for role in Role]
    made = Supervisor(tmp_path / "state", users)
    made.prepare()
    inside = made.home(Role.VALIDATOR) / "corpora" / "a.md"
    inside.parent.mkdir()
    inside.touch()
    made.give(Role.VALIDATOR, inside.parent)
    assert inside.stat().st_uid == owners[-1]
    assert [made.home(role).stat().st_uid for role in Role] == owners
    if users is not None:
        assert (made.state / "shared").stat().st_gid == users.shared_gid


def test_no_role_is_shown_a_scenario() -> None:
    """The scenarios of the checkout are in nobody's view; the validator sees no workflow."""
    for role in Role:
        assert not any((CODE / "scenarios").is_relative_to(shown) for shown in _code(role))
    assert CODE / "workflows" not in _code(Role.VALIDATOR)
    assert CODE / "bot" in _code(Role.SERVER)


async def test_a_role_that_misses_a_setting_is_a_usage_error(supervisor: Supervisor) -> None:
    """The role's own last words reach the person who started it."""
    with pytest.raises(UsageError) as caught:
        await supervisor.start(plan(supervisor))
    assert "NIGHTSHIFT_" in caught.value.what


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (2, "settings: NIGHTSHIFT_APP_ID: missing", UsageError),
        (4, "environment: no box", EnvironmentProblem),
        (4, "port-in-use: cannot listen on 127.0.0.1:80", PortInUse),
        (1, "Traceback", _Died),
        (-9, "", _Died),
    ],
)
async def test_an_end_is_explained_by_its_code(
    supervisor: Supervisor, code: int, said: str, kind: type[Exception]
) -> None:
    """The exit code says which class of error it is, the log says the rest."""
    one = await running(supervisor, "pass")
    await one.process.communicate()  # to the end of its output too
    one.log.write_text(said)
    told = _explained(one, code)
    assert type(told) is kind
    assert (said or "it said nothing") in told.what


class _Script(Supervisor):
    """A supervisor whose roles are small programs, one after the other."""

    scripts: list[str]
    began: list[float]

    async def _spawn(self, plan: RolePlan) -> _Running:  # noqa: ARG002  the scripts are the plan
        self.began.append(time.monotonic())
        return await running(self, self.scripts.pop(0))


def ready(then: float) -> str:
    """Return a program that says it is ready and stays for a while."""
    return f"""import time; print('{{"ready": "server"}}', flush=True); time.sleep({then})"""


DIES = "import os; os.kill(os.getpid(), 9)"


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[Callable[[list[str]], _Script]]:
    """Give a maker of supervisors over small programs."""
    made = _Script(tmp_path / "state", None, pause_s=0.05)
    made.prepare()
    made.began = []

    def make(scripts: list[str]) -> _Script:
        made.scripts = scripts
        return made

    yield make
    await made.stop()


async def test_a_role_that_dies_while_it_starts_is_started_again(
    scripted: Callable[[list[str]], _Script],
) -> None:
    """A kill in the wrong moment ends neither the role nor everything else."""
    supervisor = scripted([f"{ready(0.05)}; {DIES}", DIES, ready(60)])
    await supervisor.start(plan(supervisor))
    first = supervisor.pid(Role.SERVER)
    watching = asyncio.create_task(supervisor.watch())
    async with asyncio.timeout(20):
        while len(supervisor.began) < 3 or not supervisor._running[Role.SERVER].ready:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert not watching.done()
    assert supervisor.pid(Role.SERVER) != first
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    pauses = [b - a for a, b in zip(supervisor.began, supervisor.began[1:], strict=False)]
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2


async def test_a_role_that_names_a_mistake_is_not_started_again(
    scripted: Callable[[list[str]], _Script],
) -> None:
    """Exit code 2 or 4 means that a person has to mend something first."""
    supervisor = scripted([ready(0) + "; raise SystemExit(4)", ready(60)])
    await supervisor.start(plan(supervisor))
    with pytest.raises(ExceptionGroup) as caught:
        await supervisor.watch()
    assert caught.group_contains(EnvironmentProblem)
    assert len(supervisor.began) == 1


async def test_what_is_remembered_is_given_at_the_next_start(
    scripted: Callable[[list[str]], _Script],
) -> None:
    """A port that was chosen once stays the same after a restart."""
    supervisor = scripted([ready(60)])
    await supervisor.start(plan(supervisor))
    supervisor.remember(Role.SERVER, "NIGHTSHIFT_LISTEN_PORT", "4711")
    kept = supervisor._running[Role.SERVER].plan.environment
    assert kept["NIGHTSHIFT_LISTEN_PORT"] == "4711"
    assert kept["PYTHONPATH"] == str(CODE)
