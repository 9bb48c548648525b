"""Which scenarios of a corpus are meant."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import ScenarioError, UsageError
from bot.validator.desk.survey import Survey, survey
from bot.validator.scenario import Scenario


def readable(folder: Path) -> Survey:
    """Read a corpus of which every file can be read."""
    corpus = survey(folder)
    for remark in corpus.remarks:
        raise ScenarioError(
            f"{remark.where}: {remark.what}", remedy=f"nightshift scenario lint {folder}"
        )
    if not corpus.scenarios:
        raise UsageError(
            f"there is no scenario in {folder}", remedy="nightshift scenario new writes one"
        )
    return corpus


def selected(corpus: Survey, wanted: Sequence[str]) -> list[Scenario]:
    """Choose scenarios by id, in the order asked for; all of them when none is named."""
    known = {scenario.id: scenario for scenario in corpus.scenarios}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(
            f"there is no scenario {unknown[0]!r} in {corpus.folder}",
            remedy=_near(unknown[0], known),
        )
    return [known[name] for name in wanted] or list(corpus.scenarios)


def _near(name: str, known: Mapping[str, Scenario]) -> str:
    """Name the id that was probably meant."""
    found = [one for one in known if name in one] or difflib.get_close_matches(name, known, n=1)
    return f"did you mean {found[0]}?" if found else "nightshift scenario stats lists what is there"
