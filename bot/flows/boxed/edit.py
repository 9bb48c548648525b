"""Runs inside the box: replaces one unique passage of a file. Input: JSON on stdin."""

import json
import os
import sys


def main() -> int:
    """Apply the edit; exit 1 with one sentence when it cannot be applied."""
    ask = json.load(sys.stdin)
    path, old, new = ask["path"], ask["old"], ask["new"]
    if old == "":
        if os.path.exists(path):
            print(f"{path} exists already: name the passage to replace in `old`")
            return 1
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(new)
        print(f"created {path}")
        return 0
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        print(f"cannot read {path}: {error}")
        return 1
    count = text.count(old)
    if count != 1:
        print(f"`old` occurs {count} times in {path}; it must occur exactly once")
        return 1
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text.replace(old, new))
    line = text[: text.index(old)].count("\n") + 1
    print(f"edited {path} at line {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
