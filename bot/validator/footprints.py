"""Which places of a Python product a scenario runs through: a copy that leaves footprints.

Every function of the copy notes its own number in a file of the work directory the first time a
process enters it. Nothing else about the product changes, and nothing of a scenario enters it.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.validator.drivers.visit import Stage, joined
from bot.validator.faults import MODULE
from bot.validator.scenario import Check, Scenario
from bot.validator.trajectories import Runner

FILE = "footprints-7e1c"
_NOTE = "_footprint_7e1c"
_HEAD = f"""\
def {_NOTE}(number, seen=set()):
    if number not in seen:
        seen.add(number)
        import os
        to = os.open("/work/{FILE}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(to, b"%d\\n" % number)
        os.close(to)
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A product that leaves footprints, and what its numbers mean."""

    stage: Stage
    places: tuple[str, ...]
    """`path:function` by number."""

    async def walked(self, runner: Runner, scenario: Scenario) -> frozenset[str]:
        """Run a scenario once and return the places it came through."""
        look = Check("file-absent", {"path": FILE}, must=False)
        looking = replace(scenario, checks=(*scenario.checks, look))
        run = await runner.run(self.stage, looking, base=self.stage)
        numbers = run.seen.files.get(FILE, b"").split()
        return frozenset(
            self.places[int(n)] for n in numbers if n.isdigit() and int(n) < len(self.places)
        )


def copy_of(stage: Stage, sources: Mapping[str, bytes]) -> Copy:
    """Return the copy of a product; sources that cannot be parsed stay as they are."""
    places: list[str] = []
    files: dict[str, bytes] = {}
    for path, source in sources.items():
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        _Marker(path, places).visit(tree)
        files[path] = ast.unparse(ast.fix_missing_locations(tree)).encode()
    return Copy(replace(stage, tree=joined(stage.tree, files)), tuple(places))


class _Marker(ast.NodeTransformer):
    """Puts a note at the beginning of the module and of every function."""

    def __init__(self, path: str, places: list[str]) -> None:
        self._path = path
        self._places = places
        self._names: list[str] = []

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Bring the function that writes, and note the module."""
        self.generic_visit(node)
        self._begin(node.body, [*ast.parse(_HEAD).body, self._note(MODULE)])
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Name what is inside."""
        self._inside(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Note a function."""
        self._function(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        """Note a coroutine."""
        self._function(node)
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        name = ".".join([*self._names, node.name])
        self._inside(node)
        self._begin(node.body, [self._note(name)])

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def _note(self, name: str) -> ast.stmt:
        self._places.append(f"{self._path}:{name}")
        return ast.parse(f"{_NOTE}({len(self._places) - 1})").body[0]

    @staticmethod
    def _begin(body: list[ast.stmt], notes: list[ast.stmt]) -> None:
        """Insert behind the docstring and what has to stand first."""
        first = int(ast.get_docstring(ast.Module(body, [])) is not None)
        while first < len(body) and _stands_first(body[first]):
            first += 1
        body[first:first] = notes


def _stands_first(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
