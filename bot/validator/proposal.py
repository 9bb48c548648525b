"""Drafts of scenarios for what escaped: a person completes them and moves them into the corpus.

They lie in the validator's own state, where no corpus is looked for, and their steps and checks
are comments: a draft that is moved as it stands cannot be read, and nothing is judged by it.
"""

from collections.abc import Iterator
from pathlib import Path

from bot.domain.work import ProposeRequest

FOLDER = "proposals"
_LONGEST = 8000
_DRAFT = """\
---
id: {id}
feature: incident  # name the part of the product
kind: cli  # or http, lib, file: however the fault is seen from outside
set: gate
origin: incident
---

# Story
Issue {issue} of {repo} was landed as {landed}, and it was wrong:
{why}. Verdicts: {verdicts}.
Rewrite this as a user's story of what must not happen again. The issue said:

{said}

# Setup
```yaml
# vars:
#   count: {{int: [2, 9]}}
```

# Steps
```yaml
# What does a user do to run into it? scenarios/README.md lists the verbs.
# - run: command --of ${{count}}
#   as: seen
```

# Checks
```yaml
# What must be seen? It has to fail on {landed} and pass on what is right:
#   nightshift scenario run DIR --repo REPO --ref {landed}
# - exit: {{of: seen, code: 0}}
```
"""


def draft_id(request: ProposeRequest) -> str:
    """Name the draft of one landing."""
    return f"incident-issue-{request.issue}-{request.landed[:8]}"


def draft(request: ProposeRequest) -> str:
    """Write the draft; the issue's words are quoted, so that they can be no part of the format."""
    text = f"{request.title}\n\n{request.body}"[:_LONGEST]
    said = "\n".join(f"> {_plain(line)}".rstrip() for line in text.splitlines())
    return _DRAFT.format(
        id=draft_id(request),
        issue=request.issue,
        repo=request.repo,
        landed=request.landed,
        why=_plain(request.why),
        verdicts=", ".join(request.verdicts) or "none",
        said=said,
    )


def write_draft(state: Path, request: ProposeRequest) -> Path:
    """Put a draft into the proposals, never over one that is there."""
    home = state / FOLDER / request.repo.replace("/", "__")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / f"{draft_id(request)}.md"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(draft(request), encoding="utf-8")
    return path


def proposals(state: Path, corpus: str) -> Iterator[Path]:
    """List the drafts that wait for a person, of every repository that a corpus is for."""
    for home in sorted((state / FOLDER).glob("*__*")):
        if corpus in {home.name, home.name.partition("__")[2]}:
            yield from sorted(home.glob("*.md"))


def _plain(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)
