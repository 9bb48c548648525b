"""Runs inside the box: replaces one unique passage of a file. Input: JSON on stdin."""

import json
import os
import sys


def main() -> int:
    """Apply the edit; exit 1 with one sentence when it cannot be applied."""
    ask = json.load(sys.stdin)
    try:
        told, done = edit(ask["path"], ask["old"], ask["new"].encode())
    except (OSError, ValueError) as error:  # also what is no UTF-8, in the file or in the edit
        told, done = f"cannot edit {ask['path']!r}: {error}", False
    print(told)
    return 0 if done else 1


def edit(path: str, old: str, new: bytes) -> tuple[str, bool]:
    """Write the file anew; say what was done, or what stands in the way."""
    if old == "":
        if os.path.lexists(path):
            return f"{path} exists already: name the passage to replace in `old`", False
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(new)
        return f"created {path}", True
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    count = text.count(old)
    if count != 1:
        return f"`old` occurs {count} times in {path}; it must occur exactly once", False
    before, after = text.split(old)
    with open(path, "wb") as file:
        file.write(before.encode() + new + after.encode())
    return f"edited {path} at line {before.count(chr(10)) + 1}", True


if __name__ == "__main__":
    sys.exit(main())
