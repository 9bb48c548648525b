"""`python -m twins.github --port 0 --state DIR`: a GitHub on loopback until SIGTERM."""

import argparse
import sys
import tempfile
from pathlib import Path

from twins.core.server import run
from twins.github.app import make_twin


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="twins.github", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="folder for the bare repositories")
    parser.add_argument("--seed", type=int, default=0, help="of ids and tokens")
    arguments = parser.parse_args()
    if arguments.state is not None:
        return run(make_twin(arguments.state, arguments.seed), port=arguments.port)
    with tempfile.TemporaryDirectory(prefix="github-twin-") as state:
        return run(make_twin(Path(state), arguments.seed), port=arguments.port)


if __name__ == "__main__":
    sys.exit(main())
