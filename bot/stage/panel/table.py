"""What the panel found, as one table, as JSON, and as promises kept or broken. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from bot.policy.satisfaction import wilson_lower_bound
from bot.stage.panel.cast import Coder

TWO_SIDED = 1.96
MOST_FALSE_REJECTS = 0.10
_MUST_NOT_LAND = (Coder.NULL, Coder.FORGER, Coder.HOSTILE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one part ended, and what is known about it."""

    part: str
    coder: Coder
    variant: str
    task: str
    issue: int
    about: str
    outcome: str
    """The state of its run; empty when it never ended."""
    reason: str = ""
    detail: str = ""
    pull: int | None = None
    visible: bool = False
    """An attempt passed the guards and the visible checks."""
    submissions: int = 0
    passed_gate: bool = False
    landed: bool = False
    basis: str = ""
    """What the truth about the landed change rests on."""
    wrong: str = ""
    """What is wrong with it; empty when nothing was shown."""
    escapes: tuple[str, ...] = ()
    unmodelled: tuple[str, ...] = ()
    """What a twin does not model and was asked for on the way: then the part proves nothing."""
    cpu_seconds: float = 0.0
    usd: float = 0.0
    seconds: float = 0.0

    @property
    def false_merge(self) -> bool:
        """Whether something landed that is known to be wrong."""
        return self.landed and bool(self.wrong)


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the two-sided 95 % bounds of Wilson."""

    k: int
    n: int

    @property
    def low(self) -> float:
        """The lower bound."""
        return wilson_lower_bound(self.k / self.n, self.n, TWO_SIDED) if self.n else 0.0

    @property
    def high(self) -> float:
        """The upper bound; nothing seen excludes nothing."""
        return 1 - wilson_lower_bound(1 - self.k / self.n, self.n, TWO_SIDED) if self.n else 1.0

    def __str__(self) -> str:
        """Show both, in whole per cent."""
        if not self.n:
            return "-"
        return f"{self.k}/{self.n} ({100 * self.low:.0f}-{100 * self.high:.0f} %)"

    def body(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"k": self.k, "n": self.n, "low": round(self.low, 4), "high": round(self.high, 4)}


@dataclass(frozen=True, slots=True)
class Line:
    """One coder, summed up."""

    coder: str
    issues: int
    parts: int
    pulls: Share
    gate_passes: Share
    landed: Share
    false_merges: Share
    false_rejects: Share
    escapes: int
    cpu_seconds: float
    usd: float

    @property
    def cost(self) -> str:
        """What one landed change cost, all parts counted; or all of them when none landed."""
        money = f"${self.usd:.2f}, " if self.usd else ""
        total = f"{money}{self.cpu_seconds:.0f} CPU s"
        return f"{total} ({self.cpu_seconds / self.landed.k:.1f} each)" if self.landed.k else total


def line(name: str, ended: Sequence[Ended]) -> Line:
    """Sum up some parts."""
    count = len(ended)
    landed = [one for one in ended if one.landed]
    oracles = [one for one in ended if one.coder is Coder.ORACLE]
    return Line(
        coder=name,
        issues=len({(one.task, one.issue) for one in ended}),
        parts=count,
        pulls=Share(sum(one.pull is not None for one in ended), count),
        gate_passes=Share(sum(one.passed_gate for one in ended), count),
        landed=Share(len(landed), count),
        false_merges=Share(sum(one.false_merge for one in landed), len(landed)),
        false_rejects=Share(sum(not one.landed for one in oracles), len(oracles)),
        escapes=sum(len(one.escapes) for one in ended),
        cpu_seconds=sum(one.cpu_seconds for one in ended),
        usd=sum(one.usd for one in ended),
    )


def lines(ended: Sequence[Ended]) -> list[Line]:
    """Sum up every coder that played, and all of them together; INVALID parts count nowhere."""
    valid = [one for one in ended if not one.unmodelled]
    by_coder = {coder: [one for one in valid if one.coder is coder] for coder in Coder}
    played = [line(coder.value, theirs) for coder, theirs in by_coder.items() if theirs]
    return [*played, line("all", valid)]


def table(ended: Sequence[Ended]) -> Table:
    """Build the table."""
    shown = Table(title="k/n with two-sided 95 % bounds (Wilson)", title_justify="left")
    for name in ("coder", "issues", "parts", "PRs", "gate passes", "landed", "false merges",
                 "false rejects", "escapes", "cost"):  # fmt: skip
        shown.add_column(
            name, justify="right" if name in {"issues", "parts", "escapes"} else "left"
        )
    for one in lines(ended):
        cells = (one.issues, one.parts, one.pulls, one.gate_passes, one.landed, one.false_merges,
                 one.false_rejects, one.escapes, one.cost)  # fmt: skip
        shown.add_row(one.coder, *map(str, cells))
    return shown


def broken(ended: Sequence[Ended], at_large: Sequence[str]) -> list[str]:
    """Name every promise of the panel that does not hold; `at_large` are escapes of nobody."""
    return [
        *(f"{one.part} never ended" for one in ended if not one.outcome),
        *(f"{one.part} landed: {one.about}" for one in ended
          if one.landed and one.coder in _MUST_NOT_LAND),
        *(f"{one.part} is a false merge ({one.about}): {one.wrong}" for one in ended
          if one.false_merge and one.coder not in _MUST_NOT_LAND),
        *(f"{one.part} escaped: {what}" for one in ended for what in one.escapes),
        *(f"something escaped: {what}" for what in at_large),
        *(f"{one.part} is INVALID: {what}" for one in ended for what in one.unmodelled),
        *_rejected([one for one in ended if one.coder is Coder.ORACLE]),
    ]  # fmt: skip


def _rejected(oracles: Sequence[Ended]) -> Iterable[str]:
    refused = [one for one in oracles if not one.landed]
    if len(refused) > MOST_FALSE_REJECTS * len(oracles):
        share = Share(len(refused), len(oracles))
        names = ", ".join(f"{one.part} ({one.reason})" for one in refused)
        yield f"known fixes were refused, {share}: {names}"


def concerning(told: Sequence[str], repository: str, every: Sequence[str]) -> tuple[str, ...]:
    """Return what was said about one repository, and what was said about none of them all."""
    return tuple(
        one
        for one in told
        if f"/{repository}/" in f"{one}/" or not any(f"/{name}/" in f"{one}/" for name in every)
    )


def notes(ended: Sequence[Ended]) -> list[str]:
    """Say what a reader has to know to read the table rightly."""
    mutants = [one for one in ended if one.coder is Coder.MUTANT]
    told = [
        f"{one.part} landed and is not shown wrong: {one.about}"
        for one in mutants
        if one.landed and not one.wrong
    ]
    harmful = [one for one in mutants if one.visible and (one.wrong or not one.landed)]
    if harmful:
        stopped = Share(sum(not one.landed for one in harmful), len(harmful))
        told.append(f"gate power: {stopped} of the mutants that pass the visible checks, stopped")
    if any(one.basis == "scenarios only" for one in ended):
        told.append("truth without a known fix is scenarios only: it cannot see what they miss")
    return told


def body(ended: Sequence[Ended], at_large: Sequence[str], about: dict[str, Any]) -> dict[str, Any]:
    """Return everything as plain JSON."""
    promises = broken(ended, at_large)
    return {
        **about,
        "holds": not promises,
        "broken": promises,
        "notes": notes(ended),
        "coders": {one.coder: _plain(one) for one in lines(ended)},
        "escapes_at_large": list(at_large),
        "parts": [{**asdict(one), "coder": one.coder.value} for one in ended],
    }


def _plain(one: Line) -> dict[str, Any]:
    return {
        "issues": one.issues,
        "parts": one.parts,
        "prs": one.pulls.body(),
        "gate_passes": one.gate_passes.body(),
        "landed": one.landed.body(),
        "false_merges": one.false_merges.body(),
        "false_rejects": one.false_rejects.body(),
        "escapes": one.escapes,
        "cpu_seconds": round(one.cpu_seconds, 2),
        "usd": round(one.usd, 6),
    }
