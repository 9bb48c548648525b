"""Runs inside the box: shows a file with line numbers, or lists a folder. Input: JSON on stdin."""

import json
import os
import sys

_MAX_LINES = 2000


def main() -> int:
    """Print what was asked for; exit 1 with one sentence when it cannot be shown."""
    ask = json.load(sys.stdin)
    path = ask["path"]
    if os.path.isdir(path):
        for name in sorted(os.listdir(path)):
            tail = "/" if os.path.isdir(os.path.join(path, name)) else ""
            print(name + tail)
        return 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError as error:
        print(f"cannot show {path}: {error.strerror}")
        return 1
    start = max(1, ask.get("start") or 1)
    end = min(len(lines), ask.get("end") or start + _MAX_LINES - 1)
    for number in range(start, end + 1):
        print(f"{number:6}\t{lines[number - 1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
