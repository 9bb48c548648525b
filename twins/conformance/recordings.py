"""What other people have recorded from the real service."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twins.contract.fetch import FIXTURES, PYGITHUB, TOOLS, ensure

# Older answers are those of an API that has moved on.
OLDEST = 2023
LINES = 10
YEAR = re.compile(r"\b20\d\d\b")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `json` is None when there is no JSON body."""

    source: str
    method: str
    target: str
    status: int
    json: Any
    body: Any = None
    media: str = ""
    token: str = ""

    @property
    def path(self) -> str:
        """Return the path without query and enterprise prefix."""
        return self.target.partition("?")[0].removeprefix("/api/v3") or "/"


def pygithub(tools: Path = TOOLS) -> Iterator[Exchange]:
    """Yield PyGithub's replay files, exchange by exchange, from the years that count."""
    folder = ensure(PYGITHUB, tools) / "tests" / "ReplayData"
    for path in sorted(folder.glob("*.txt")):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        for start in range(0, len(lines) - LINES + 1, LINES + 1):
            found = _replayed(path.stem, lines[start : start + LINES])
            if found is not None:
                yield found


def _replayed(source: str, lines: list[str]) -> Exchange | None:
    """Read the lines protocol, verb, host, port, path, headers, body, status, headers, body."""
    _, method, host, _, target, _, _, status, headers, body = lines
    if not (status.isdigit() and headers.startswith("[") and host.startswith("api.github.com")):
        return None
    dates = [v for k, v in ast.literal_eval(headers) if k.lower() == "date"]
    year = YEAR.search(dates[0]) if dates else None
    if year is None or int(year[0]) < OLDEST:
        return None
    try:
        parsed = json.loads(body) if body.strip() else None
    except ValueError:
        return None
    if parsed is None and status == "200":
        return None  # the recording has lost its body
    return Exchange(source, method, target, int(status), parsed)


def fixtures(tools: Path = TOOLS) -> Iterator[Exchange]:
    """Yield the normalised exchanges of @octokit/fixtures; `source` is the scenario."""
    folder = ensure(FIXTURES, tools) / "scenarios" / "api.github.com"
    for path in sorted(folder.glob("*/normalized-fixture.json")):
        for one in json.loads(path.read_text(encoding="utf-8")):
            asked = one["reqheaders"]
            answer = one["response"]
            yield Exchange(
                path.parent.name,
                one["method"].upper(),
                one["path"],
                one["status"],
                answer if isinstance(answer, dict | list) else None,
                one.get("body") or None,
                asked.get("accept", ""),
                asked.get("authorization", "").partition(" ")[2],
            )
