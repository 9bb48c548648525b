"""A folder with one small task, as `nightshift panel --tasks` takes it."""

from pathlib import Path

from tests.person import git

MISSION = """---
checks: [python -m unittest -q]
product: {lib: till}
protected: [mission.md]
limits: {attempts: 2, usd_per_issue: 3, minutes: 15, diff_lines: 60}
gate: {threshold: 0.90}
autonomy: 5
---
# What this is for

The till of a small shop.

## In scope

- Prices of baskets, as the shop says them.

## Out of scope

- Everything that needs a network.
"""
TILL = '''"""The till."""

FROM = 10


def price(count: int, each: int) -> int:
    """Say what a basket costs: from ten pieces on, one piece in ten is free."""
    free = 0
    if count > FROM:
        free = count // FROM
    return (count - free) * each
'''
TESTS = """import unittest

import till


class Prices(unittest.TestCase):
    def test_few(self) -> None:
        self.assertEqual(till.price(3, 5), 15)


if __name__ == "__main__":
    unittest.main()
"""
FIX = """--- a/till.py
+++ b/till.py
@@ -6,6 +6,6 @@
 def price(count: int, each: int) -> int:
     \"\"\"Say what a basket costs: from ten pieces on, one piece in ten is free.\"\"\"
     free = 0
-    if count > FROM:
+    if count >= FROM:
         free = count // FROM
     return (count - free) * each
"""
ISSUE = """# Ten pieces cost too much

`till.price(10, 7)` returns 70. It should return 63: from ten pieces on, one piece in ten is free.
"""
SCENARIO = """---
id: basket-of-{count}-pieces-{set}
feature: prices
kind: lib
set: {set}
repeats: 1
{own}
---
# Story
Somebody buys {count} pieces.

# Setup
```yaml
vars:
  each: {{int: [101, 9000]}}
compute:
  right: "({count} - ({count} // 10)) * each"
```

# Steps
```yaml
- call: {{function: "till:price", args: [{count}, "${{each}}"]}}
```

# Checks
```yaml
- {check}
```
"""
LOOKS = 'equals: {value: "${right}"}'
LOOKS_AT_NOTHING = "invariant: \"'anything' != 'something'\""
GATE, SEALED = range(31), (9, 10, 11, 19, 20, 21, 29, 30, 31, 45)


def write_task(folder: Path, *, check: str = LOOKS, fix: bool = True) -> Path:
    """Write the task `till` with 31 gate and 10 sealed scenarios; return the folder of tasks."""
    place = folder / "till"
    repository = place / "repository"
    repository.mkdir(parents=True)
    files = {"till.py": TILL, "test_till.py": TESTS, "mission.md": MISSION}
    for name, text in files.items():
        (repository / name).write_text(text, encoding="utf-8")
    commit(repository)
    (place / "issue.md").write_text(ISSUE, encoding="utf-8")
    if fix:
        (place / "fix.patch").write_text(FIX, encoding="utf-8")
    for kind, counts in (("gate", GATE), ("sealed", SEALED)):
        (place / "scenarios" / kind).mkdir(parents=True)
        for count in counts:
            own = "issue: 1" if count == 10 else ""
            text = SCENARIO.format(count=count, set=kind, own=own, check=check)
            (place / "scenarios" / kind / f"{count}.md").write_text(text, encoding="utf-8")
    return folder


def commit(repository: Path) -> None:
    """Make a repository of a folder."""
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Begin"),
    ):
        git(repository, *words)
