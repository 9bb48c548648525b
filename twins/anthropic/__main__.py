"""`python -m twins.anthropic --port 0 --brain search`: a Messages API on loopback until SIGTERM."""

import argparse
import sys
from pathlib import Path

from twins.anthropic.app import make_twin
from twins.anthropic.brains import Brain
from twins.anthropic.script import BadScript, ScriptBrain
from twins.anthropic.search.brain import SearchBrain
from twins.anthropic.tape import BadTape, TapeBrain
from twins.core.server import run

USAGE = 2


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="twins.anthropic", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--brain", default="search", help="search, script:FILE or tape:FILE")
    parser.add_argument("--key", default="", help="the one accepted key; any when left out")
    parser.add_argument("--seed", type=int, default=0, help="of ids and of the search")
    parser.add_argument("--search-seconds", type=float, default=25.0, help="limit of one search")
    parser.add_argument("--minimum-cacheable", type=int, default=512, help="tokens of a prefix")
    parser.add_argument("--state", type=Path, help="accepted for all twins; this one keeps none")
    options = parser.parse_args()
    try:
        brain = _brain(options.brain, options.seed, options.search_seconds)
    except (BadScript, BadTape, ValueError) as problem:
        sys.stderr.write(f"usage: {problem}\n")
        return USAGE
    twin = make_twin(
        brain,
        key=options.key,
        seed=options.seed,
        minimum_cacheable=options.minimum_cacheable,
    )
    return run(twin, port=options.port)


def _brain(named: str, seed: int, seconds: float) -> Brain:
    kind, _, file = named.partition(":")
    if kind == "search":
        return SearchBrain(seed=seed, seconds=seconds)
    if kind == "script" and file:
        return ScriptBrain.load(Path(file), {"search": SearchBrain(seed=seed, seconds=seconds)})
    if kind == "tape" and file:
        return TapeBrain.load(Path(file))
    raise ValueError(f"--brain is search, script:FILE or tape:FILE, not {named!r}")


if __name__ == "__main__":
    sys.exit(main())
