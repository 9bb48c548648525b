"""Whoever writes to the database cannot land a change: only the validator's own word does.

The server and the builder are the real processes. In the validator's place stands this test, on
the same queue of the same database, and it lies. It may even hold the real key, as somebody does
who recorded genuine verdicts and plays them again.
"""

import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import wire
from bot.adapters.engine import Engine, EngineSettings, Json, Queue
from bot.domain.mission import Environment, Gate, Mission, Product
from bot.domain.role import Lane, Role
from bot.domain.run import Run, RunState
from bot.domain.verdict import Judgement, Outcome, Purpose, SignedVerdict, Verdict
from bot.domain.work import RehearseReply, ValidateRequest
from bot.errors import NightshiftError, Tampered
from bot.flows.judge import Candidate
from bot.flows.train import LandingRequest, LandingResult, TrainEnd
from bot.validator.service import KEY_FILE
from bot.validator.signing import Signer, open_signer
from tests.integration.small_world import REPO, Small, coder, edit, small_stage, submit, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

OTHER = "e" * 40


def passing(request: ValidateRequest) -> Verdict:
    """Return the verdict that everybody would like to have."""
    return Verdict(
        id=f"v-{request.nonce[:12]}",
        outcome=Outcome.PASS,
        purpose=request.purpose,
        reason="passed",
        repo=request.repo,
        issue=request.issue,
        commit=request.commit,
        tree=request.tree,
        base=request.base,
        corpus="c" * 64,
        box_tier="A",
        box_digest="d" * 64,
        nonce=request.nonce,
        n=30,
        k=30,
        n_effective=30.0,
        trajectories=30,
        mean=1.0,
        lower_bound=0.91,
        threshold=request.threshold,
        invalid=0,
        pending=0,
        seconds=1.0,
        issued_at="2026-01-05T10:00:00+00:00",
    )


@dataclass
class Rogue:
    """Answers for the validator, as each issue's plan says."""

    signer: Signer
    stranger: Signer
    plans: dict[int, str] = field(default_factory=dict)
    genuine: list[SignedVerdict] = field(default_factory=list)
    """Everything that was ever signed with the real key for the honest run."""

    async def validate(self, payload: Json) -> Json:
        """Answer one question."""
        request = wire.load(ValidateRequest, payload)

        async def planned() -> str:
            return self.plans.get(request.issue, "")

        plan = await until("a plan", planned)
        answer: Callable[[ValidateRequest], Json] = getattr(self, plan)
        return answer(request)

    def say(self, verdict: Verdict, signer: Signer | None = None) -> Json:
        """Sign and wrap a verdict."""
        return wire.dump(Judgement((signer or self.signer).sign(verdict)))

    def honest(self, request: ValidateRequest) -> Json:
        """Say what the real one would say of a good change."""
        self.genuine.append(self.signer.sign(passing(request)))
        return wire.dump(Judgement(self.genuine[-1]))

    def forged(self, request: ValidateRequest) -> Json:
        """Sign with another key."""
        return self.say(passing(request), self.stranger)

    def altered(self, request: ValidateRequest) -> Json:
        """Turn a genuine no into a yes."""
        no = self.signer.sign(replace(passing(request), outcome=Outcome.FAIL))
        payload = no.payload.replace('"outcome":"fail"', '"outcome":"pass"')
        assert payload != no.payload
        return wire.dump(Judgement(SignedVerdict(payload, no.signature)))

    def other_tree(self, request: ValidateRequest) -> Json:
        """Speak of another tree."""
        return self.say(replace(passing(request), tree=OTHER))

    def other_commit(self, request: ValidateRequest) -> Json:
        """Speak of another commit."""
        return self.say(replace(passing(request), commit=OTHER))

    def other_base(self, request: ValidateRequest) -> Json:
        """Speak of another base."""
        return self.say(replace(passing(request), base=OTHER))

    def old(self, request: ValidateRequest) -> Json:
        """Answer an earlier question about the very same commit."""
        return self.say(replace(passing(request), nonce="0" * 32))

    def weaker(self, request: ValidateRequest) -> Json:
        """Answer the question that somebody asked first, at a threshold of his own."""
        return self.say(replace(passing(request), threshold=0.05))

    def gate_for_sealed(self, request: ValidateRequest) -> Json:
        """Answer the sealed question with the verdict of the gate."""
        return self.say(replace(passing(request), purpose=Purpose.GATE))

    def nothing(self, _: ValidateRequest) -> Json:
        """Answer without a verdict."""
        return None

    def garbage(self, _: ValidateRequest) -> Json:
        """Answer in the right shape, with nonsense in it."""
        return {"signed": {"payload": "{}", "signature": "no hex"}, "feedback": None}

    def crash(self, _: ValidateRequest) -> Json:
        """Fail instead of answering."""
        raise RuntimeError("the rogue fell over")

    def unsure(self, request: ValidateRequest) -> Json:
        """Never see enough."""
        return self.say(replace(passing(request), outcome=Outcome.INVALID, reason="box-failed"))

    def weak_box(self, request: ValidateRequest) -> Json:
        """Judge in a box that is none."""
        return self.say(replace(passing(request), box_tier="C"))

    def sealed_no(self, request: ValidateRequest) -> Json:
        """Pass the gate and fail the sealed set."""
        no = replace(passing(request), outcome=Outcome.FAIL, reason="sealed-failed")
        return self.say(no if request.purpose is Purpose.SEALED else passing(request))


async def nothing_to_rehearse(_: Json) -> Json:
    """Show no dev scenario: the gate is asked at once."""
    return wire.dump(RehearseReply())


LIES = {
    "forged": (RunState.PARKED, "tampered"),
    "altered": (RunState.PARKED, "tampered"),
    "other_tree": (RunState.PARKED, "tampered"),
    "other_commit": (RunState.PARKED, "tampered"),
    "other_base": (RunState.PARKED, "tampered"),
    "old": (RunState.PARKED, "tampered"),
    "weaker": (RunState.PARKED, "tampered"),
    "gate_for_sealed": (RunState.PARKED, "tampered"),
    "nothing": (RunState.PARKED, "tampered"),
    "garbage": (RunState.PARKED, "tampered"),
    "crash": (RunState.DROPPED, "error"),
    "unsure": (RunState.OPENED, "not-checkable"),
    "weak_box": (RunState.OPENED, "box-tier"),
    "sealed_no": (RunState.OPENED, "sealed-failed"),
}


@dataclass
class Stolen:
    """A stage whose validator was replaced, after every lie was told."""

    small: Small
    rogue: Rogue
    engine: Engine
    numbers: dict[str, int]
    began: str

    def main(self) -> str:
        """Return the tip of main as GitHub holds it."""
        return _tip(self.small.bare())

    async def run(self, plan: str) -> Run:
        """Return the run that was answered by this plan."""
        return await self.small.ended(self.numbers[plan])

    async def board(self, name: str, request: LandingRequest) -> LandingResult:
        """Put a landing into the train's queue, past the issue's own flow."""
        await self.engine.enqueue(
            Lane.TRAIN,
            "train",
            wire.dump(request),
            id=f"rogue:{name}",
            priority=1,
            app=Role.SERVER.app,
            partition=REPO,
        )
        return wire.load(LandingResult, await self.engine.result(f"rogue:{name}", 120))


def _tip(bare: Path) -> str:
    ref = ["git", "-c", "safe.directory=*", "rev-parse", "refs/heads/main"]
    done = subprocess.run(ref, cwd=bare, capture_output=True, text=True, check=True)
    return done.stdout.strip()


async def _end_validator(small: Small) -> None:
    """Let the real validator go; nobody starts it again."""
    process = small.stage.supervisor._running[Role.VALIDATOR].process
    process.send_signal(signal.SIGTERM)

    async def gone() -> bool:
        return process.returncode is not None

    await until("the end of the validator", gone, seconds=30)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stolen() -> AsyncIterator[Stolen]:
    """Tell every lie once, and the truth once."""
    rules = [*coder("PLAN-weak_box", [edit(2), submit()]), *coder("PLAN-", [edit(1), submit()])]
    async with small_stage(rules, watch=False) as small:
        await _end_validator(small)
        home = small.stage.supervisor.home(Role.VALIDATOR)
        rogue = Rogue(open_signer(home / KEY_FILE), open_signer(home / "stranger.pem"))
        url = small.stage.supervisor.database_url
        engine = Engine(EngineSettings(Role.VALIDATOR.app, "val-1", f"rogue-{os.getpid()}", url))
        engine.workflow("validate")(rogue.validate)
        engine.workflow("rehearse")(nothing_to_rehearse)
        await engine.launch([Queue(Lane.VALIDATE, worker_concurrency=8)])
        try:
            began = _tip(small.bare())
            numbers = {}
            for plan in LIES:
                numbers[plan] = await small.file(f"Sum {plan}", f"PLAN-{plan}")
                rogue.plans[numbers[plan]] = plan
            for number in numbers.values():
                await small.ended(number)
            yield Stolen(small, rogue, engine, numbers, began)
        finally:
            await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def truth(stolen: Stolen) -> Run:
    """Land one change honestly, after all the lies: the same path works for a true word."""
    before = stolen.main()
    assert before == stolen.began, "a lie has moved main"
    number = await stolen.small.file("Sum honest", "PLAN-honest")
    stolen.rogue.plans[number] = "honest"
    run = await stolen.small.ended(number)
    assert (run.state, stolen.main()) == (RunState.LANDED, run.landed_commit), run.detail
    return run


@pytest.mark.parametrize("plan", sorted(LIES))
async def test_no_lie_lands(stolen: Stolen, plan: str) -> None:
    """The run ends for the reason that fits, and nothing of it is landed."""
    run = await stolen.run(plan)
    assert (run.state, run.reason) == LIES[plan], run.detail
    assert run.landed_commit == ""
    landings = await stolen.small.stage.store.landings(REPO)
    assert run.id not in {landing.run_id for landing in landings}


async def test_the_truth_lands(truth: Run) -> None:
    """The same stage lands what the right key speaks for: the tests above can fail."""
    assert truth.state is RunState.LANDED


def landing(run: Run, *, base: str, verdicts: tuple[SignedVerdict, ...] = ()) -> LandingRequest:
    """Ask for the landing of a run's last attempt as if main stood at `base`."""
    attempt = replace(run.attempts[-1], verdicts=verdicts)
    return LandingRequest(
        run=replace(run, attempts=(*run.attempts[:-1], attempt)),
        candidate=Candidate(base, attempt.commit, attempt.tree, "", ""),
        mission=Mission(checks=("true",), gate=Gate(0.01)),
    )


def word(stolen: Stolen, run: Run, tip: str, purpose: Purpose, **changes: Any) -> SignedVerdict:
    """Sign a word about a run's last attempt with the real key."""
    attempt = run.attempts[-1]
    request = ValidateRequest(
        run.id, purpose, REPO, run.issue.number, tip, attempt.commit, attempt.tree, "", "",
        product=Product(), environment=Environment(), threshold=0.9, nonce="n" * 32,
    )  # fmt: skip
    return stolen.rogue.signer.sign(replace(passing(request), **changes))


async def test_a_landing_without_verdicts_is_refused(stolen: Stolen, truth: Run) -> None:
    """Somebody who can write to the queue boards the train with nothing in hand."""
    assert truth.landed_commit
    tip = stolen.main()
    result = await stolen.board("bare", landing(await stolen.run("weak_box"), base=tip))
    assert (result.end, result.reason) == (TrainEnd.REFUSED, "gate-missing")
    assert stolen.main() == tip


async def test_a_landing_without_the_sealed_set_is_refused(stolen: Stolen, truth: Run) -> None:
    """The gate's word alone is not enough."""
    assert truth.landed_commit
    tip = stolen.main()
    run = await stolen.run("weak_box")
    gate = word(stolen, run, tip, Purpose.GATE)
    result = await stolen.board("unsealed", landing(run, base=tip, verdicts=(gate,)))
    assert (result.end, result.reason) == (TrainEnd.REFUSED, "sealed-missing")
    assert stolen.main() == tip


@pytest.mark.parametrize(
    "changes", [{"tree": OTHER}, {"commit": OTHER}, {"base": OTHER}, {"issue": 1}, {"threshold": 0}]
)
async def test_a_landing_on_words_about_something_else_is_tampering(
    stolen: Stolen, truth: Run, changes: dict[str, Any]
) -> None:
    """Genuine verdicts for another tree, commit, base or issue, or a weaker gate, open no door."""
    assert truth.landed_commit
    tip = stolen.main()
    run = await stolen.run("unsure")
    words = tuple(
        word(stolen, run, tip, purpose, **changes) for purpose in (Purpose.GATE, Purpose.SEALED)
    )
    with pytest.raises(Tampered):
        await stolen.board(f"other-{next(iter(changes))}", landing(run, base=tip, verdicts=words))
    assert stolen.main() == tip


async def test_a_landing_on_forged_words_is_tampering(stolen: Stolen, truth: Run) -> None:
    """Verdicts that fit in every letter, signed by a stranger."""
    assert truth.landed_commit
    tip = stolen.main()
    run = await stolen.run("unsure")
    genuine = [word(stolen, run, tip, purpose) for purpose in (Purpose.GATE, Purpose.SEALED)]
    forged = tuple(
        stolen.rogue.stranger.sign(wire.load(Verdict, json.loads(one.payload))) for one in genuine
    )
    with pytest.raises(Tampered):
        await stolen.board("forged", landing(run, base=tip, verdicts=forged))
    assert stolen.main() == tip


async def test_a_landing_that_happened_does_not_happen_again(stolen: Stolen, truth: Run) -> None:
    """The recorded words of a landed run, played again, move nothing."""
    tip = stolen.main()
    landings = await stolen.small.stage.store.landings(REPO)
    again = LandingRequest(
        run=truth,
        candidate=landing(truth, base=truth.attempts[-1].base).candidate,
        mission=landing(truth, base=tip).mission,
    )
    try:
        result = await stolen.board("again", again)
    except NightshiftError:
        pass
    else:
        assert result.end is not TrainEnd.LANDED
    assert stolen.main() == tip
    assert await stolen.small.stage.store.landings(REPO) == landings
