"""Reads a whole corpus at once: what can be used, and everything that is wrong with the rest."""

from dataclasses import dataclass
from pathlib import Path

from bot.errors import UsageError
from bot.validator.desk.remark import Remark, Weight
from bot.validator.loader import corpus_digest, inspect_file, scenario_files
from bot.validator.scenario import Scenario, ScenarioSet


@dataclass(frozen=True, slots=True)
class Survey:
    """A corpus as it lies there."""

    folder: Path
    digest: str
    files: int
    scenarios: tuple[Scenario, ...]
    """Those that can be read."""
    remarks: tuple[Remark, ...]
    """Why the others cannot."""

    def of_set(self, wanted: ScenarioSet) -> tuple[Scenario, ...]:
        """Return the readable scenarios of one set."""
        return tuple(scenario for scenario in self.scenarios if scenario.set is wanted)


def survey(folder: Path) -> Survey:
    """Read every scenario file below a folder."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is no folder", remedy="name the folder that holds the scenario files"
        )
    scenarios: list[Scenario] = []
    remarks: list[Remark] = []
    seen: dict[str, str] = {}
    files = scenario_files(folder)
    for path in files:
        where = path.relative_to(folder).as_posix()
        scenario, mistakes = inspect_file(path, where)
        remarks += [_unreadable(where, str(error.what), error.remedy) for error in mistakes]
        if scenario is None:
            continue
        if scenario.id in seen:
            what = f"id: {scenario.id} stands in {seen[scenario.id]} too"
            remarks.append(_unreadable(where, what, "give one of them another id"))
        seen.setdefault(scenario.id, where)
        scenarios.append(scenario)
    digest = corpus_digest(folder) if not remarks else ""
    return Survey(folder, digest, len(files), tuple(scenarios), tuple(remarks))


def _unreadable(where: str, what: str, remedy: str) -> Remark:
    return Remark(Weight.MISTAKE, "unreadable", where, what.removeprefix(f"{where}: "), remedy)
