"""What a calibration found: told on the terminal, and as JSON. Both hold hidden words."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bot.domain.calibration import Calibration, Fate, Trial
from bot.owner.paper import write
from bot.policy.calibration import FEWEST, by_feature, rate_of, verdict_on
from bot.validator.equivalent import FILE as EQUIVALENT_FILE


def tell(measured: Calibration, least: float, console: Console) -> bool:
    """Print the rates, the blindest feature first, and every survivor; say whether it is enough."""
    write(console, f"{measured.repo} at {measured.commit[:12]}, {measured.at}")
    table = Table(box=None, pad_edge=False)
    for title in ("feature", "noticed", "asked", "rate", "95 % interval", ""):
        table.add_column(title, justify="left" if title in {"feature", ""} else "right")
    for one in by_feature(measured.trials, least):
        low, high = one.rate.bounds
        table.add_row(
            one.feature,
            str(one.rate.killed),
            str(one.rate.asked),
            f"{one.rate.share:.2f}",
            f"{low:.2f} to {high:.2f}",
            "blind" if one.blind else "",
        )
    console.print(table, highlight=False, markup=False)
    for trial in measured.trials:
        if trial.fate not in {Fate.CAUGHT, Fate.KILLED}:
            _tell_survivor(trial, console)
    rate = rate_of(measured.trials)
    write(console, _asked(measured.trials))
    write(console, f"noticed by the gate: {rate}; {least:.2f} is asked for")
    shown = [trial for trial in measured.trials if trial.fate is not Fate.SURVIVED or trial.differs]
    write(console, f"of those seen to differ on some input of the corpus: {rate_of(shown)}")
    write(console, verdict_on(measured, least))
    _tell_unmarked(measured.trials, console)
    return rate.share >= least and rate.asked >= FEWEST


def _tell_survivor(trial: Trial, console: Console) -> None:
    write(console, f"{trial.fate.value} {trial.where}:{trial.line}  ({_reach(trial)})")
    write(console, f"    - {trial.before}")
    write(console, f"    + {trial.after}")
    if trial.fate is Fate.EQUIVALENT:
        write(console, f"    left out: {trial.excuse}")
    if trial.fate is Fate.MENDS:
        write(console, f"    left out: {trial.differs}; what holds on main still does")
    if trial.fate is Fate.SURVIVED:
        write(console, f"    differs on fresh inputs: {trial.differs or 'nothing was seen'}")
        if trial.excuse:
            write(console, f"    {EQUIVALENT_FILE} says that it changes nothing: take that out")


def _asked(trials: Sequence[Trial]) -> str:
    """Say how many faults there were, and why some of them do not count."""
    caught = sum(trial.fate is Fate.CAUGHT for trial in trials)
    excused = sum(trial.fate is Fate.EQUIVALENT for trial in trials)
    mending = sum(trial.fate is Fate.MENDS for trial in trials)
    told = f"{len(trials)} faults, {caught} of them caught by the visible checks"
    told += f", {excused} marked as equivalent by hand" if excused else ""
    return told + (f", {mending} mend what fails on main" if mending else "")


def _tell_unmarked(trials: Sequence[Trial], console: Console) -> None:
    """Print survivors that differ nowhere in the form in which a person can mark them."""
    same = [one for one in trials if one.fate is Fate.SURVIVED and not one.differs]
    if not same:
        return
    write(console, "")
    write(console, "Survivors of which nothing was seen to differ may be no faults at all.")
    write(console, "If one does something a user could see, a scenario is missing; if it does not,")
    write(console, f"list it in {EQUIVALENT_FILE} beside the scenarios, with the reason:")
    for one in same:
        for key, text in (("where", one.where), ("before", one.before), ("after", one.after)):
            mark = "- " if key == "where" else "  "
            write(console, f"{mark}{key}: {json.dumps(text, ensure_ascii=False)}")
        write(console, '  why: ""')


def _reach(trial: Trial) -> str:
    return ", ".join(trial.features) or "no gate scenario runs there"


def body_of(measured: Calibration, least: float) -> dict[str, object]:
    """Return everything as JSON; it holds hidden words."""
    rate = rate_of(measured.trials)
    return {
        "repo": measured.repo,
        "commit": measured.commit,
        "corpus": measured.corpus,
        "at": measured.at,
        "killed": rate.killed,
        "asked": rate.asked,
        "kill_rate": rate.share,
        "bounds": rate.bounds,
        "min_kill_rate": least,
        "enough": rate.share >= least and rate.asked >= FEWEST,
        "fates": {f.value: sum(t.fate is f for t in measured.trials) for f in Fate},
        "features": [
            {"feature": one.feature, "killed": one.rate.killed, "asked": one.rate.asked,
             "kill_rate": one.rate.share, "bounds": one.rate.bounds, "blind": one.blind}
            for one in by_feature(measured.trials, least)
        ],
        "trials": [asdict(trial) for trial in measured.trials],
    }  # fmt: skip
