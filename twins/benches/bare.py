"""`python -m twins.benches.bare`: a server that does nothing, for a twin to be compared with."""

import argparse
import sys

from aiohttp import web

from twins.core.server import run

ANSWER = {"items": [{"number": number, "title": "x" * 40} for number in range(30)]}


def main() -> int:
    """Answer every GET with the same JSON; `--state` is taken and left alone."""
    parser = argparse.ArgumentParser(prog="twins.benches.bare", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state")
    arguments = parser.parse_args()

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(ANSWER)

    app = web.Application()
    app.router.add_get("/", answer)
    return run(app, port=arguments.port)


if __name__ == "__main__":
    sys.exit(main())
