"""The house keeps its rooms apart: who may import whom, and who alone may import which library."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ALLOWED = {
    "bot.errors": set(),
    "bot.domain": {"bot.errors"},
    "bot.wire": {"bot.errors", "bot.domain"},
    "bot.policy": {"bot.errors", "bot.domain", "bot.wire"},
    "bot.adapters": {"bot.errors", "bot.domain", "bot.wire", "bot.provision"},
    "bot.validator": {
        "bot.errors",
        "bot.domain",
        "bot.wire",
        "bot.policy",
        "bot.adapters.box",
        "bot.adapters.substrate.gitstore",
    },
    "bot.web": {"bot.errors", "bot.domain", "bot.wire", "bot.policy"},
    "bot.flows": {
        "bot.errors",
        "bot.domain",
        "bot.wire",
        "bot.policy",
        "bot.adapters",
        "bot.web.intake",
    },
    "twins": set(),
}
"""Each room may import itself and these. Rooms that are not named here are composition roots."""

ALONE = {
    "dbos": "bot.adapters.engine",
    "anthropic": "bot.adapters.model",
    "gidgethub": "bot.adapters.forge",
    "twins": "bot.stage",
}
# Clients of the services that the twins play: they are tried on them.
MET_BY_TWINS = {"anthropic", "gidgethub"}
"""Libraries that one room alone may import, so that a change of theirs stays in it."""


READERS = {
    "bot.settings",
    "bot.provision",  # runs before there are settings, and hands the environment on to apt and pip
    "bot.adapters.box.probe",  # runs alone inside the box, to attack the environment it finds there
}
"""Who may read the process environment."""


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module of ours with its dotted name."""
    for top in ("bot", "twins"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), path


@cache
def tree(path: Path) -> ast.Module:
    """Parse a module, once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Return every absolute name that a module imports, inside functions too."""
    return tuple(name for node in ast.walk(tree(path)) for name in named(node))


def named(node: ast.AST) -> Iterator[str]:
    """Yield the absolute names of one import statement; nothing for any other node."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative import"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_load(node: ast.AST) -> Iterator[str]:
    """Yield what a module imports when it is imported: not inside functions, not for types."""
    for child in ast.iter_child_nodes(node):
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        if not later and not (
            isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        ):
            yield from named(child)
            yield from at_load(child)


def brought_along(first: str) -> set[str]:
    """Return every name that is loaded with a module, ours and foreign."""
    paths = dict(modules())
    found, todo = set[str](), [first]
    while todo:
        parts = todo.pop().split(".")
        fresh = {".".join(parts[: i + 1]) for i in range(len(parts))} - found
        found |= fresh
        for name in fresh & paths.keys():
            todo += at_load(tree(paths[name]))
    return found


def under(name: str, room: str) -> bool:
    """Tell whether a dotted name is a room or inside it."""
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_is_below_it(room: str) -> None:
    """Policy never reaches an adapter, the validator never reaches a builder, twins stand alone."""
    broken = [
        f"{name} imports {target}"
        for name, path in modules()
        if under(name, room)
        for target in imported(path)
        if (under(target, "bot") or under(target, "twins"))
        and target.partition(".")[0] != target
        and not under(target, room)
        and not any(under(target, allowed) for allowed in ALLOWED[room])
        and target != "bot.wire"
    ]

    assert [] == broken


@pytest.mark.parametrize(
    ("role", "own", "never"),
    [
        ("server", {"gidgethub"}, {"anthropic"}),
        ("builder", {"anthropic"}, {"gidgethub"}),
        ("validator", set(), {"anthropic", "gidgethub"}),
    ],
)
def test_a_role_loads_no_client_that_it_must_not_use(
    role: str, own: set[str], never: set[str]
) -> None:
    """Who runs a model has no way to GitHub at hand, and who writes to GitHub none to a model."""
    loaded = brought_along(f"bot.roles.{role}")

    assert own <= loaded
    assert set() == never & loaded


def test_adapters_never_import_each_other() -> None:
    """What joins two adapters is a flow; `database` is the one part that two of them share."""
    broken = []
    for name, path in modules():
        if not under(name, "bot.adapters") or name.count(".") < 2:
            continue
        own = ".".join(name.split(".")[:3])
        broken += [
            f"{name} imports {target}"
            for target in imported(path)
            if under(target, "bot.adapters")
            and not under(target, own)
            and not under(target, "bot.adapters.database")
        ]

    assert [] == broken


@pytest.mark.parametrize("library", sorted(ALONE))
def test_one_room_alone_knows_a_library(library: str) -> None:
    """A library with traps is handled in one place."""
    room = ALONE[library]
    broken = [
        f"{name} imports {target}"
        for name, path in modules()
        if not under(name, room) and not under(name, library)
        for target in imported(path)
        if under(target, library) and not (library in MET_BY_TWINS and under(name, "twins"))
    ]

    assert [] == broken


def test_only_commands_for_people_use_the_client_that_blocks() -> None:
    """PyGithub sleeps inside its calls: a role's event loop would stand still."""
    rooms = ("bot.install", "bot.doctor", "bot.stage", "twins.conformance")
    broken = [
        f"{name} imports {target}"
        for name, path in modules()
        if not any(under(name, room) for room in rooms)
        for target in imported(path)
        if under(target, "github")
    ]

    assert [] == broken


def test_only_settings_read_the_environment() -> None:
    """A variable that somebody reads on the side is a setting that nobody can find."""
    readers = [
        name
        for name, path in modules()
        if under(name, "bot") and not any(under(name, reader) for reader in READERS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]

    assert [] == readers
