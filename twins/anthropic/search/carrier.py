"""Carry the engine to where the code is: its own text, as one program on standard input."""

import base64
import json
import re
import textwrap
import zlib
from functools import cache
from importlib.resources import files
from typing import Any

DELIMITER = "NIGHTSHIFT_ENGINE"
_MODULES = (
    "shapes", "cues", "markdown", "claims", "source", "vocabulary", "workshop", "literals",
    "calls", "expressions", "statements", "layout", "trial", "harness", "orders", "tracing",
    "server", "worker", "oracle", "segments", "suspects", "probes", "wording", "hunt", "program",
)  # fmt: skip
_OWN_IMPORT = re.compile(
    r"^from twins\.anthropic\.search\.engine\.\w+ import (?:\([^)]*\)|[^\n(]*)\n", re.MULTILINE
)


@cache
def engine_source() -> str:
    """Return the engine as one self-contained program that defines `engine_main`."""
    package = files("twins.anthropic.search.engine")
    texts = [package.joinpath(f"{name}.py").read_text("utf-8") for name in _MODULES]
    return "\n\n".join(_OWN_IMPORT.sub("", text).strip() for text in texts) + "\n"


def engine_program(parameters: dict[str, Any]) -> str:
    """Return the program that searches in its current directory with these parameters."""
    data = json.dumps(parameters, sort_keys=True)
    return f"{engine_source()}\n\nengine_main(json.loads({data!r}))\n"


def engine_command(parameters: dict[str, Any]) -> str:
    """Return the shell command that runs the engine.

    The text is packed because one argument of a process may hold 128 KiB and the plain text is
    longer than that. `unpacked` gives it back for whoever reads a journal.
    """
    data = json.dumps(parameters, sort_keys=True)
    packed = base64.b85encode(zlib.compress(engine_source().encode(), 9)).decode()
    lines = "\n".join(textwrap.wrap(packed, 100))
    return (
        f"PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 python3 - <<'{DELIMITER}'\n"
        "# Nightshift search brain, not a language model: the repair engine's own source text,\n"
        "# packed with zlib and base85. It searches in a private copy of this directory.\n"
        "import base64, json, zlib\n"
        f'PACKED = """\n{lines}\n"""\n'
        'TEXT = zlib.decompress(base64.b85decode(PACKED.replace("\\n", ""))).decode()\n'
        'exec(compile(TEXT, "engine.py", "exec"))\n'
        f"engine_main(json.loads({data!r}))\n"
        f"{DELIMITER}\n"
    )


def unpacked(command: str) -> str:
    """Return the engine text that a command carries."""
    packed = command.split('PACKED = """')[1].split('"""', maxsplit=1)[0]
    return zlib.decompress(base64.b85decode(packed.replace("\n", ""))).decode()
