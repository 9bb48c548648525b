"""Try the engine by hand: `python -m twins.anthropic.search REPO --issue ISSUE.md`."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from twins.anthropic.search.carrier import engine_program


def main() -> int:
    """Run the engine on a copy of a directory and print the ranked patches."""
    parser = argparse.ArgumentParser(prog="python -m twins.anthropic.search", description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--issue", type=Path, required=True, help="Markdown file; the whole text")
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checks", action="append", default=[], metavar="COMMAND")
    parser.add_argument("--json", action="store_true", help="print the raw report")
    options = parser.parse_args()
    parameters = {
        "issue": options.issue.read_text("utf-8"),
        "checks": options.checks,
        "seed": options.seed,
        "seconds": options.seconds,
    }
    done = subprocess.run(
        [sys.executable, "-"],
        input=engine_program(parameters),
        text=True,
        capture_output=True,
        cwd=options.repository,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
        timeout=options.seconds * 4 + 60,
        check=False,
    )
    line = next((each for each in done.stdout.split("\n") if each.startswith("NIGHTSHIFT-")), "")
    if not line:
        sys.stderr.write(done.stderr or "the engine printed no report\n")
        return 1
    report = json.loads(line.partition(" ")[2])
    if options.json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    _show(report)
    return 0 if report["patches"] else 3


def _show(report: dict[str, object]) -> None:
    patches = report["patches"]
    figures = {name: value for name, value in report.items() if name != "patches"}
    sys.stdout.write(json.dumps(figures) + "\n")
    for number, patch in enumerate(patches if isinstance(patches, list) else [], 1):
        sys.stdout.write(f"\n#{number} {patch['path']}: {patch['label']}")
        sys.stdout.write(f" (confirmed: {patch['confirmed']})\n")
        for sign, text in (("-", patch["old"]), ("+", patch["new"])):
            for row in text.rstrip("\n").split("\n"):
                sys.stdout.write(f"{sign} {row}\n")


if __name__ == "__main__":
    sys.exit(main())
