"""`python -m twins.github --port 0 --state DIR`: a GitHub on loopback until SIGTERM."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from twins.core.server import run
from twins.core.tls import make_tls
from twins.github.app import make_twin

BAD_MACHINE = 4


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="twins.github", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="folder for the bare repositories")
    parser.add_argument("--tls", action="store_true", help="also serve HTTPS, on a second port")
    parser.add_argument("--seed", type=int, default=0, help="of ids and tokens")
    arguments = parser.parse_args()
    if shutil.which("git") is None:
        return _complain("tool-missing: git is not on PATH; install it")
    if arguments.state is not None:
        return _serve(arguments.state, arguments)
    with tempfile.TemporaryDirectory(prefix="github-twin-") as state:
        return _serve(Path(state), arguments)


def _serve(state: Path, arguments: argparse.Namespace) -> int:
    try:
        app = make_twin(state.resolve(), arguments.seed)
        tls = make_tls(state.resolve() / "tls") if arguments.tls else None
    except OSError as error:
        return _complain(f"environment: {error}; choose another --state")
    return run(app, port=arguments.port, tls=tls)


def _complain(what: str) -> int:
    sys.stderr.write(what + "\n")
    return BAD_MACHINE


if __name__ == "__main__":
    sys.exit(main())
