"""Where things are in a Python repository: product files, tests, modules, names, commands."""

import ast
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_SKIPPED = {
    ".git", ".jj", ".hg", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", "build", "dist", ".eggs", "site-packages",
}  # fmt: skip
_NO_PRODUCT = {"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks"}
_NO_PRODUCT_FILES = {"setup.py", "conftest.py", "noxfile.py", "tasks.py", "versioneer.py"}
_SCRIPT = re.compile(r"^\s*[\"']?([\w.-]+)\s*[\"']?\s*=\s*[\"']?([\w.]+):([\w.]+)", re.MULTILINE)
MAX_FILE = 300_000


class Layout:
    """A private copy of a repository and what a reader of its files would know."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        self.roots = [path for path in (root / "src", root / "lib", root) if path.is_dir()]
        self.roots = [path for path in self.roots if path == root or _holds_python(path)]
        self.tests: list[str] = []
        self.modules: dict[str, str] = {}
        self.definitions: dict[str, list[str]] = {}
        self.signatures: dict[str, tuple[str, ...]] = {}
        self.imports: set[str] = set()
        self._scan()
        self.scripts = self._console_scripts()

    def _scan(self) -> None:
        for folder, names, files in os.walk(self.root):
            names[:] = sorted(n for n in names if n not in _SKIPPED and not n.endswith(".egg-info"))
            for name in sorted(files):
                path = Path(folder, name)
                if path.suffix != ".py" or path.is_symlink() or path.stat().st_size > MAX_FILE:
                    continue
                relative = path.relative_to(self.root).as_posix()
                if is_test(relative):
                    self.tests.append(relative)
                elif not is_outside(relative):
                    self._take(relative, path)

    def _take(self, relative: str, path: Path) -> None:
        try:
            text = path.read_bytes().decode()
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        self.texts[relative] = text
        module = self.module_of(relative)
        self.modules[module] = relative
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.definitions.setdefault(node.name, []).append(module)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.definitions.setdefault(target.id, []).append(module)
            elif isinstance(node, ast.ImportFrom) and relative.endswith("__init__.py"):
                for alias in node.names:
                    self.definitions.setdefault(alias.asname or alias.name, []).insert(0, module)
        self._learn(tree)

    def _learn(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                arguments = node.args
                names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
                names += [a.arg for a in arguments.kwonlyargs]
                plain = tuple(name for name in names if name not in {"self", "cls"})
                self.signatures.setdefault(node.name, plain)
            elif isinstance(node, ast.ClassDef):
                fields = [
                    each.target.id
                    for each in node.body
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                ]
                if fields:
                    self.signatures.setdefault(node.name, tuple(fields))
            elif isinstance(node, ast.Import):
                self.imports |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self.imports.add(node.module)

    def module_of(self, relative: str) -> str:
        """Return the dotted name under which a file is imported."""
        path = self.root / relative
        for root in self.roots:
            if path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
                return ".".join(parts)
        return path.stem

    def home_of(self, name: str) -> str | None:
        """Return the product module that a bare name most likely comes from."""
        homes = self.definitions.get(name, [])
        return min(homes, key=lambda module: (module.count("."), homes.index(module)), default=None)

    def module_named(self, name: str) -> str | None:
        """Return the dotted name of a product module or package by its last part."""
        matches = [each for each in self.modules if each == name or each.endswith(f".{name}")]
        packages = [each for each in self.modules if each.startswith(f"{name}.")]
        return name if packages else min(matches, key=len, default=None)

    def _console_scripts(self) -> Mapping[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for name in ("pyproject.toml", "setup.cfg", "setup.py"):
            path = self.root / name
            if path.is_file():
                text = path.read_text(errors="replace")
                for script, module, function in _SCRIPT.findall(text):
                    if module.split(".")[0] in {each.split(".")[0] for each in self.modules}:
                        found[script] = (module, function)
        return found

    def third_party(self) -> list[str]:
        """Return what the product imports from elsewhere."""
        own = {module.split(".")[0] for module in self.modules}
        return sorted(name for name in self.imports if name.split(".")[0] not in own)


def _holds_python(path: Path) -> bool:
    return any(path.glob("*.py")) or any(path.glob("*/__init__.py")) or any(path.glob("*/*.py"))


def is_test(relative: str) -> bool:
    """Tell whether a file is a test by its name or folder."""
    path = Path(relative)
    name = path.name
    named = name.startswith("test_") or name.endswith("_test.py") or name == "tests.py"
    return named or bool({"tests", "test"} & set(path.parts[:-1]))


def is_outside(relative: str) -> bool:
    """Tell whether a Python file is no product code."""
    path = Path(relative)
    folders = set(path.parts[:-1])
    return bool(_NO_PRODUCT & folders) or path.name in _NO_PRODUCT_FILES


def copy_tree(source: Path, target: Path) -> None:
    """Copy a repository without its history and caches; links stay links."""
    shutil.copytree(
        source,
        target,
        symlinks=True,
        ignore=lambda _, names: [name for name in names if name in _SKIPPED],
        dirs_exist_ok=True,
    )


def import_from(layout: Layout, original: Path) -> None:
    """Let this process import the copy, never the original tree."""
    kept = [
        entry
        for entry in sys.path
        if entry and not Path(entry).resolve().is_relative_to(original.resolve())
    ]
    kept += [
        entry for entry in sys.path if entry and "site-packages" in entry and entry not in kept
    ]
    sys.path[:] = [*map(str, layout.roots), *kept]
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, layout.roots), *_outside(original)])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True


def _outside(original: Path) -> list[str]:
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [
        entry
        for entry in entries
        if entry and not Path(entry).resolve().is_relative_to(original.resolve())
    ]
