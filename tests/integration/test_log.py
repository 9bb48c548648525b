"""Logs are one JSON line per event, whatever is in it."""

import json
import logging
import subprocess
import sys

CODE = """
import logging
from bot.log import configure
configure("builder")
log = logging.getLogger("x")
log.info("intake waits", extra={"why": "line\\nbreak", "odd": object})
try:
    raise ValueError("canary\\nbroke")
except ValueError:
    log.exception("step broke")
log.debug("not shown")
logging.getLogger("aiohttp.access").info("not shown")
"""


def test_every_event_is_one_line() -> None:
    """With time, level, role, the event's name and its keys; a traceback stays inside its line."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == ""
    first, second = [json.loads(line) for line in done.stderr.splitlines()]
    assert (first["event"], first["role"], first["level"]) == ("intake waits", "builder", "info")
    assert first["why"] == "line\nbreak"
    assert first["at"].endswith("+00:00")
    assert "ValueError: canary\nbroke" in second["error"]
    assert logging.getLogger().level != logging.NOTSET
