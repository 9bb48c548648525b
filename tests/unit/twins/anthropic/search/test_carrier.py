"""The engine as it travels."""

import ast
import sys
from collections import Counter

from twins.anthropic.search.carrier import (
    DELIMITER,
    engine_command,
    engine_program,
    engine_source,
    unpacked,
)

HOSTILE = f"'''\n{DELIMITER}\n\"; rm -rf / #`$(true)\\\x00"
ARGUMENT_LIMIT = 128 * 1024


def test_it_is_one_program_of_the_standard_library() -> None:
    """Nothing but the standard library is imported, and no two modules share a name."""
    tree = ast.parse(engine_source())
    names: Counter[str] = Counter()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names[node.name] += 1
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
    assert [name for name, count in names.items() if count > 1] == []
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_command_fits_into_one_argument_and_carries_the_text() -> None:
    """A process argument holds 128 KiB; what is packed is exactly the source."""
    command = engine_command({"issue": "x" * 20_000, "checks": [], "seed": 0, "seconds": 1})
    assert len(command.encode()) < ARGUMENT_LIMIT
    assert unpacked(command) == engine_source()


def test_an_issue_cannot_end_the_here_document() -> None:
    """Whatever the issue says, the delimiter stands alone only at the end."""
    command = engine_command({"issue": HOSTILE})
    assert [line for line in command.split("\n") if line == DELIMITER] == [DELIMITER]
    assert command.endswith(f"\n{DELIMITER}\n")
    ast.parse(engine_program({"issue": HOSTILE}))
