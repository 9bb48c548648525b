"""A first mission.md, made of what a repository shows; a person edits it in the pull request."""

import json
import re
from collections.abc import Mapping

import yaml

from bot.adapters.missionfile import parse_mission, suggest_mission
from bot.domain.mission import Gate, Limits

READ = re.compile(
    r"(^|/)(__init__|_version|__version__|version|__about__|about)\.py$"
    r"|(^|/)[^/]*requirements[^/]*\.(txt|in)$|^requirements/[^/]+\.(txt|in)$"
    r"|^(pyproject\.toml|setup\.(py|cfg)|tox\.ini|pytest\.ini|PKG-INFO|package\.json|Makefile)$"
    r"|\.egg-info/top_level\.txt$"
)
"""What has to be read for it; of everything else the name and the size are enough."""
_COMMANDS = {"Cargo.toml": "cargo test", "go.mod": "go test ./...", "pom.xml": "mvn -q test"}
_UNKNOWN = "false"
_NOTE = """\
<!-- Drafted by `nightshift init` from file names and metadata. Edit it before you merge: models
read this text and cite it, code obeys the lines above. What it does not say is up to the model. -->
"""


def draft_mission(files: Mapping[str, bytes], description: str = "") -> str:
    """Return a mission that parses, and says where a person has to decide."""
    front, prose = _parts(suggest_mission(files))
    if not any(path.endswith(".py") for path in files):
        front = {"checks": [_check_of(files)], "protected": front["protected"]}
    text = f"---\n{_dump(front)}{_choices(front)}---\n{_NOTE}{_described(prose, description)}"
    parse_mission(text)
    return text


def _parts(text: str) -> tuple[dict[str, list[str]], str]:
    """Split a suggestion into its values and its prose, without the note on its origin."""
    _, front, rest = text.split("---\n", 2)
    return yaml.safe_load(front), re.sub(r"^<!--.*?-->\n", "", rest, flags=re.DOTALL)


def _dump(values: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=96)


def _choices(front: Mapping[str, list[str]]) -> str:
    """Write out what else can be decided, with the values that hold anyway."""
    most, gate = Limits(), Gate()
    limits = f"attempts: {most.attempts}, usd_per_issue: {most.usd_per_issue:g}"
    limits += f", minutes: {most.minutes:g}, diff_lines: {most.diff_lines}"
    lines = [
        f"limits: {{{limits}}}",
        f"gate: {{threshold: {gate.threshold:.2f}, min_kill_rate: {gate.min_kill_rate:.2f}}}",
        "autonomy: 5  # 3 = comment a plan, 4 = open the pull request, 5 = merge what is proven",
    ]
    if front["checks"] == [_UNKNOWN]:
        lines.insert(0, "# No test command was found: as it stands, every change fails this check.")
    if "product" not in front:
        lines.append("# product: {cli: ..., http: ..., lib: ...}  # how hidden scenarios reach it")
    return "\n".join(lines) + "\n"


def _check_of(files: Mapping[str, bytes]) -> str:
    """Find the command that runs the tests of something that is not Python."""
    if "test" in _scripts(files.get("package.json", b"")):
        return "npm test"
    if re.search(rb"^test\s*:", files.get("Makefile", b""), re.MULTILINE):
        return "make test"
    return next((run for name, run in _COMMANDS.items() if name in files), _UNKNOWN)


def _scripts(package: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(package)
    except (ValueError, RecursionError):
        return {}
    scripts = found.get("scripts") if isinstance(found, dict) else None
    return scripts if isinstance(scripts, dict) else {}


def _described(prose: str, description: str) -> str:
    """Put the repository's own description where the suggestion knows nothing better."""
    plain = re.sub(r"[^\w .,:;'()/+-]", "", description.partition("\n")[0])[:200].strip()
    said = f": {plain}" if plain else " is for what its README says."
    return re.sub(r" is a Python project\.$", lambda _: said, prose, count=1, flags=re.MULTILINE)
