"""`nightshift scenario new`: a scenario that is valid as it stands, and says what to put where."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from bot.errors import UsageError
from bot.validator.desk.survey import survey
from bot.validator.scenario import Kind, ScenarioSet

_FEATURE = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,79}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")

_FRONT = """\
---
id: {id}
feature: {feature}  # the part of the product this is about; three gate scenarios each, or more
kind: {kind}
set: {set}  # dev: coders read it; gate: one bit comes back; sealed: asked once
# weight: 1              # 1 to 5; more scenarios prove more than heavier ones
# must_pass: true        # no merge unless every repeat passes
# repeats: 3             # executions, each with fresh values in a fresh box
# issue: 12              # only when issue 12 asks for it: until it is done, other issues skip it
---

# Story
Who wants what, and what do they see when it works? One story, in the words of a user.

# Setup
Values are drawn anew for every execution, so that a memorised answer fails the next one.
"""

_SETUP = {
    Kind.CLI: """\
vars:
  count: {int: [2, 9]}
compute:                 # what must come out follows from what goes in
  total: "count * 2"
""",
    Kind.LIB: """\
vars:
  count: {int: [2, 9]}
compute:                 # what must come out follows from what goes in
  total: "count * 2"
""",
    Kind.FILE: """\
vars:
  name: {string: 8}
files:                   # beside the product, before the first step
  in.csv: |
    id,name
    1,${name}
""",
    Kind.HTTP: """\
vars:
  name: {string: 8}
""",
}

_STEPS = {
    Kind.CLI: """\
- run: double ${count} --json        # arguments after the mission's product.cli
  as: doubled
- run: [double, "no number"]         # a list works too; leave a step out that tells nothing
  as: refused
""",
    Kind.LIB: """\
- call: {function: "product.module:double", args: ["${count}"]}
  as: doubled
- call: {function: "product.module:double", args: ["no number"]}
  as: refused
""",
    Kind.FILE: """\
- run: [import, in.csv, --store, store.json]
- run: [export, --store, store.json, --out, out.csv]
  as: exported
""",
    Kind.HTTP: """\
- request: {method: POST, path: /things, json: {name: "${name}"}}
  as: created
- request: {path: /things/1}
  as: read
""",
}

_CHECKS = {
    Kind.CLI: """\
- exit: {of: doubled, code: 0}
- equals: {of: doubled, at: stdout.json.total, value: "${total}"}
- exit: {of: refused, code: nonzero}
- regex: {of: refused, at: stderr, pattern: "(?i)number"}
  must: false            # counts into the mean instead of deciding alone
""",
    Kind.LIB: """\
- equals: {of: doubled, value: "${total}"}
- raises: {of: refused, type: ValueError}
""",
    Kind.FILE: """\
- exit: {of: exported, code: 0}
- file-equals: {path: out.csv, text: "id,name\\n1,${name}\\n"}
""",
    Kind.HTTP: """\
- equals: {of: created, at: status, value: 201}
- equals: {of: read, at: body.json.name, value: "${name}"}
""",
}


def skeleton(name: str, kind: Kind, chosen: ScenarioSet, feature: str) -> str:
    """Return the text of a scenario that can be read as it stands."""
    parts = [_FRONT.format(id=name, feature=feature, kind=kind.value, set=chosen.value)]
    parts.append(_fenced(_SETUP[kind]))
    parts.append(f"\n# Steps\n{_fenced(_STEPS[kind])}")
    parts.append(f"\n# Checks\n{_fenced(_CHECKS[kind])}")
    return "".join(parts)


def write_skeleton(folder: Path, name: str, kind: Kind, chosen: ScenarioSet, feature: str) -> Path:
    """Write a new scenario below a corpus, beside its like; never over anything that is there."""
    if not _ID.fullmatch(name):
        raise UsageError(
            f"{name!r} is no id", remedy="use a-z, 0-9 and -, beginning with a letter or digit"
        )
    if not _FEATURE.fullmatch(feature):
        raise UsageError(f"{feature!r} is no name of a feature", remedy="use letters, digits and -")
    if folder.is_dir():
        _refuse_double(folder, name)
    home = folder / chosen.value if (folder / chosen.value).is_dir() else folder
    path = home / f"{name}.md"
    with _writable(path):
        home.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(skeleton(name, kind, chosen, feature))
    return path


def _refuse_double(folder: Path, name: str) -> None:
    """Refuse an id that stands anywhere in the corpus already."""
    for scenario in survey(folder).scenarios:
        if scenario.id == name:
            raise UsageError(
                f"the id {name} stands in {folder / scenario.file}", remedy="choose another one"
            )


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Say in words why a file cannot be written."""
    try:
        yield
    except FileExistsError:
        raise UsageError(f"{path} exists", remedy="choose another id, or another --dir") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _fenced(text: str) -> str:
    return f"```yaml\n{text}```\n"
