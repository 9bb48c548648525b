"""Nothing happens at import, and every module can be imported first."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Folders of programs that other interpreters run: in a box, as a product, with other packages.
FOREIGN = {"boxed", "product", "walks"}
# From the lowest up. A room stays loaded for those above it: test_import_direction proves that it
# never reaches them, so they can neither be what it waits for nor what it happens to find.
ROOMS = ("bot.errors", "bot.domain", "bot.wire", "bot.policy", "bot.adapters", "bot.validator")
_SCRIPT = """
import importlib, sys
for room in sys.argv[1:]:
    below = {name for name in sys.modules if name.split(".")[0] in {"bot", "twins"}}
    for name in room.split():
        for loaded in [m for m in sys.modules if m.split(".")[0] in {"bot", "twins"}]:
            if loaded not in below:
                del sys.modules[loaded]
        importlib.import_module(name)
"""


def test_every_module_imports_alone_and_says_nothing() -> None:
    """A module that needs another of its room imported first, or prints or warns, is a trap."""
    names = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for top in ("bot", "twins")
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__main__.py" and not FOREIGN & set(path.parts)
    )
    rooms = [[name for name in names if f"{name}.".startswith(f"{room}.")] for room in ROOMS]
    rest = [name for name in names if not any(name in room for room in rooms)]

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _SCRIPT, *map(" ".join, [*rooms, rest])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
