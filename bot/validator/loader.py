"""Hidden scenario files into nouns; whatever cannot be read is a ScenarioError for the owner."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.verdict import FailureClass
from bot.errors import ScenarioError
from bot.validator import document, references, steps
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
from bot.validator.shapecheck import check_shape, unknown_key
from bot.validator.shapes import CHECK_OPTIONS, CHECKS, VARIABLES

_REPO = re.compile(r"^(?!\.)([A-Za-z0-9_.-]+)/(?!\.)([A-Za-z0-9_.-]+)$")
MAX_FILE = 262_144


def find_corpus(root: Path, repo: str) -> Path | None:
    """Return the folder of one `owner/name`: `owner__name` if present, else `name`."""
    match = _REPO.match(repo)
    if not match:
        return None
    folders = (root / f"{match[1]}__{match[2]}", root / match[2])
    return next((folder for folder in folders if folder.is_dir()), None)


def load_corpus(folder: Path) -> Corpus:
    """Load every scenario file below a folder; one bad file makes the corpus unreadable."""
    seen: dict[str, str] = {}
    scenarios = []
    digest = hashlib.sha256()
    for path in _files(folder):
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
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{hashlib.sha256(_read(path, name)).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def parse_scenario(text: str, where: str) -> Scenario:
    """Read one scenario file, naming `where` in every complaint."""
    parts = document.parse(text, where)
    check_shape(parts.front, "FRONT_MATTER", f"{where}: front matter")
    front = dict(parts.front)
    for section in ("Steps", "Checks"):
        if section not in parts.data:
            raise ScenarioError(f"{where}: the section {section} is missing")
    if not parts.story:
        raise ScenarioError(f"{where}: the section Story is missing or empty")
    kind = Kind(front.pop("kind"))
    scenario = Scenario(
        kind=kind,
        set=ScenarioSet(front.pop("set")),
        origin=Origin(front.pop("origin", "human")),
        tags=tuple(front.pop("tags", ())),
        story=parts.story,
        setup=_setup(parts.data.get("Setup"), f"{where}: Setup"),
        steps=steps.read(parts.data["Steps"], kind, f"{where}: Steps"),
        checks=_checks(parts.data["Checks"], f"{where}: Checks"),
        rubric=_rubric(parts.data.get("Rubric"), f"{where}: Rubric"),
        file=where,
        **front,
    )
    return references.resolve(scenario)


def _files(folder: Path) -> list[Path]:
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


def _setup(value: Any, where: str) -> Setup:
    """Read the Setup section; absent means an empty one."""
    if value is None:
        return Setup()
    check_shape(value, "SETUP", where)
    try:
        datetime.fromisoformat(value.get("clock") or "2000-01-01")
    except ValueError:
        raise ScenarioError(f"{where}.clock: not an ISO 8601 instant") from None
    for name, shape in value.get("vars", {}).items():
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


def _checks(value: Any, where: str) -> tuple[Check, ...]:
    """Read the Checks section; at least one check, at least one of them a must."""
    if not isinstance(value, list) or not value:
        raise ScenarioError(f"{where}: needs a list with at least one check")
    return tuple(_check(item, f"{where}[{index}]") for index, item in enumerate(value))


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
