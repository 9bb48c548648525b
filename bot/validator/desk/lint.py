"""`nightshift scenario lint`, by reading alone: what is broken, double, thin or too little."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import ScenarioError
from bot.validator.desk.likeness import alike
from bot.validator.desk.reach import Reach, reach
from bot.validator.desk.remark import Remark, Weight
from bot.validator.desk.survey import Survey
from bot.validator.desk.telling import told_check, told_step
from bot.validator.functions import ExpressionError
from bot.validator.scenario import Scenario, ScenarioSet
from bot.validator.template import fill
from bot.validator.variables import draw

THIN = 3
"""Gate scenarios of a feature below which a wrong change slips through too easily."""
_DRAWS = 5
_SEED = 1
_SETS = {
    ScenarioSet.DEV: (Weight.NOTE, "coders see none of it: the first failure is told in one bit"),
    ScenarioSet.GATE: (Weight.FINDING, "nothing can merge without it"),
    ScenarioSet.SEALED: (Weight.FINDING, "nothing can merge: the last look before landing is it"),
}


@dataclass(frozen=True, slots=True)
class Linted:
    """Everything that reading a corpus tells."""

    survey: Survey
    remarks: tuple[Remark, ...]
    gate: Reach
    untagged: Reach
    """Of the scenarios that count for every issue, from the first one on."""


def lint(corpus: Survey, threshold: float) -> Linted:
    """Look at a corpus without running anything."""
    gate = corpus.of_set(ScenarioSet.GATE)
    whole = reach(gate, threshold)
    untagged = reach([scenario for scenario in gate if scenario.issue is None], threshold)
    remarks = [
        *corpus.remarks,
        *_values(corpus),
        *_double(corpus),
        *_sets(corpus),
        *_thin(corpus),
        *_bound(whole, untagged),
    ]
    return Linted(corpus, tuple(remarks), whole, untagged)


def _values(corpus: Survey) -> Iterator[Remark]:
    """Draw values a few times and fill them in: what fails here makes a verdict INVALID."""
    for scenario in corpus.scenarios:
        entropy = random.Random(_SEED)  # noqa: S311  the same corpus is told the same
        try:
            for _ in range(_DRAWS):
                _fill_all(scenario, entropy)
        except (ScenarioError, ExpressionError) as error:
            what = f"values cannot be drawn or filled in: {error}"
            yield Remark(Weight.FINDING, "values", scenario.file, what, "mend vars or compute")


def _fill_all(scenario: Scenario, entropy: random.Random) -> None:
    """Fill in every text of a scenario once."""
    names = draw(scenario.setup, entropy)
    fill(scenario.setup.files, names)
    fill(scenario.setup.env, names)
    for step in scenario.steps:
        told_step(step, names)
    for check in scenario.checks:
        told_check(check, names)


def _double(corpus: Survey) -> Iterator[Remark]:
    """Name scenarios that tell the same story; worse when coders can read one of them."""
    for group in alike(corpus.scenarios):
        first, *others = group.scenarios
        sets = {scenario.set for scenario in group.scenarios}
        shown = ScenarioSet.DEV in sets and len(sets) > 1
        leak = "; one of them is dev, so coders know what the others ask" if shown else ""
        weight = Weight.FINDING if group.same_values or shown else Weight.NOTE
        made = "" if group.same_values else ", with values made in another way"
        for other in others:
            what = f"the same steps and checks as {first.file} up to values{made}{leak}"
            remedy = "one story needs one scenario: draw its values from a wider range"
            yield Remark(weight, "duplicate", other.file, what, remedy)


def _sets(corpus: Survey) -> Iterator[Remark]:
    """Name the sets that are empty."""
    for wanted, (weight, why) in _SETS.items():
        if not corpus.of_set(wanted):
            yield Remark(weight, "sets", wanted.value, f"there is no {wanted} scenario: {why}")


def _thin(corpus: Survey) -> Iterator[Remark]:
    """Name the features about which the gate, or the sealed set, says too little."""
    counts = Counter((scenario.feature, scenario.set) for scenario in corpus.scenarios)
    for feature in sorted({scenario.feature for scenario in corpus.scenarios}):
        gate = counts[feature, ScenarioSet.GATE]
        few = f"{gate} gate scenario{'' if gate == 1 else 's'}, fewer than {THIN}"
        lacks = [few] if gate < THIN else []
        lacks += [] if counts[feature, ScenarioSet.SEALED] else ["no sealed scenario"]
        if lacks:
            remedy = "a wrong change here slips through too easily: write more"
            yield Remark(Weight.FINDING, "thin", feature, "; ".join(lacks), remedy)


def _bound(whole: Reach, untagged: Reach) -> Iterator[Remark]:
    """Tell a small corpus the truth."""
    if not whole.n:
        return
    remedy = "about {} more gate scenarios of weight 1 are needed"
    if not whole.merges:
        yield Remark(Weight.FINDING, "bound", "gate", whole.words, remedy.format(whole.missing))
    elif not untagged.merges:
        what = f"while issues are open, without those tagged `issue:`: {untagged.words}"
        yield Remark(Weight.FINDING, "bound", "gate", what, remedy.format(untagged.missing))
