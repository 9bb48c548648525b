"""Processes that judge candidates: one child is forked for each, so nothing leaks between them.

`warm` has collected the tests and imported the product; a candidate inside a function body is put
in place by swapping code objects, which costs milliseconds. `cold` has imported everything but
the product, so a child of it sees edits of constants, defaults and class bodies as well.
"""

import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

from twins.anthropic.search.engine.harness import Plan
from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.orders import Order
from twins.anthropic.search.engine.server import Server
from twins.anthropic.search.engine.shapes import Example


class Worker:
    """The parent's side of a worker process."""

    def __init__(self, layout: Layout, plan: Plan, examples: list[Example], *, warm: bool) -> None:
        self._up, theirs = os.pipe()
        mine, self._down = os.pipe()
        self._buffer = b""
        self.cpu = 0.0
        self.dead = False
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._up)
            os.close(self._down)
            Server(layout, plan, examples, mine, theirs).live(warm=warm)
        os.close(theirs)
        os.close(mine)

    def ask(self, order: Order) -> dict[str, Any]:
        """Have an order carried out; an empty answer means that the worker is gone."""
        if self.dead:
            return {}
        try:
            os.write(self._down, order.encode())
        except OSError:
            self.dead = True
            return {}
        answer = self.listen(order.seconds + 10)
        self.cpu = float(answer.get("cpu", self.cpu))
        return answer

    def listen(self, seconds: float) -> dict[str, Any]:
        """Wait for one line; a worker that stays silent is taken for dead."""
        until = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = until - time.monotonic()
            ready = left > 0 and select.select([self._up], [], [], left)[0]
            data = os.read(self._up, 1 << 16) if ready else b""
            if not data:
                self.dead = True
                return {}
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        found = json.loads(line)
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """End the worker and everything below it."""
        os.close(self._down)
        os.close(self._up)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def write(layout: Layout, path: str, text: str) -> None:
    """Put a text on disk in the copy, so that new interpreters see it too."""
    Path(layout.root, path).write_bytes(text.encode())
