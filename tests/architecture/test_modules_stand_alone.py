"""Nothing happens at import, and every module can be imported first."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Folders of programs that other interpreters run: in a box, as a product, with other packages.
FOREIGN = {"boxed", "product", "walks"}
_SCRIPT = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m.split(".")[0] in {"bot", "twins"}]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""


def test_every_module_imports_alone_and_says_nothing() -> None:
    """A module that needs another imported first, or that prints or warns, is a trap."""
    names = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for top in ("bot", "twins")
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__main__.py" and not FOREIGN & set(path.parts)
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _SCRIPT, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
