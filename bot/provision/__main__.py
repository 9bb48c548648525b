"""`python -m bot.provision`: make sure that jj and the sandbox are there."""

import argparse
import sys
from pathlib import Path

from bot.errors import NightshiftError, ToolMissing
from bot.provision import box, jj


def main(argv: list[str] | None = None) -> int:
    """Provide or check the tools; one line per tool, exit code of the first thing missing."""
    parser = argparse.ArgumentParser(prog="python -m bot.provision", description=__doc__)
    parser.add_argument("--tools", type=Path, default=jj.TOOLS, help="where jj goes")
    parser.add_argument("--only", choices=["jj", "box"], help="provide one tool only")
    parser.add_argument("--check", action="store_true", help="only look, install nothing")
    options = parser.parse_args(argv)
    code = 0
    for name in [options.only] if options.only else ["jj", "box"]:
        try:
            found = _provide(name, options.tools.resolve(), check=options.check)
        except NightshiftError as problem:
            sys.stderr.write(f"{problem}\n")
            code = code or problem.exit_code
        else:
            sys.stdout.write(f"{name}: {found}\n")
    return code


def _provide(name: str, tools: Path, *, check: bool) -> Path:
    if name == "jj" and check:
        found = jj.installed(tools)
        if found is None:
            raise ToolMissing(f"no tested jj in {tools}", remedy="run `make setup`")
        return found
    if name == "jj":
        return jj.ensure(tools, _say)
    return box.find() if check else box.ensure(_say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
