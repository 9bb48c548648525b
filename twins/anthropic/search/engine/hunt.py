"""The search: baseline, oracle, localisation, candidates, confirmation, ranking."""

import difflib
import re
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twins.anthropic.search.engine.claims import examples_of
from twins.anthropic.search.engine.harness import Plan, plan_of, warm_up
from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.oracle import Oracle, is_named, missing_name, wishes_of
from twins.anthropic.search.engine.orders import Order, Swap
from twins.anthropic.search.engine.probes import calls_in_tests, probes_of
from twins.anthropic.search.engine.segments import Segments
from twins.anthropic.search.engine.shapes import Candidate, Edit, Outcome, Statistics
from twins.anthropic.search.engine.source import overlap, replacement_of, shape_of, splice
from twins.anthropic.search.engine.suspects import candidates_of, ochiai, words_of
from twins.anthropic.search.engine.wording import what_changed
from twins.anthropic.search.engine.worker import Worker, write

ENOUGH = 12
ENOUGH_KINDS = 8
SEVERAL = 3
PATIENCE = 4.0
BASELINE_SHARE = 0.35
STRETCH = 1.6
RESTARTS = 3
TRACED = 120


@dataclass(slots=True)
class Plausible:
    """A candidate that passed everything it was shown, with how it behaves on the probes."""

    candidate: Candidate
    behaviour: str
    size: int
    confirmed: bool | None = None

    @property
    def rank(self) -> tuple[float, ...]:
        """Sort key: what was refused on disk last, deletions late, small edits first."""
        edits = self.candidate.edits
        destructive = any(edit.destructive for edit in edits)
        cost = self.size + 5 * destructive + 4 * (len(edits) - 1) - 6 * self.candidate.score
        return (self.confirmed is False, round(cost, 2), len(edits))


class Hunt:
    """One search over one repository."""

    def __init__(
        self,
        layout: Layout,
        issue: str,
        checks: Sequence[str],
        *,
        seed: int,
        seconds: float,
        patience: float = PATIENCE,
    ) -> None:
        self._started = time.monotonic()
        self._seconds = seconds
        self._patience = patience
        self._issue = issue
        self._checks = list(checks)
        self._seed = seed
        self.layout = layout
        self.examples = examples_of(issue)
        self.statistics = Statistics(files=len(self.layout.texts))
        self._plan = plan_of(checks, has_tests=bool(self.layout.tests))
        names = set(self.layout.definitions)
        texts = [(layout.root / path).read_text(errors="replace") for path in self.layout.tests]
        probes = probes_of(self.examples, calls_in_tests(texts, names), seed)
        self._known = [*self.examples, *probes]
        self._probes = tuple(
            f"probe:{index}" for index in range(len(self.examples), len(self._known))
        )
        self._oracle = Oracle()
        self._coverage: dict[str, dict[str, list[int]]] = {}
        self._pace = 1.0
        self._plausible: list[Plausible] = []
        self._partial: list[tuple[int, Candidate]] = []
        self._shapes: set[str] = set()
        self._first = 0.0
        self._restarts = 0
        self._cut: dict[str, Segments] = {}
        self._burnt = 0.0

    @property
    def wall(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def spent(self) -> float:
        """Seconds of the budget that are gone: processor time, or wall time on a busy machine.

        A machine that is shared gives fewer candidates per second; some of that is made up for.
        """
        usage = resource.getrusage(resource.RUSAGE_SELF)
        working = usage.ru_utime + usage.ru_stime + self._burnt + self._warm.cpu + self._cold.cpu
        return max(working, self.wall / STRETCH)

    def left(self) -> float:
        """Seconds until the limit."""
        return self._seconds - self.spent

    def run(self) -> list[Plausible]:
        """Search; return the plausible patches, best first, one per behaviour."""
        warm_up(self._plan)
        self._warm = self._open()
        self._cold = Worker(self.layout, self._plan, self._known, warm=False)
        self._cold.listen(10)
        try:
            self._baseline()
            if not self._oracle.targets:
                return []
            lines = self._localise()
            candidates = candidates_of(self.layout, lines, self._issue, self._seed)
            self._search(candidates)
            self._search(self._pairs(candidates))
        finally:
            self._warm.close()
            self._cold.close()
        return self._ranked()

    def _open(self) -> Worker:
        worker = Worker(self.layout, self._plan, self._known, warm=True)
        answer = worker.listen(min(20.0, self._seconds))
        if "ids" in answer:
            self._ids: list[str] = answer["ids"]
            return worker
        worker.close()
        self.statistics.notes.append(f"{self._plan.kind} could not collect the tests")
        self._plan = Plan("none")
        self._ids = []
        worker = Worker(self.layout, self._plan, self._known, warm=True)
        worker.listen(10)
        return worker

    # ---- oracle

    def _baseline(self) -> None:
        seconds = max(2.0, self._seconds * BASELINE_SHARE)
        answer = self._warm.ask(Order(tuple(self._ids), seconds, every=True)) if self._ids else {}
        tests: dict[str, Outcome] = dict(answer.get("results", {}))
        if len(tests) < len(self._ids):
            missing = len(self._ids) - len(tests)
            were = "tests were" if missing > 1 else "test was"
            self.statistics.notes.append(f"{missing} {were} not run within the time")
        for name in [name for name, outcome in tests.items() if outcome == "fail"][:10]:
            again = self._warm.ask(Order((name,), 5.0)).get("results", {})
            if again.get(name) == "pass":
                self.statistics.notes.append(f"unsteady test left out: {name}")
                del tests[name]
        outcomes = [self._try_example(index) for index in range(len(self.examples))]
        if "broken" in outcomes:
            name = f"probe:{outcomes.index('broken')}"
            seen = self._warm.ask(Order((name,), 4.0)).get("results", {}).get(name, "")
            self.statistics.notes.append(f"an example cannot be run here: {seen[:160]}")
        self._choose(tests, outcomes)
        self._look_for_the_unwritten()
        self._pace = max(0.4, 4 * float(answer.get("seconds", 0.5)))

    def _look_for_the_unwritten(self) -> None:
        """Give up before searching when an example uses a name that nothing defines.

        The operators rearrange what is there. They write no function, method or option.
        """
        probes = [f"probe:{name.partition(':')[2]}" for name in self._oracle.targets
                  if name.startswith("example:")]  # fmt: skip
        for probe in probes:
            seen = self._warm.ask(Order((probe,), 4.0)).get("results", {}).get(probe, "")
            name = missing_name(seen)
            if name and not any(name in text for text in self.layout.texts.values()):
                self.statistics.notes.append(f"the issue uses `{name}`, which nothing defines yet")
                self._oracle.targets.clear()
                return

    def _try_example(self, index: int) -> Outcome:
        name = f"example:{index}"
        answer = self._warm.ask(Order((name,), 4.0))
        outcome: Outcome = answer.get("results", {}).get(name, "fail")
        return outcome

    def _choose(self, tests: dict[str, Outcome], outcomes: list[Outcome]) -> None:
        failing = [name for name, outcome in tests.items() if outcome == "fail"]
        related = [name for name in failing if is_named(name, self._issue)]
        wishes = list(wishes_of(self.examples, outcomes))
        targets = [f"example:{index}" for index in wishes]
        if not targets or related:
            targets += related or failing
        guards = [
            f"example:{index}"
            for index, example in enumerate(self.examples)
            if outcomes[index] == "pass" and example.polarity == "expected"
        ]
        passing = [name for name, outcome in tests.items() if outcome == "pass"]
        self._oracle = Oracle(targets, guards + passing, tests)
        self.statistics.oracle = {
            "examples": len(self.examples),
            "failing_examples": len(wishes),
            "unrunnable_examples": outcomes.count("broken"),
            "failing_tests": len(failing),
            "passing_tests": len(passing),
        }

    def _localise(self) -> dict[str, dict[int, float]]:
        bad = self._trace(tuple(self._oracle.targets), min(8.0, self.left() / 4))
        guards = self._oracle.guards
        step = max(1, len(guards) // TRACED)
        good = self._trace(tuple(guards[::step]), min(8.0, self.left() / 4))
        self._coverage = good
        scores = ochiai(list(bad.values()), list(good.values()))
        if not scores:
            self.statistics.notes.append("no product line is covered by what fails")
            words = words_of(self._issue)
            for path, text in self.layout.texts.items():
                for number, line in enumerate(text.split("\n"), 1):
                    if words_of(line) & words:
                        scores.setdefault(path, {})[number] = 0.3
        return scores

    def _trace(self, names: tuple[str, ...], seconds: float) -> dict[str, dict[str, list[int]]]:
        answer = self._warm.ask(Order(names, seconds, every=True, trace=True)) if names else {}
        lines: dict[str, dict[str, list[int]]] = answer.get("lines", {})
        return lines

    # ---- candidates

    def _search(self, candidates: Iterator[Candidate] | list[Candidate]) -> None:
        for candidate in candidates:
            if self._is_enough() or not self._is_alive():
                return
            if self.left() <= 0:
                self.statistics.stopped = self._seconds
                return
            self._judge(candidate)

    def _is_alive(self) -> bool:
        """Start the workers again that a candidate has killed, a few times."""
        if not (self._warm.dead or self._cold.dead):
            return True
        self._restarts += 1
        if self._restarts > RESTARTS:
            self.statistics.notes.append("candidates kept killing the process that runs the tests")
            return False
        for worker in (self._warm, self._cold):
            self._burnt += worker.cpu
            worker.close()
        self._warm = self._open()
        self._cold = Worker(self.layout, self._plan, self._known, warm=False)
        self._cold.listen(10)
        return not self._warm.dead

    def _is_enough(self) -> bool:
        if not self._plausible:
            return False
        kinds = len({each.behaviour for each in self._plausible})
        many = len(self._plausible) >= ENOUGH and kinds >= SEVERAL
        waited = self.spent - self._first
        patience = max(self._patience, 1.5 * self._first)
        return many or kinds >= ENOUGH_KINDS or waited > patience

    def _judge(self, candidate: Candidate) -> None:
        path = candidate.path
        text = self.layout.texts[path]
        try:
            patched = splice(text, candidate.edits)
            swap = self._segments(path).swap(candidate.edits, patched)
            shape = path + (shape_of(swap[2]) + str(swap[1]) if swap else shape_of(patched))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        if shape in self._shapes:
            return
        self._shapes.add(shape)
        self.statistics.candidates += 1
        write(self.layout, path, patched)
        try:
            self._run_stages(candidate, swap, patched)
        finally:
            write(self.layout, path, text)

    def _run_stages(self, candidate: Candidate, swap: Swap | None, patched: str) -> None:
        worker = self._warm if swap else self._cold
        targets = tuple(self._oracle.targets)
        every = len(targets) > 1
        seconds = min(2.0, self._pace) if swap else 3.0
        answer = worker.ask(Order(targets, seconds, swap, every=every))
        results = answer.get("results", {})
        held = sum(results.get(name) == "pass" for name in targets)
        if held < len(targets):
            if held and len(candidate.edits) == 1:
                self._partial.append((held, candidate))
            return
        guards = self._guards_of(candidate) if swap else tuple(self._oracle.guards)
        answer = worker.ask(Order(guards, self._pace + 2.0, swap)) if guards else {"results": {}}
        results = answer.get("results", {})
        if any(results.get(name) != "pass" for name in guards):
            return
        behaviour = worker.ask(Order(self._probes, 4.0, swap, every=True)).get("results", {})
        self._first = self._first or self.spent
        self.statistics.plausible += 1
        size = _distance(self.layout.texts[candidate.path], candidate.edits)
        key = "\n".join(f"{name}={behaviour.get(name)}" for name in self._probes)
        self._plausible.append(Plausible(candidate, key or patched, size))

    def _guards_of(self, candidate: Candidate) -> tuple[str, ...]:
        """Return the guards that run a line near the edit, or whose lines are unknown."""
        path = candidate.path
        low, high = self._segments(path).neighbourhood(candidate.edits)
        chosen = []
        for name in self._oracle.guards:
            lines = self._coverage.get(name)
            if lines is None or any(low <= line <= high for line in lines.get(path, ())):
                chosen.append(name)
        return tuple(chosen)

    def _segments(self, path: str) -> Segments:
        if path not in self._cut:
            self._cut[path] = Segments(path, self.layout.texts[path])
        return self._cut[path]

    def _pairs(self, candidates: list[Candidate]) -> Iterator[Candidate]:
        """Join a candidate that made some targets hold with every other one of its file."""
        best = sorted(self._partial, key=lambda each: (-each[0], -each[1].score))[:6]
        for other in candidates[:1500]:
            for _, base in best:
                one, two = base.edits[0], other.edits[0]
                if one.path == two.path and not overlap(one, two):
                    yield Candidate((one, two), base.score * other.score)

    # ---- results

    def _ranked(self) -> list[Plausible]:
        best: dict[str, Plausible] = {}
        for each in sorted(self._plausible, key=lambda each: each.rank):
            best.setdefault(each.behaviour, each)
        chosen = list(best.values())[:ENOUGH]
        budget = time.monotonic() + max(4.0, self._seconds * 0.3)
        for each in chosen:
            if time.monotonic() < budget:
                each.confirmed = self._confirm(each.candidate, budget - time.monotonic())
        return sorted(chosen, key=lambda each: each.rank)

    def _confirm(self, candidate: Candidate, seconds: float) -> bool | None:
        """Run the tests in fresh interpreters on the patched copy; None when there is no time."""
        text = self.layout.texts[candidate.path]
        write(self.layout, candidate.path, splice(text, candidate.edits))
        worker = Worker(self.layout, self._plan, self._known, warm=True)
        try:
            answer = worker.listen(min(seconds, 10.0))
            if "ids" not in answer:
                return False if answer else None
            names = (*self._oracle.targets, *self._oracle.guards)
            results = worker.ask(Order(names, min(seconds, 10.0), every=True))
            if not results.get("ended"):
                return None
            outcomes = results.get("results", {})
            return all(outcomes.get(name) == "pass" for name in names)
        finally:
            worker.close()
            write(self.layout, candidate.path, text)

    def describe(self, each: Plausible) -> dict[str, Any]:
        """Return a patch as plain data: exact old text, new text, and what was done."""
        text = self.layout.texts[each.candidate.path]
        old, new = replacement_of(text, each.candidate.edits)
        label = ", ".join(what_changed(text, edit) for edit in each.candidate.edits)
        return {
            "path": each.candidate.path,
            "old": old,
            "new": new,
            "label": label,
            "confirmed": each.confirmed,
        }


def _distance(text: str, edits: Sequence[Edit]) -> int:
    """Count the words and signs by which two texts differ."""
    total = 0
    for edit in edits:
        one = re.findall(r"\w+|[^\w\s]", text[edit.start : edit.end])
        two = re.findall(r"\w+|[^\w\s]", edit.new)
        matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
        total += sum(
            max(high - low, right - left)
            for tag, low, high, left, right in matcher.get_opcodes()
            if tag != "equal"
        )
    return total
