"""A product's packages: chosen outside from wheels, installed in a real box."""

import asyncio
import os
import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.adapters.box import (
    BoxPool,
    BoxSettings,
    LauncherConfig,
    environment,
    spawn_launcher,
)
from bot.adapters.box.requirements import Project
from bot.domain.mission import Environment
from bot.errors import UsageError

pytestmark = pytest.mark.integration

UID_BASE = 1_200_000 + os.getpid() % 20_000 * 16


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a directory that other users can walk, as canaries in it have to be reachable."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-box-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def pool(scratch: Path) -> AsyncIterator[BoxPool]:
    """Open a proven pool."""
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch)
    config = LauncherConfig(2, UID_BASE, (scratch,), scratch / "work")
    opened = await BoxPool.open(settings, await spawn_launcher(config))
    yield opened
    await opened.close()


def wheel(folder: Path, name: str, needs: str = "") -> None:
    """Write a wheel by hand: one module, one command."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "import os\nWHO = os.getuid()\ndef main():\n    print('from', __name__)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\nrun-{name} = {name}:main\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as out:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            out.writestr(path, text)


@pytest.fixture
def pip_env(tmp_path: Path) -> dict[str, str]:
    """Serve two wheels, one needing the other, and no index."""
    wheel(tmp_path, "upper", needs="lower>=1")
    wheel(tmp_path, "lower")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}


async def test_a_mission_gets_its_packages_and_its_own_name(
    pool: BoxPool, scratch: Path, pip_env: dict[str, str]
) -> None:
    """Requirements, their requirements and the project's metadata are there; twice is once."""
    files = {
        "req.txt": b"upper==1.0\n-e .\n",
        "pyproject.toml": b"[project]\nname='My.App'\nversion='3.1'\nscripts={app='lower:main'}\n",
    }

    async def read(path: str) -> bytes | None:
        return files.get(path)

    async def layers() -> tuple[environment.Layer, ...]:
        return await environment.layers(
            Environment(requirements="req.txt", packages=("lower",), project=True),
            read=read,
            cache=scratch / "layers",
            pool=pool,
            pip_env=pip_env,
        )

    one, two = await asyncio.gather(layers(), layers())
    assert one == two == await layers()
    assert {path.name.split("-")[0] for path in (scratch / "layers").iterdir()} == {"env", "pip"}
    ask = "import importlib.metadata as m, upper; print(m.version('my-app'), upper.__cached__)"
    async with pool.box(one) as box:
        result = await box.run(["sh", "-c", f'run-upper && app && python -c "{ask}"'])
        assert (await box.run(["python", "-c", "import pip"])).exit_code == 1
    output = result.stdout.decode().splitlines()
    assert output[:2] == ["from upper", "from lower"]
    assert output[2].startswith("3.1 /env/site/__pycache__/upper")
    assert (one[0].host / "site" / "__pycache__").stat().st_mode & 0o777 == 0o755


async def test_nothing_wanted_is_nothing_built(pool: BoxPool, scratch: Path) -> None:
    """A mission without an environment needs no layer and no pip."""
    resolved = await environment.resolve(
        requirements_text="# none\n",
        packages=(),
        project=None,
        cache=scratch / "none",
        pool=pool,
        pip_env={},
    )
    assert resolved is None
    assert not (scratch / "none").exists()


async def test_what_cannot_be_had_is_told_in_pips_own_words(
    pool: BoxPool, scratch: Path, pip_env: dict[str, str]
) -> None:
    """An unknown package is the user's to mend, and leaves nothing half-built."""
    with pytest.raises(UsageError) as caught:
        await environment.resolve(
            requirements_text="no-such-thing==9",
            packages=(),
            project=Project("x", "1"),
            cache=scratch / "failed",
            pool=pool,
            pip_env=pip_env,
        )
    assert "no-such-thing" in caught.value.means
    assert list((scratch / "failed").iterdir()) == []
