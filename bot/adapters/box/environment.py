"""What a product needs to run, as a read-only layer at /env.

Resolved outside the box, where there is a network and no code of any package runs: wheels only,
and no requirement that would make pip build or fetch anything else. Installed inside a box, which
has no network. The result is cached by what was asked for and by the interpreter.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from bot.adapters.box.box import Box, Layer
from bot.adapters.box.limits import MIB, Limits
from bot.adapters.box.pool import BoxPool
from bot.adapters.box.requirements import (
    Project,
    Read,
    read_project,
    read_requirements,
    requirement_lines,
)
from bot.domain.mission import Environment
from bot.errors import BoxUnavailable, EnvironmentProblem, UsageError

INSIDE = "/env"
_FORMAT = "1"
"""Part of every cache key: raise it when a layer is built differently."""
_DOWNLOAD_S = 900.0
_PIP_INSIDE, _WHEELS_INSIDE = "/layers/pip", "/wheels"
_MAX_BYTES = 1 << 30


async def layers(
    wanted: Environment,
    *,
    read: Read,
    cache: Path,
    pool: BoxPool,
    pip_env: Mapping[str, str],
) -> tuple[Layer, ...]:
    """Turn a mission's environment into the layers of a box; `read` reads the base commit."""
    text = await read_requirements(wanted.requirements, read) if wanted.requirements else ""
    project = read_project(await read("pyproject.toml")) if wanted.project else None
    layer = await resolve(
        requirements_text=text,
        packages=wanted.packages,
        project=project,
        cache=cache,
        pool=pool,
        pip_env=pip_env,
    )
    return () if layer is None else (layer,)


async def resolve(
    *,
    requirements_text: str,
    packages: Sequence[str],
    project: Project | None,
    cache: Path,
    pool: BoxPool,
    pip_env: Mapping[str, str],
) -> Layer | None:
    """Return the layer with these packages, from the cache when it was built before.

    `pip_env` is all of the environment that pip gets outside the box. Raises UsageError with pip's
    own last words when something cannot be had. `cache` lies below a root of the launcher.
    """
    wanted = requirement_lines("\n".join([requirements_text, *packages]))
    if not wanted and project is None:
        return None
    key = _key(wanted, project)
    final = cache / f"env-{key}"
    if not _have(final):
        _make(cache)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as scratch:
            built = Path(scratch) / "layer"
            (built / "site").mkdir(parents=True)
            if wanted:
                wheels = await _download(wanted, Path(scratch), pip_env)
                tree = await _install(wheels, await _pip_layer(cache), pool)
                await asyncio.to_thread(unpack, tree, built)
            if project is not None:
                _describe(project, built)
            await asyncio.to_thread(_settle, built, final)
    return Layer(final, INSIDE)


def _key(wanted: Sequence[str], project: Project | None) -> str:
    described = None if project is None else asdict(project)
    tag = f"{sys.implementation.cache_tag}-{sys.platform}-{os.uname().machine}"
    text = json.dumps([_FORMAT, list(wanted), described, tag], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


async def _download(wanted: Sequence[str], scratch: Path, pip_env: Mapping[str, str]) -> Path:
    """Let pip choose and fetch wheels. It reads their metadata and runs none of their code."""
    wheels = scratch / "wheels"
    wheels.mkdir()
    listing = scratch / "requirements.txt"
    listing.write_text("\n".join(wanted) + "\n")
    command = [
        *(sys.executable, "-I", "-m", "pip", "download", "--only-binary=:all:"),
        *("--no-input", "--disable-pip-version-check", "--progress-bar=off", "--quiet"),
        *("--dest", str(wheels), "--requirement", str(listing)),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(scratch), **pip_env},
        cwd=scratch,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_DOWNLOAD_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise EnvironmentProblem(
            f"pip needed more than {_DOWNLOAD_S:.0f} s",
            remedy="check that the package index answers",
        ) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        raise UsageError(
            "the environment cannot be resolved",
            means=f"{_last_words(output)} (only wheels are taken: a build would run code)",
            remedy="name versions that have wheels, or see that the package index can be reached",
        )
    return wheels


async def _pip_layer(cache: Path) -> Path:
    """Give pip itself to the box: the interpreter's own packages are hidden in there."""
    source, stamp = _pip()
    final = cache / f"pip-{stamp}"
    if not _have(final):
        with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as scratch:
            built = Path(scratch) / "layer"
            ignore = shutil.ignore_patterns("__pycache__")
            await asyncio.to_thread(shutil.copytree, source, built / "pip", ignore=ignore)
            await asyncio.to_thread(_settle, built, final)
    return final


def _pip() -> tuple[Path, str]:
    """Find this interpreter's pip, and a name for just this installation of it."""
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise EnvironmentProblem(
            "this Python has no pip", remedy=f"{sys.executable} -m ensurepip --upgrade"
        )
    changed = Path(spec.origin).stat().st_mtime_ns
    stamp = hashlib.sha256(f"{spec.origin} {changed}".encode()).hexdigest()[:16]
    return Path(spec.origin).parent, stamp


def _have(path: Path) -> bool:
    return path.is_dir()


def _make(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)


async def _install(wheels: Path, pip: Path, pool: BoxPool) -> bytes:
    """Unpack the wheels in a box and return the tree with `site` and `bin`."""
    size_mb = _open_up(wheels) // MIB
    limits = Limits(
        wall_s=600.0,
        cpu_s=600,
        memory_mb=1024 + 8 * size_mb,
        file_mb=256 + 4 * size_mb,
        work_mb=256 + 8 * size_mb,
        work_inodes=1_000_000,
        output_bytes=MIB,
    )
    script = (
        'mkdir tmp site bin && TMPDIR="$PWD/tmp" python -m pip install --quiet --no-index --no-deps'
        " --no-cache-dir --no-compile --disable-pip-version-check --no-input"
        ' --target site "$1"/*.whl && rm -rf tmp &&'
        " if [ -d site/bin ]; then mv site/bin/* bin/ && rmdir site/bin; fi &&"
        " python -m compileall -q --invalidation-mode unchecked-hash site || true; test -d bin"
    )
    inside = (Layer(pip, _PIP_INSIDE), Layer(wheels, _WHEELS_INSIDE))
    async with pool.box(inside, limits) as box:
        await _run(box, script)
        return await box.get(max_bytes=min(_MAX_BYTES, (512 + 16 * size_mb) * MIB))


def _open_up(wheels: Path) -> int:
    """Let the box's user read the wheels; their size in bytes."""
    wheels.chmod(0o755)
    size = 0
    for wheel in wheels.iterdir():
        wheel.chmod(0o644)
        size += wheel.stat().st_size
    return size


async def _run(box: Box, script: str) -> None:
    result = await box.run(
        ["/bin/sh", "-c", script, "sh", _WHEELS_INSIDE],
        env={"PYTHONPATH": _PIP_INSIDE},
        merge_stderr=True,
    )
    if not result.started:
        raise BoxUnavailable("the box for the installation did not start")
    if result.exit_code != 0:
        raise UsageError(
            "the environment cannot be installed",
            means="it took too long" if result.timed_out else _last_words(result.stdout),
            remedy="mend the requirements",
        )


def unpack(tree: bytes, target: Path) -> None:
    """Write the files of a tar that came out of a box; raises UsageError for anything odd.

    `target` is ours alone and no link is ever made in it, so no name can lead out of it.
    """
    with tarfile.open(fileobj=io.BytesIO(tree), mode="r:") as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            if not parts or ".." in parts or parts[0] == "/" or "\0" in member.name:
                raise UsageError(f"a package holds a path of the wrong kind: {member.name[:200]}")
            path = target.joinpath(*parts)
            if member.isdir():
                path.mkdir(exist_ok=True)
            elif member.isreg():
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file, tar.extractfile(member) or io.BytesIO() as content:
                    shutil.copyfileobj(content, file)
                path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _describe(project: Project, built: Path) -> None:
    """Write what an installation of the project itself would have left."""
    name = re.sub(r"[-_.]+", "_", project.name)
    info = built / "site" / f"{name}-{project.version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n"
    )
    entries = "".join(f"{name} = {target}\n" for name, target in project.scripts.items())
    (info / "entry_points.txt").write_text(f"[console_scripts]\n{entries}")
    (built / "bin").mkdir(exist_ok=True)
    for command, target in project.scripts.items():
        module, function = target.split(":")
        script = built / "bin" / command
        script.write_text(
            f"#!/usr/bin/env python\nimport sys\nfrom {module} import {function.split('.')[0]}\n"
            f"sys.exit({function}())\n"
        )
        script.chmod(0o755)


def _settle(built: Path, final: Path) -> None:
    """Make the tree readable by every user and move it to its name; the first one to come wins."""
    for folder, _, files, fd in os.fwalk(built):
        del folder
        os.fchmod(fd, 0o755)
        for name in files:
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            os.chmod(name, 0o755 if mode & 0o100 else 0o644, dir_fd=fd)
    try:
        built.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _last_words(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1][:500]
