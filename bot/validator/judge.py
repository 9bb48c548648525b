"""Judges one commit: selects the set, examines it, applies the rule, signs, remembers."""

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot import wire
from bot.adapters.box import BoxPool, Layer
from bot.domain.verdict import FailureClass, Judgement, Outcome, Purpose, Verdict
from bot.domain.work import RehearseReply, RehearseRequest, ValidateRequest
from bot.errors import NightshiftError, ScenarioError
from bot.policy.calibration import known
from bot.policy.feedback import (
    CONSULTATIONS_PER_CORPUS,
    Consultation,
    coarse_class,
    may_consult,
    may_seal,
)
from bot.policy.satisfaction import Assessment, Standing, assess_gate, assess_sealed, standing
from bot.validator.burns import Burns
from bot.validator.drivers.tour import offered
from bot.validator.drivers.visit import Stage
from bot.validator.examination import EXTRA_RUNS, Examination, seen_in
from bot.validator.exhibit import Exhibit
from bot.validator.functions import ExpressionError
from bot.validator.ledger import Entry, Ledger, Shown
from bot.validator.loader import find_corpus, load_corpus
from bot.validator.rehearsal import rehearse
from bot.validator.rubric import Judge
from bot.validator.scenario import Corpus, ScenarioSet
from bot.validator.selection import LeftOut, Selection, Within, nowhere, select
from bot.validator.shelf import Folder, Shelf, Stock
from bot.validator.signing import Signer
from bot.validator.trajectories import Runner
from bot.validator.transcript import transcript


@dataclass(frozen=True, slots=True)
class Judged:
    """What an examination came to, before it is signed."""

    assessment: Assessment
    corpus: Corpus | None = None
    left_out: tuple[LeftOut, ...] = ()
    stock: Stock | None = None
    exhibits: tuple[Exhibit, ...] = ()
    note: str = ""
    """For the owner: why a corpus cannot be read, or a box failed."""


class Validator:
    """Everything that is needed to answer a question about a commit."""

    def __init__(
        self,
        *,
        pool: BoxPool,
        ledger: Ledger,
        signer: Signer,
        clock: Callable[[], datetime],
        budget: int = CONSULTATIONS_PER_CORPUS,
        extra_runs: int = EXTRA_RUNS,
        scenarios: Path | None = None,
        shelf: Shelf | None = None,
        judge: Judge | None = None,
        judge_model: str = "",
    ) -> None:
        self._pool = pool
        self._judge_model = judge_model
        self._shelf = shelf or Folder(scenarios or Path("scenarios"))
        self._ledger = ledger
        self._signer = signer
        self._clock = clock
        self._burns = Burns(ledger.path)
        self._budget = budget
        self._extra_runs = extra_runs
        self._runner = Runner(pool, judge)
        self._learning = asyncio.Lock()
        """Two questions about one base, asked together, run it once and not twice."""

    def already(self, request: ValidateRequest) -> Judgement | None:
        """Return the answer that this very question got before: asking again spends nothing."""
        return self._ledger.answered(request.nonce, _question(request))

    async def judge(
        self,
        request: ValidateRequest,
        head_tar: bytes,
        base_tar: bytes,
        layers: Sequence[Layer] = (),
        *,
        within: Within = nowhere,
    ) -> Judgement:
        """Answer with a signed verdict. The tars must be the trees of the request's commits.

        `within` knows the history of the base.
        """
        known = self.already(request)
        if known:
            return known
        begun = time.monotonic()
        head = Stage(head_tar, tuple(layers), request.product)
        base = Stage(base_tar, tuple(layers), request.product)
        digest = self._pool.digest
        judged = await self._judge(request, head, base, within)
        if not digest or self._pool.digest != digest:
            judged = replace(judged, assessment=_invalid("box-failed", judged.assessment))
        return self._answer(request, judged, time.monotonic() - begun)

    async def rehearse(
        self, request: RehearseRequest, head: Stage, base: Stage, *, within: Within
    ) -> RehearseReply:
        """Try what coders may read. It spends nothing, signs nothing and remembers nothing."""
        once = Examination(self._runner, head, base, request.issue, profile=0, most=1)
        offers = partial(offered, head)
        stock = await self._shelf.stock()
        return await rehearse(once, stock.folder, request, offers, within)

    def refuse(self, request: ValidateRequest, reason: str) -> Judgement:
        """Sign that the question cannot be answered."""
        return self._answer(request, Judged(_invalid(reason)), 0.0)

    async def _judge(
        self, request: ValidateRequest, head: Stage, base: Stage, within: Within
    ) -> Judged:
        """Find what to ask, ask it, weigh the answers."""
        try:
            stock = await self._shelf.stock()
        except NightshiftError as error:
            return Judged(_invalid("no-scenarios"), note=error.what)
        folder = find_corpus(stock.folder, request.repo)
        try:
            corpus = load_corpus(folder) if folder else None
        except ScenarioError as error:
            return Judged(_invalid("no-scenarios"), note=str(error), stock=stock)
        if corpus is None:
            note = "there is no corpus for this repository"
            return Judged(_invalid("no-scenarios"), note=note, stock=stock)
        wanted = ScenarioSet.SEALED if request.purpose is Purpose.SEALED else ScenarioSet.GATE
        asked = await select(corpus, wanted, self._burns.of(corpus.root.name), within)
        judged = Judged(Assessment(Outcome.INVALID, "internal"), corpus, asked.left_out, stock)
        if asked.unknown:
            note = f"{asked.unknown[0].scenario.file}: {asked.unknown[0].why}"
            return _cannot(judged, "history-unknown", note)
        if not asked.scenarios:
            return _cannot(judged, "no-scenarios", "nothing to judge by")
        if not self._allowed(request):
            return _cannot(judged, "budget-spent", "no consultation is left")
        if not all(offered(head, scenario.kind) for scenario in asked.scenarios):
            note = "the mission offers no way to run some kind of scenario"
            return _cannot(judged, "product-does-not-start", note)
        return await self._examined(request, judged, asked, head, base)

    async def _examined(
        self, request: ValidateRequest, judged: Judged, asked: Selection, head: Stage, base: Stage
    ) -> Judged:
        """Run what is asked, remember what was learnt, apply the rule."""
        digest = judged.corpus.digest if judged.corpus else ""
        place = _place(request, base, digest)
        examination = Examination(self._runner, head, base, request.issue, extra=self._extra_runs)
        note = ""
        exhibits: list[Exhibit] = []
        try:
            async with self._learning:
                exhibits = await examination.begin(asked.scenarios, self._ledger.shown(place))
                self._ledger.remember(place, _base_shown(exhibits))
            await examination.end(exhibits)
        except* (ScenarioError, ExpressionError) as errors:
            note = f"values cannot be drawn or filled in: {errors.exceptions[0]}"
        if note:
            return _cannot(judged, "no-scenarios", note)
        self._ledger.remember(place, _base_shown(exhibits))
        self._ledger.remember(_place(request, head, digest), _head_shown(exhibits))
        assess = assess_sealed if request.purpose is Purpose.SEALED else assess_gate
        seen = assess([exhibit.result for exhibit in exhibits], request.threshold)
        if seen.outcome is Outcome.PASS and asked.missing:
            note = f"{asked.missing} burnt scenarios are not replaced yet"
            seen = _invalid("burnt-unreplaced", seen)
        return replace(judged, assessment=seen, exhibits=tuple(exhibits), note=note)

    def _allowed(self, request: ValidateRequest) -> bool:
        """Whether one more answer may be given."""
        match request.purpose:
            case Purpose.GATE:
                told = self._ledger.consultations(request.repo, request.issue)
                spent = self._ledger.spent(request.repo)
                return may_consult(len(told), spent, self._budget)
            case Purpose.SEALED:
                return may_seal(self._ledger.sealed(request.repo, request.run_id), request.commit)
            case Purpose.TRAIN:
                return True

    def _answer(self, request: ValidateRequest, judged: Judged, seconds: float) -> Judgement:
        """Sign, decide what a coder may hear, and remember all of it at once."""
        verdict = self._verdict(request, judged, seconds)
        judgement = Judgement(self._signer.sign(verdict))
        told = verdict.outcome is not Outcome.INVALID or verdict.reason == "too-few-scenarios"
        entry = Entry(
            nonce=request.nonce,
            repo=request.repo,
            corpus=verdict.corpus,
            issue=request.issue,
            purpose=request.purpose,
            run_id=request.run_id,
            commit=request.commit,
            outcome=verdict.outcome,
            k=verdict.k,
            verdict=verdict.id,
            at=verdict.issued_at,
        )
        self._ledger.record(
            request.nonce,
            _question(request),
            judgement,
            at=verdict.issued_at,
            entry=entry if told else None,
            transcript={
                "verdict": wire.dump(verdict),
                "note": judged.note,
                "quarantined": judged.assessment.quarantined,
                "scenarios_commit": judged.stock.commit if judged.stock else "",
                "scenarios_note": judged.stock.note if judged.stock else "",
                "left_out": [
                    {"id": one.scenario.id, "file": one.scenario.file, "why": one.why}
                    for one in judged.left_out
                ],
                "scenarios": transcript(judged.exhibits),
            },
        )
        return judgement

    def _verdict(self, request: ValidateRequest, judged: Judged, seconds: float) -> Verdict:
        """Put the counts into words that say nothing of a scenario."""
        seen = judged.assessment
        corpus = judged.corpus.digest if judged.corpus else ""
        measured = known(self._ledger.calibration(request.repo, corpus))
        return Verdict(
            id=secrets.token_hex(8),
            outcome=seen.outcome,
            purpose=request.purpose,
            reason=seen.reason,
            repo=request.repo,
            issue=request.issue,
            commit=request.commit,
            tree=request.tree,
            base=request.base,
            corpus=corpus,
            box_tier=self._pool.tier,
            box_digest=self._pool.digest,
            nonce=request.nonce,
            n=seen.n,
            k=seen.k,
            n_effective=round(seen.n_effective, 4),
            trajectories=seen.trajectories,
            mean=round(seen.mean, 4),
            lower_bound=math.floor(seen.lower_bound * 10_000) / 10_000,
            threshold=request.threshold,
            invalid=seen.invalid,
            pending=seen.pending,
            seconds=round(seconds, 3),
            issued_at=self._clock().astimezone(UTC).isoformat(timespec="seconds"),
            quarantined=seen.quarantined,
            hint=self._hint(request, judged),
            box_missing=self._pool.missing,
            judge=self._judge_model,
            calibrated_at=measured.at,
            kill_rate=math.floor(measured.rate.share * 10_000) / 10_000,
            blind=measured.blind,
        )

    def _hint(self, request: ValidateRequest, judged: Judged) -> FailureClass | None:
        """Return the coarse class, if the feedback rule allows one."""
        if request.purpose is not Purpose.GATE or judged.corpus is None:
            return None
        earlier = self._ledger.consultations(request.repo, request.issue)
        now = Consultation(judged.assessment.outcome, judged.assessment.k)
        return coarse_class(earlier, now, _failures(judged.exhibits))


def _failures(exhibits: Sequence[Exhibit]) -> list[FailureClass]:
    """Name one class for each counted scenario that failed."""
    results = [exhibit.result for exhibit in exhibits]
    return [
        FailureClass.REGRESSION if result.newly_failing else result.failure
        for result in results
        if not result.satisfied and not result.pending and result.failure is not None
    ]


def _invalid(reason: str, seen: Assessment | None = None) -> Assessment:
    """Say that nothing could be concluded, keeping the counts."""
    nothing = seen or Assessment(Outcome.INVALID, reason)
    return replace(nothing, outcome=Outcome.INVALID, reason=reason)


def _cannot(judged: Judged, reason: str, note: str) -> Judged:
    """Say why a corpus does not answer this question."""
    return replace(judged, assessment=_invalid(reason), note=note)


def _question(request: ValidateRequest) -> str:
    """Digest a request, so that a repeated one is known again."""
    return hashlib.sha256(wire.canonical(wire.dump(request)).encode()).hexdigest()


def _place(request: ValidateRequest, stage: Stage, corpus: str) -> str:
    """Name what a scenario's showing depends on: tree, corpus, environment, commands."""
    parts = [
        hashlib.sha256(stage.tree).hexdigest(),
        corpus,
        wire.canonical(wire.dump(request.product)),
        wire.canonical(wire.dump(request.environment)),
        *[f"{layer.host.name}={layer.inside}" for layer in stage.layers],
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _base_shown(exhibits: Sequence[Exhibit]) -> dict[str, Shown]:
    """Collect what was learnt about base."""
    return {
        exhibit.scenario.id: exhibit.learnt
        for exhibit in exhibits
        if (exhibit.base or exhibit.confirmed) and exhibit.before.scores
    }


def _head_shown(exhibits: Sequence[Exhibit]) -> dict[str, Shown]:
    """Collect what head showed: when it lands it is the next base.

    Mixed answers came from different inputs: whether it wavers, base has to be asked anew.
    """
    return {
        exhibit.scenario.id: seen
        for exhibit in exhibits
        if exhibit.head and not exhibit.invalid and not exhibit.scenario.compares_with_base
        for seen in [seen_in(exhibit.head)]
        if standing(seen.scores) is not Standing.FLAKY
    }
