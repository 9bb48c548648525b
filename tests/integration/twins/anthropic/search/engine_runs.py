"""Runs the engine as the box does: as a program on standard input, in a directory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twins.anthropic.search.carrier import engine_program
from twins.anthropic.search.engine.program import MARK


def plant(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def hunt(folder: Path, issue: str, *checks: str, seconds: float = 12.0) -> dict[str, Any]:
    """Run the engine in a folder and return its report."""
    before = snapshot(folder)
    done = subprocess.run(
        [sys.executable, "-"],
        input=engine_program(
            {"issue": issue, "checks": checks, "seed": 0, "seconds": seconds, "patience": 0.5}
        ),
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
        timeout=90,
        check=False,
    )
    assert snapshot(folder) == before, "the engine must leave the tree alone"
    line = next(row for row in done.stdout.split("\n") if row.startswith(MARK))
    assert len(line) < 10_000
    report: dict[str, Any] = json.loads(line.removeprefix(MARK))
    return report


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def holds(folder: Path, patch: dict[str, Any], program: str) -> bool:
    """Apply a patch in place and tell whether a held-out program ends well; then revert."""
    path = folder / patch["path"]
    text = path.read_text()
    assert text.count(patch["old"]) == 1
    path.write_text(text.replace(patch["old"], patch["new"]))
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-c", program],
            cwd=folder,
            env={"PYTHONPATH": f"{folder / 'src'}:{folder}"},
            capture_output=True,
            timeout=30,
            check=False,
        )
        return done.returncode == 0
    finally:
        path.write_text(text)
