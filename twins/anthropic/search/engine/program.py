"""The engine's entry: parameters in, one JSON report out."""

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twins.anthropic.search.engine.hunt import PATIENCE, Hunt
from twins.anthropic.search.engine.layout import Layout, copy_tree, import_from

REPORT = 9000
MARK = "NIGHTSHIFT-REPORT "


def engine_main(parameters: Mapping[str, Any]) -> None:
    """Search in a copy of the current directory and print one line with the report."""
    sys.setrecursionlimit(5000)
    original = Path.cwd()
    place = Path(tempfile.mkdtemp(prefix="nightshift-engine-"))
    out = os.dup(1)
    try:
        copy_tree(original, place / "tree")
        layout = Layout(place / "tree")
        import_from(layout, original)
        os.chdir(layout.root)
        report = _search(layout, parameters)
    finally:
        os.chdir(original)
        shutil.rmtree(place, ignore_errors=True)
    os.write(out, (MARK + render(report) + "\n").encode())


def _search(layout: Layout, parameters: Mapping[str, Any]) -> dict[str, Any]:
    hunt = Hunt(
        layout,
        str(parameters.get("issue", "")),
        [str(each) for each in parameters.get("checks", ())],
        seed=int(parameters.get("seed", 0)),
        seconds=float(parameters.get("seconds", 25)),
        patience=float(parameters.get("patience", PATIENCE)),
    )
    found = hunt.run()
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "seconds": round(hunt.wall, 1),
        "cpu_seconds": round(sum(each.ru_utime + each.ru_stime for each in usage), 1),
        **dict(hunt.statistics.items()),
        "patches": [hunt.describe(each) for each in found],
    }


def render(report: dict[str, Any]) -> str:
    """Write the report compactly; the last patches go when it grows too long."""
    text = json.dumps(report, separators=(",", ":"))
    while len(text) > REPORT and report["patches"]:
        report["patches"].pop()
        text = json.dumps(report, separators=(",", ":"))
    return text
