"""Plants marks into hidden scenarios, so that a word of them is known wherever it turns up."""

import re
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from bot.stage.panel.leaks import MARK
from bot.stage.panel.tasks import Task
from bot.validator.scenario import ScenarioSet

PER_SCENARIO = 3
_STORY = re.compile(rb"^# Story[ \t]*\r?$", re.MULTILINE)


def plant(task: Task, room: Path) -> Task:
    """Copy the corpus below `room`, with fresh marks in the story of all that is never shown.

    All repositories of a task get the same copy: what the validator learns of a base is kept per
    corpus, and a copy of its own for each would have it learn everything anew.
    """
    corpus = room / "marked" / task.name
    shutil.copytree(task.corpus, corpus)
    for scenario in task.scenarios:
        if scenario.set is not ScenarioSet.DEV:
            file = corpus / scenario.file
            marks = " ".join(f"canary-{secrets.token_hex(6)}" for _ in range(PER_SCENARIO))
            heading = rf"\g<0>\n{marks}".encode()
            file.write_bytes(_STORY.sub(heading, file.read_bytes(), count=1))
    return replace(task, corpus=corpus)


def planted(task: Task) -> set[bytes]:
    """Return every mark in what is never shown."""
    hidden = [task.corpus / one.file for one in task.scenarios if one.set is not ScenarioSet.DEV]
    return {mark for file in hidden for mark in MARK.findall(file.read_bytes())}
