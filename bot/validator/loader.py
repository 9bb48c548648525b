"""Hidden scenario files into nouns; whatever cannot be read is a ScenarioError for the owner."""

import functools
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.verdict import FailureClass
from bot.errors import ScenarioError
from bot.validator import document, references, steps
from bot.validator.mistakes import Mistakes
from bot.validator.scenario import (
    Check,
    Corpus,
    Kind,
    Origin,
    Scenario,
    ScenarioSet,
    Setup,
    Statement,
)
from bot.validator.shapecheck import check_shape, shape_mistakes, unknown_key
from bot.validator.shapes import CHECK_OPTIONS, CHECKS, VARIABLES

_REPO = re.compile(r"^(?!\.)([A-Za-z0-9_.-]+)/(?!\.)([A-Za-z0-9_.-]+)$")
MAX_FILE = 262_144


def corpora(repo: str) -> tuple[str, ...]:
    """Name the folders that may hold the corpus of one `owner/name`, the closest first."""
    match = _REPO.match(repo)
    return (f"{match[1]}__{match[2]}", match[2]) if match else ()


def find_corpus(root: Path, repo: str) -> Path | None:
    """Return the folder of one `owner/name`: `owner__name` if present, else `name`."""
    return next((root / name for name in corpora(repo) if (root / name).is_dir()), None)


def load_corpus(folder: Path) -> Corpus:
    """Load every scenario file below a folder; one bad file makes the corpus unreadable."""
    seen: dict[str, str] = {}
    scenarios = []
    digest = hashlib.sha256()
    for path in scenario_files(folder):
        name = path.relative_to(folder).as_posix()
        content = _read(path, name)
        digest.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
        scenario = parse_scenario(_decode(content, name), name)
        if scenario.id in seen:
            raise ScenarioError(f"{name}: id: the same id stands in {seen[scenario.id]}")
        seen[scenario.id] = name
        scenarios.append(scenario)
    return Corpus(folder, digest.hexdigest(), tuple(scenarios))


def corpus_digest(folder: Path) -> str:
    """Hash the sorted scenario files, without parsing them."""
    digest = hashlib.sha256()
    for path in scenario_files(folder):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{hashlib.sha256(_read(path, name)).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=1024)  # every judgement reads its corpus, and hardly a file changes
def parse_scenario(text: str, where: str) -> Scenario:
    """Read one scenario file, naming `where` in every complaint; raises the first one."""
    scenario, mistakes = inspect_scenario(text, where)
    if scenario is None:
        raise mistakes[0]
    return scenario


def inspect_file(path: Path, where: str) -> tuple[Scenario | None, tuple[ScenarioError, ...]]:
    """Read one scenario file from disk, or return everything that is wrong with it."""
    try:
        return inspect_scenario(_decode(_read(path, where), where), where)
    except ScenarioError as mistake:
        return None, (mistake,)


def inspect_scenario(text: str, where: str) -> tuple[Scenario | None, tuple[ScenarioError, ...]]:
    """Read one scenario, or return everything that is wrong with it."""
    mistakes = Mistakes()
    scenario = None
    with mistakes.noted():
        scenario = _assembled(document.parse(text, where, mistakes), where, mistakes)
    return (None if mistakes.found else scenario), tuple(mistakes.found)


def _assembled(parts: document.Document, where: str, mistakes: Mistakes) -> Scenario | None:
    """Put the parts together; names are only looked up when every part has its shape."""
    if parts.front is not None:
        mistakes.add(shape_mistakes(parts.front, "FRONT_MATTER", f"{where}: front matter"))
    front = dict(parts.front) if isinstance(parts.front, dict) else {}
    for section in ("Steps", "Checks"):
        if section not in parts.sections:
            mistakes.add([ScenarioError(f"{where}: the section {section} is missing")])
    if not parts.story:
        mistakes.add([ScenarioError(f"{where}: the section Story is missing or empty")])
    kind = front.pop("kind", None)
    body = _body(parts.data, Kind(kind) if kind in list(Kind) else None, where, mistakes)
    if mistakes.found:
        return None
    scenario = Scenario(
        kind=Kind(kind),
        set=ScenarioSet(front.pop("set")),
        origin=Origin(front.pop("origin", "human")),
        tags=tuple(front.pop("tags", ())),
        story=parts.story,
        file=where,
        **body,
        **front,
    )
    return references.resolve(scenario, mistakes)


def _body(
    data: Mapping[str, Any], kind: Kind | None, where: str, mistakes: Mistakes
) -> dict[str, Any]:
    """Read the sections that could be parsed, each for itself."""
    body: dict[str, Any] = {}
    with mistakes.noted():
        body["setup"] = _setup(data.get("Setup"), f"{where}: Setup", mistakes)
    if "Steps" in data and kind is not None:
        with mistakes.noted():
            body["steps"] = steps.read(data["Steps"], kind, f"{where}: Steps", mistakes)
    if "Checks" in data:
        with mistakes.noted():
            body["checks"] = _checks(data["Checks"], f"{where}: Checks", mistakes)
    with mistakes.noted():
        body["rubric"] = _rubric(data.get("Rubric"), f"{where}: Rubric")
    return body


def scenario_files(folder: Path) -> list[Path]:
    """List the scenario files: every .md but README.md and names that begin with . or _."""
    return sorted(
        path
        for path in folder.rglob("*.md")
        if path.name.lower() != "readme.md"
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )


def _read(path: Path, name: str) -> bytes:
    """Read one file of sane size."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{name}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE:
        raise ScenarioError(f"{name}: larger than 256 KiB")
    return content


def _decode(content: bytes, name: str) -> str:
    """Decode UTF-8 strictly."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ScenarioError(f"{name}: not UTF-8") from None


def _setup(value: Any, where: str, mistakes: Mistakes) -> Setup:
    """Read the Setup section; absent means an empty one."""
    if value is None:
        return Setup()
    check_shape(value, "SETUP", where)
    try:
        datetime.fromisoformat(value.get("clock") or "2000-01-01")
    except ValueError:
        raise ScenarioError(f"{where}.clock: not an ISO 8601 instant") from None
    for name, shape in value.get("vars", {}).items():
        with mistakes.noted():
            _variable(shape, f"{where}.vars.{name}")
    return Setup(**value)


def _variable(shape: Mapping[str, Any], where: str) -> None:
    """Check one variable's shape."""
    if len(shape) != 1:
        raise ScenarioError(f"{where}: needs exactly one of " + ", ".join(VARIABLES))
    kind, value = next(iter(shape.items()))
    if kind not in VARIABLES:
        raise unknown_key(where, kind, VARIABLES)
    check_shape(value, "VARIABLES", f"{where}.{kind}", kind)
    if kind in {"int", "decimal", "date"} and value[0] > value[1]:
        raise ScenarioError(f"{where}.{kind}: the first bound is above the second")
    if kind == "list":
        _variable(value["of"], f"{where}.list.of")


def _checks(value: Any, where: str, mistakes: Mistakes) -> tuple[Check, ...]:
    """Read the Checks section; at least one check, at least one of them a must."""
    if not isinstance(value, list) or not value:
        raise ScenarioError(f"{where}: needs a list with at least one check")
    checks = []
    for index, item in enumerate(value):
        with mistakes.noted():
            checks.append(_check(item, f"{where}[{index}]"))
    return tuple(checks)


def _check(item: Any, where: str) -> Check:
    """Read one check: a verb, and at most must, weight and class beside it."""
    if not isinstance(item, dict):
        raise ScenarioError(f"{where}: a check is a mapping")
    for key in item:
        if key not in CHECKS and key not in CHECK_OPTIONS:
            raise unknown_key(where, key, [*CHECKS, *CHECK_OPTIONS])
    verbs = [key for key in item if key in CHECKS]
    if len(verbs) != 1:
        raise ScenarioError(f"{where}: needs exactly one kind of check, has {len(verbs)}")
    verb = verbs[0]
    check_shape(item[verb], "CHECKS", f"{where}.{verb}", verb)
    for option in item.keys() - {verb}:
        check_shape(item[option], "CHECK_OPTIONS", f"{where}.{option}", option)
    body = item[verb]
    if not isinstance(body, dict):
        body = {{"exit": "code", "invariant": "that", "raises": "type"}[verb]: body}
    failure = FailureClass(item["class"]) if "class" in item else None
    return Check(verb, body, item.get("must", True), item.get("weight", 1), failure)


def _rubric(value: Any, where: str) -> tuple[Statement, ...]:
    """Read the Rubric section; absent means no judged statements."""
    if value is None:
        return ()
    check_shape(value, "RUBRIC", where)
    return tuple(
        Statement(item["statement"], item.get("weight", 1), tuple(item.get("sees", ())))
        for item in value
    )
