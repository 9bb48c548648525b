"""Guards: deterministic rules over the whole difference between a candidate and its base.

A guard never executes, never trusts a name, and says what to do instead. `RULES` is the table.
Case collisions are seen within the change only: a Diff does not hold the rest of the tree.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from bot.domain.change import Diff, FileDiff, FileStatus
from bot.domain.finding import Finding
from bot.domain.mission import Mission
from bot.policy.leaks import hidden_in, secrets_in
from bot.policy.manifests import DEPENDENCIES, governed_changes
from bot.policy.paths import BUILT_IN, fold, is_test, matches, trick
from bot.policy.weakening import weakened

MOST_FILES = 60
MOST_BYTES = 1024 * 1024
MOST_FINDINGS = 40
_SYMLINK, _SUBMODULE, _PLAIN, _EXECUTABLE = "120000", "160000", "100644", "100755"
_CONFLICT = re.compile(r"(<{7,}|>{7,}) \S")

Rule = Callable[[Diff, Mission], Iterator[tuple[str, str]]]
"""Yields (path, sentence)."""


def inspect(diff: Diff, mission: Mission) -> tuple[Finding, ...]:
    """Return every broken guard, in the order of the table; nothing means the change may go on."""
    found = [
        Finding(name, path, message)
        for name, rule in RULES.items()
        for path, message in rule(diff, mission)
    ]
    if len(found) <= MOST_FINDINGS:
        return tuple(found)
    left = len(found) - MOST_FINDINGS
    return (*found[:MOST_FINDINGS], Finding("more", "", f"{left} more findings are not listed."))


def empty(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Require a difference."""
    if not diff.files:
        yield "", "The change is empty: nothing differs from the base. Edit files, then submit."


def path_tricks(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Take only paths that mean the same file on every system."""
    for file in diff.files:
        if file.status is FileStatus.ADDED and (wrong := trick(file.path)):
            yield file.path, f"The path {wrong}. Use a plain name."
    standing = [file.path for file in diff.files if file.status is not FileStatus.DELETED]
    folded = Counter(fold(path) for path in standing)
    for path in standing:
        if folded[fold(path)] > 1:
            yield path, "Another path of this change differs from it in case only. Rename one."


def protected(diff: Diff, mission: Mission) -> Iterator[tuple[str, str]]:
    """Leave to people what governs, builds or judges the repository."""
    patterns = protected_patterns(mission)
    for file in diff.files:
        if pattern := matches(file.path, patterns):
            yield file.path, f"This path is protected (`{pattern}`). Put it back as it was."


def manifests(diff: Diff, mission: Mission) -> Iterator[tuple[str, str]]:
    """Refuse foreign code and moved test settings."""
    patterns: tuple[str, ...] = DEPENDENCIES
    if mission.environment.requirements:
        patterns = (*DEPENDENCIES, mission.environment.requirements)
    for file in diff.files:
        if matches(file.path, patterns):
            yield file.path, "Dependencies are fixed. Put this file back and do without new ones."
        elif touched := governed_changes(file.path, file.old or "", file.new or ""):
            names = ", ".join(f"`{name}`" for name in touched[:5])
            yield file.path, f"Dependency, build and tool settings are fixed. Put back {names}."


def size(diff: Diff, mission: Mission) -> Iterator[tuple[str, str]]:
    """Keep a change small enough to be judged."""
    limit = mission.limits.diff_lines
    if diff.lines > limit:
        yield (
            "",
            f"The change has {diff.lines} changed lines; the mission allows {limit}. Shrink it.",
        )
    if len(diff.files) > MOST_FILES:
        yield "", f"The change touches {len(diff.files)} files; at most {MOST_FILES} are allowed."
    for file in diff.files:
        if len(file.new or "") > max(MOST_BYTES, len(file.old or "")):
            yield file.path, f"The file is larger than {MOST_BYTES // 1024} KiB."


def links(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Refuse symbolic links, wherever they point."""
    for file in diff.files:
        if file.new_mode == _SYMLINK or (file.old_mode == _SYMLINK and file.new_mode):
            far = _leaves_tree(file.path, file.new or "")
            where = "a symbolic link that leaves the repository" if far else "a symbolic link"
            yield file.path, f"This adds or changes {where}. Use a regular file."


def submodules(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Refuse foreign repositories."""
    for file in diff.files:
        if _SUBMODULE in {file.old_mode, file.new_mode}:
            yield file.path, "This adds, moves or removes a submodule. Put it back as it was."


def modes(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Keep modes as they are, and executables to scripts."""
    regular = {_PLAIN, _EXECUTABLE}
    for file in diff.files:
        if {file.old_mode, file.new_mode} - {"", _SYMLINK, _SUBMODULE} - regular:
            yield file.path, f"The file mode `{file.new_mode}` is not used here."
        elif {file.old_mode, file.new_mode} == regular:
            yield file.path, "The executable bit changed. Put the mode back as it was."
        elif not file.old_mode and file.new_mode == _EXECUTABLE and not _is_script(file):
            yield file.path, "A new file is executable but is no script. Clear the bit."


def binaries(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Take only what can be read."""
    for file in diff.files:
        unread = file.binary or file.new is None
        if unread and file.new_mode in {_PLAIN, _EXECUTABLE}:
            yield file.path, "This adds or changes a binary file. Only text is taken."


def deleted_tests(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Keep tests and their data; a rename would hide what was dropped."""
    for file in diff.files:
        if file.status is FileStatus.DELETED and is_test(file.path):
            yield file.path, "A test file was deleted or renamed. Put it back under its name."


def weakened_tests(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Let a changed test prove at least what it proved."""
    for file in diff.files:
        changed = file.status is FileStatus.MODIFIED and is_test(file.path)
        if changed and file.old is not None and file.new is not None:
            for how in weakened(file.path, file.old, file.new):
                yield file.path, f"An existing test became weaker: {how}. Restore it."


def secrets(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Publish nothing that looks like a key. The message never repeats it."""
    for file in diff.files:
        for number, line in added_lines(file):
            for kind in secrets_in(line):
                yield (
                    file.path,
                    f"Line {number} looks like {kind}. Remove it or make it up shorter.",
                )


def hidden_text(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Let a reader see what a machine reads."""
    for file in diff.files:
        for number, line in added_lines(file):
            if code := hidden_in(line.removeprefix("\ufeff") if number == 1 else line):
                yield file.path, f"Line {number} has the invisible character {code}. Escape it."


def conflict_markers(diff: Diff, _: Mission) -> Iterator[tuple[str, str]]:
    """Refuse half-merged files."""
    for file in diff.files:
        for number, line in added_lines(file):
            if _CONFLICT.match(line):
                yield file.path, f"Line {number} is a conflict marker. Resolve the conflict."


RULES: dict[str, Rule] = {
    "empty": empty,
    "path": path_tricks,
    "protected": protected,
    "manifest": manifests,
    "size": size,
    "symlink": links,
    "submodule": submodules,
    "mode": modes,
    "binary": binaries,
    "test-deleted": deleted_tests,
    "test-weakened": weakened_tests,
    "secret": secrets,
    "hidden-text": hidden_text,
    "conflict-marker": conflict_markers,
}
"""Every guard by the name that stands in findings, on the pull request and in the run's record."""


def added_lines(file: FileDiff) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of the lines that the old side does not have."""
    known = Counter((file.old or "").split("\n"))
    for number, line in enumerate((file.new or "").split("\n"), 1):
        if known[line]:
            known[line] -= 1
        else:
            yield number, line


def protected_patterns(mission: Mission) -> tuple[str, ...]:
    """Return everything a coder may not touch; judged changes get these files from the base."""
    return (*BUILT_IN, *mission.protected, *_named_by_checks(mission))


def _named_by_checks(mission: Mission) -> Iterator[str]:
    """Yield the files that a check command names or implies: they decide its outcome."""
    for command in mission.checks:
        words = command.split()
        named = (word for word in words if re.fullmatch(r"[\w./-]+\.\w+", word))
        yield from (word for word in named if not is_test(word))
        if "make" in words:
            yield from ("Makefile", "GNUmakefile")


def _is_script(file: FileDiff) -> bool:
    return (file.new or "").startswith("#!")


def _leaves_tree(path: str, target: str) -> bool:
    """Whether a link at `path` points out of the repository."""
    depth = path.count("/")
    for part in target.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return True
    return target.startswith("/")
