"""The server beside a library: what it says of values, errors and absences."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bot.validator.boxed

SOURCE = (Path(bot.validator.boxed.__file__).parent / "calls.py").read_text()


class Server:
    """The server in a process of its own, with the private descriptor where it expects it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(10)

        place = "import os, sys; os.dup2(int(sys.argv[1]), 3); exec(sys.argv[2])"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", place, str(theirs.fileno()), SOURCE],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self._channel = ours
        self._lines = ours.makefile("rb")

    def ask(self, **call: object) -> Any:
        """Ask one question; the answer without its nonce."""
        self._channel.sendall(json.dumps({"nonce": "n1", "call": call}).encode() + b"\n")
        reply = json.loads(self._lines.readline())
        assert reply.pop("nonce") == "n1"
        return reply

    def close(self) -> None:
        """End the conversation; the server ends by itself."""
        self._lines.close()
        self._channel.close()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all questions: it keeps nothing but results."""
    running = Server()
    yield running
    running.close()


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ({"function": "builtins:max", "args": [1, 3]}, 3),
        ({"function": "math.sqrt", "args": [4]}, 2.0),
        ({"function": "decimal:Decimal", "args": ["1.50"]}, {"$decimal": "1.50"}),
        ({"function": "builtins:str", "args": [{"$decimal": "1.50"}]}, "1.50"),
        ({"function": "builtins:divmod", "args": [7, 2]}, {"$tuple": [3, 1]}),
        ({"function": "builtins:set", "args": [[2, 1, 2]]}, {"$set": [1, 2]}),
        ({"function": "builtins:bytes", "args": [[1, 255]]}, {"$bytes": "01ff"}),
        ({"function": "builtins:float", "args": ["nan"]}, {"$float": "nan"}),
        ({"function": "datetime:date", "args": [2024, 2, 29]}, {"$date": "2024-02-29"}),
        ({"function": "builtins:dict", "args": [], "kwargs": {"a": True}}, {"a": True}),
        ({"function": "builtins:dict", "args": [[[1, "x"]]]}, {"$dict": [[1, "x"]]}),
        ({"function": "builtins:len", "args": [{"$tuple": [1, 2]}]}, 2),
        ({"function": "builtins:len", "args": [{"$dict": [[1, 2]]}]}, 1),
        (
            {
                "function": "builtins:list",
                "args": [{"$call": {"function": "builtins:range", "args": [2]}}],
            },
            [0, 1],
        ),
        ({"function": "builtins:str", "args": [{"$name": "http:HTTPStatus.OK"}]}, "200"),
        (
            {"function": "http:HTTPStatus", "args": [404]},
            {"$enum": "HTTPStatus.NOT_FOUND", "value": 404},
        ),
        ({"function": "builtins:object"}, {"$type": "object"}),
        (
            {"function": "types:SimpleNamespace", "kwargs": {"a": 1, "_b": 2}},
            {"$object": "SimpleNamespace", "fields": {"a": 1}},
        ),
    ],
)
def test_values_keep_their_type(server: Server, call: dict[str, object], value: object) -> None:
    """What JSON cannot say is said with a `$` form."""
    assert server.ask(**call) == {"return": value}


def test_errors_and_absences_are_told_apart(server: Server) -> None:
    """A raised class comes with its bases; what does not exist was not called."""
    raised = server.ask(function="builtins:int", args=["x"])

    assert raised["raises"][:2] == ["ValueError", "Exception"]
    assert "invalid literal" in raised["message"]
    assert server.ask(function="no_such_module:f") == {"absent": True}
    assert server.ask(function="math:no_such") == {"absent": True}
    assert server.ask(function="sys:exit", args=[3])["raises"][0] == "SystemExit"


def test_earlier_results_can_be_used() -> None:
    """Methods, attributes and arguments refer to results by number."""
    running = Server()
    running.ask(function="fractions:Fraction", args=[3, 4])

    assert running.ask(on=0, get="numerator") == {"return": 3}
    assert (
        running.ask(on=0, method="limit_denominator", args=[2])["return"]["$object"] == "Fraction"
    )
    assert running.ask(function="builtins:str", args=[{"$ref": 0}]) == {"return": "3/4"}
    assert running.ask(on=0, get="nothing") == {"absent": True}
    running.close()


def test_loops_in_values_end() -> None:
    """A value that contains itself is cut, not followed."""
    running = Server()
    running.ask(function="builtins:list", args=[])
    running.ask(on=0, method="append", args=[{"$ref": 0}])
    text = json.dumps(running.ask(function="builtins:list", args=[{"$ref": 0}]))

    assert "$type" in text
    running.close()
