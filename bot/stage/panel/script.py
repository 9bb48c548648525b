"""What a scripted coder says, as rules of the Messages twin's script."""

import base64
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

Rule = dict[str, Any]
Call = dict[str, Any]
_PIECE = 48_000
"""Bytes per command line: far below what one argument of a program may hold."""


def call(name: str, **arguments: object) -> Call:
    """Return one call of a tool."""
    return {"tool_use": {"name": name, "input": arguments}}


def bash(command: str) -> Call:
    """Run a command in the box."""
    return call("bash", command=command)


def submit(summary: str = "The change that the issue asks for.") -> Call:
    """Ask for judgement."""
    return call("submit", summary=summary)


def give_up() -> Call:
    """End without asking again."""
    return call("give_up", reason="it was refused once")


def write(files: Mapping[str, bytes | None]) -> list[Call]:
    """Write whole files inside the box; None removes one."""
    return [bash(command) for path, content in files.items() for command in _written(path, content)]


def _written(path: str, content: bytes | None) -> list[str]:
    name = shlex.quote(path)
    if content is None:
        return [f"rm -- {name}"]
    pieces = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)] or [b""]
    folder = shlex.quote(path.rpartition("/")[0] or ".")
    commands = [f"mkdir -p -- {folder}"]
    for index, piece in enumerate(pieces):
        into = ">>" if index else ">"
        commands.append(f"echo {base64.b64encode(piece).decode()} | base64 -d {into} {name}")
    return commands if len(pieces) > 1 else [" && ".join(commands)]


def spoken_by(repository: str) -> str:
    """Match the requests about one repository: its name stands in the JSON of every prompt."""
    return re.escape(f'"repo": "{repository}"').replace('"', r'\\"')


def accept(repository: str, clause: str) -> Rule:
    """Answer the triage call with a yes."""
    answer = {
        "decision": "accept",
        "clause": clause,
        "reason": "The mission asks for it.",
        "question": "",
        "duplicate_of": None,
    }
    return {
        "when": {"schema": "decision", "anywhere": spoken_by(repository)},
        "reply": [{"json": answer}],
    }


def turns(repository: str, *replies: Sequence[Call]) -> list[Rule]:
    """Answer the build calls one after the other, and give up after the last."""
    about: Rule = {"anywhere": spoken_by(repository), "tools": True}
    told: list[Rule] = [
        {"when": {**about, "turn": turn}, "reply": list(reply)}
        for turn, reply in enumerate(replies)
    ]
    return [*told, {"when": about, "reply": [give_up()]}]


def always(repository: str, *reply: Call) -> list[Rule]:
    """Answer every build call in the same way."""
    about = {"anywhere": spoken_by(repository), "tools": True}
    return [{"when": about, "reply": list(reply)}]


def searched(repository: str) -> list[Rule]:
    """Hand every call on to the search brain."""
    return [{"when": {"anywhere": spoken_by(repository)}, "brain": "search"}]
