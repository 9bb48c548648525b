"""jj out of Debian's forky or sid, unpacked privately: no root, nothing on the system changes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bot.adapters.substrate.selftest import PRIVATE
from bot.errors import EnvironmentProblem
from bot.provision.command import call
from bot.provision.sources import Mirror, debian_mirror

SUITES = ("forky", "sid")

# The packaged jj needs a newer C library than most machines have. Calling that library's own
# loader leaves the binary untouched and works wherever the folder is moved.
_WRAPPER = """\
#!/bin/sh
here=${{0%/*}}/{private}
exec "$here/{loader}" --library-path "$here" "$here/jj" "$@"
"""


def fetch(room: Path, etc: Path = Path("/etc/apt")) -> str:
    """Put `jj` and its libraries into `room`; return where they came from."""
    mirror = debian_mirror(etc)
    if mirror is None:
        raise EnvironmentProblem("no Debian mirror in this machine's apt sources")
    for tool in ("apt-get", "apt-cache", "dpkg", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise EnvironmentProblem(f"no {tool} on PATH")
    problems = []
    for suite in SUITES:
        work = room / f"apt-{suite}"
        try:
            debs = _download(work, mirror, suite)
            _assemble(work, debs, room)
        except EnvironmentProblem as problem:
            problems.append(f"{suite}: {problem.what}")
        else:
            name = next(deb.stem for deb in debs if deb.name.startswith("jujutsu_"))
            return f"Debian {suite} ({name} and its C library)"
        finally:
            shutil.rmtree(work, ignore_errors=True)
    raise EnvironmentProblem("; ".join(problems))


def _download(work: Path, mirror: Mirror, suite: str) -> list[Path]:
    """Fetch jujutsu and all that it depends on, checked by apt, from one suite in one go."""
    arch = call(["dpkg", "--print-architecture"], seconds=20).strip()
    apt = {"APT_CONFIG": str(_private_apt(work, mirror, suite, arch))}
    call(["apt-get", "update"], seconds=120, extra=apt)
    unwanted = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    argv = ["apt-cache", "depends", "--recurse", *(f"--no-{kind}" for kind in unwanted), "jujutsu"]
    listed = call(argv, seconds=30, extra=apt)
    packages = sorted(
        {line for line in listed.splitlines() if line and not line.startswith((" ", "<", "|"))}
    )
    if "jujutsu" not in packages:
        raise EnvironmentProblem("no package jujutsu")
    call(["apt-get", "download", *packages], seconds=300, cwd=work, extra=apt)
    return sorted(work.glob("*.deb"))


def _private_apt(work: Path, mirror: Mirror, suite: str, arch: str) -> Path:
    """Lay out an apt of our own that knows one suite and no installed package."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True)
    (work / "status").touch()
    signed = f" signed-by={mirror.signed_by}" if mirror.signed_by else ""
    line = f"deb [arch={arch}{signed}] {mirror.uri} {suite} main\n"
    (work / "sources.list").write_text(line, encoding="utf-8")
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Architecture": arch,
    }
    text = "".join(f'{key} "{value}";\n' for key, value in settings.items())
    text += f'#clear APT::Architectures;\nAPT::Architectures {{ "{arch}"; }};\n'
    # Hooks of the machine belong to the machine's package lists, not to ours.
    text += "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
    path = work / "apt.conf"
    path.write_text(text, encoding="utf-8")
    return path


def _assemble(work: Path, debs: list[Path], room: Path) -> None:
    """Keep the binary, its loader and its libraries; write the wrapper that joins them."""
    tree, private = work / "tree", room / PRIVATE
    for deb in debs:
        call(["dpkg-deb", "-x", str(deb), str(tree)], seconds=60)
    shutil.rmtree(private, ignore_errors=True)
    private.mkdir()
    for path in _libraries(tree):
        shutil.copyfile(path, private / path.name)
        (private / path.name).chmod(0o755)
    loaders = sorted(private.glob("ld-linux*.so.*")) + sorted(private.glob("ld*.so.*"))
    if not (tree / "usr/bin/jj").is_file() or not loaders:
        raise EnvironmentProblem("the packages hold no jj or no loader")
    shutil.copyfile(tree / "usr/bin/jj", private / "jj")
    (private / "jj").chmod(0o755)
    wrapper = _WRAPPER.format(private=PRIVATE, loader=loaders[0].name)
    (room / "jj").write_text(wrapper, encoding="utf-8")
    (room / "jj").chmod(0o755)


def _libraries(tree: Path) -> Iterator[Path]:
    """List shared objects that lie directly in a library folder."""
    for folder, _, names in os.walk(tree):
        if "gconv" in folder:
            continue
        for name in names:
            path = Path(folder) / name
            if ".so" in path.suffixes and path.is_file():
                yield path
