"""The last step: main moves to exactly what was judged, or stays where it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot import wire
from bot.adapters.engine import Json, Queue
from bot.domain.mission import Mission
from bot.domain.role import Lane
from bot.domain.run import Run
from bot.domain.verdict import Outcome, Purpose, Verdict
from bot.errors import TakenOver, Tampered
from bot.flows.judge import Candidate
from bot.flows.landing import land
from bot.flows.publish import publish
from bot.flows.train import LandingRequest, LandingResult, TrainEnd, train_flow
from bot.policy.authorise import Permit
from bot.validator.signing import Signer
from tests.integration.flows.conftest import Floor, floor, pem
from tests.integration.small_world import REPO

__all__ = ["floor", "pem"]

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Station:
    """The train's own flow on the floor, and a validator's key."""

    floor: Floor
    signer: Signer
    ridden: int = 0

    async def ride(self, request: LandingRequest) -> LandingResult:
        """Board, and wait for the end."""
        self.ridden += 1
        own = f"train:{self.ridden}"
        await self.floor.engine.enqueue(
            Lane.TRAIN, "train", wire.dump(request), id=own, priority=1, partition=REPO
        )
        return wire.load(LandingResult, await self.floor.engine.result(own, 30))

    async def request(
        self, path: str, text: str = "X = 1\n", *, shown: bool = False, **changes: object
    ) -> LandingRequest:
        """Ask for the landing of a change, with genuine words; `shown`: as a pull request."""
        run, attempt, bundle = await self.floor.attempted(await self.floor.file(), {path: text})
        server = self.floor.server
        if shown:
            pull = await publish(server, run, attempt, bundle, run.base)
            run = replace(run, pull=pull)
        else:
            git = await server.git(REPO)
            await git.import_bundle(await server.store.blob(bundle), wants=attempt.commit)
        words = tuple(
            self.signer.sign(replace(self.word(run, purpose), **changes))  # type: ignore[arg-type]
            for purpose in (Purpose.GATE, Purpose.SEALED)
        )
        told = replace(run, attempts=(replace(attempt, verdicts=words),))
        candidate = Candidate(run.base, attempt.commit, attempt.tree, "", bundle)
        return LandingRequest(told, candidate, Mission(checks=("true",)))

    def word(self, run: Run, purpose: Purpose) -> Verdict:
        """Say that a run's last attempt is good."""
        last = run.attempts[-1]
        return Verdict(
            id=f"v{run.issue.number}", outcome=Outcome.PASS, purpose=purpose, reason="passed",
            repo=REPO, issue=run.issue.number, commit=last.commit, tree=last.tree, base=run.base,
            corpus="", box_tier="A", box_digest="", nonce="n", n=30, k=30, n_effective=30.0,
            trajectories=30, mean=1.0, lower_bound=0.91, threshold=0.9, invalid=0, pending=0,
            seconds=1.0, issued_at="2026-01-05T10:00:00+00:00",
        )  # fmt: skip

    async def main(self) -> str:
        """Ask GitHub where main stands."""
        ref = await self.floor.call("GET", f"/repos/{REPO}/git/ref/heads/main")
        return str(ref["object"]["sha"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def station(floor: Floor) -> AsyncIterator[Station]:
    """Launch the engine with the train's flow."""
    signer = Signer(Ed25519PrivateKey.generate())
    floor.server.verdict_key = signer.public_key

    async def train(payload: Json) -> Json:
        return wire.dump(await train_flow(floor.server, wire.load(LandingRequest, payload)))

    floor.engine.workflow("train")(train)
    await floor.engine.launch([Queue(Lane.TRAIN, partitioned=True)])
    yield Station(floor, signer)
    await floor.engine.close()


async def test_what_was_judged_lands(station: Station) -> None:
    """By fast-forward, with its check green, its pull request merged and its issue closed."""
    request = await station.request("landed.py", shown=True)
    result = await station.ride(request)
    assert (result.end, result.commit) == (TrainEnd.LANDED, request.candidate.commit)
    assert await station.main() == request.candidate.commit
    landings = await station.floor.server.store.landings(REPO)
    (landing,) = [one for one in landings if one.run_id == request.run.id]
    assert (landing.pre, landing.tree) == (request.candidate.base, request.candidate.tree)
    pull = await station.floor.call("GET", f"/repos/{REPO}/pulls/{request.run.pull}")
    assert pull["merged"]
    place = f"/repos/{REPO}/issues/{request.run.issue.number}"
    assert (await station.floor.call("GET", place))["state"] == "closed"
    checks = await station.floor.call("GET", f"/repos/{REPO}/commits/{result.commit}/check-runs")
    assert [check["conclusion"] for check in checks["check_runs"]] == ["success"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcome": Outcome.FAIL}, "gate-fail"),
        ({"outcome": Outcome.INVALID}, "gate-invalid"),
        ({"box_tier": "C"}, "box-tier"),
    ],
)
async def test_what_is_not_proven_stays_out(
    station: Station, changes: dict[str, object], reason: str
) -> None:
    """A genuine no is a no."""
    before = await station.main()
    result = await station.ride(await station.request(f"{reason}.py", **changes))
    assert (result.end, result.reason) == (TrainEnd.REFUSED, reason)
    assert await station.main() == before


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"calibrated_at": ""}, "not-calibrated", "nightshift gate calibrate"),
        ({"kill_rate": 0.5}, "gate-weak", "50 % of seeded faults"),
        ({"box_tier": "B", "box_missing": ("cgroup",)}, "box-tier", "missing: cgroup"),
        ({"judge": "claude-opus-5-5"}, "advisory", "ADVISORY"),
    ],
)
async def test_a_pass_of_a_weak_gate_stays_out(
    station: Station, changes: dict[str, object], reason: str, words: str
) -> None:
    """Production demands a measured gate, a whole box and a judge of another family."""
    server, before = station.floor.server, await station.main()
    good = {"calibrated_at": "2026-01-01T00:00:00+00:00", "kill_rate": 0.95}
    request = await station.request(f"{reason}.py", **{**good, **changes})
    last = replace(request.run.attempts[-1], box_tier="A")
    run = replace(request.run, attempts=(last,), model="claude-haiku-5-5")
    server.accept_tier_b = server.accept_uncalibrated = False
    try:
        result = await station.ride(replace(request, run=run))
    finally:
        server.accept_tier_b = server.accept_uncalibrated = True
    assert (result.end, result.reason) == (TrainEnd.REFUSED, reason)
    assert words in result.detail
    assert await station.main() == before


async def test_the_guards_are_asked_on_the_tree_that_lands(station: Station) -> None:
    """With main's own rules, however the change came here and whoever signed for it."""
    before = await station.main()
    lax = "---\nchecks: ['true']\n---\n# Anything goes\n"
    result = await station.ride(await station.request("mission.md", lax))
    assert (result.end, result.reason) == (TrainEnd.REFUSED, "guard")
    assert "protected" in result.detail
    assert await station.main() == before


async def test_people_stop_the_train(station: Station) -> None:
    """Closed a moment before: nothing moves."""
    before = await station.main()
    request = await station.request("closed.py")
    place = f"/repos/{REPO}/issues/{request.run.issue.number}"
    await station.floor.call("PATCH", place, {"state": "closed"})
    result = await station.ride(request)
    assert (result.end, result.reason) == (TrainEnd.STOPPED, "issue-closed")
    assert await station.main() == before


async def test_words_about_another_tree_are_tampering(station: Station) -> None:
    """The flow ends in an error that freezes, and main stays."""
    before = await station.main()
    request = await station.request("other.py", tree="e" * 40)
    with pytest.raises(Tampered):
        await station.ride(request)
    assert await station.main() == before


async def test_main_that_moved_is_built_upon_or_a_conflict(station: Station) -> None:
    """The same lines changed on main: the change has to be made again, from there."""
    request = await station.request("both.py", "MINE = 1\n")
    theirs = {"message": "Theirs", "content": "VEhFSVJTID0gMQo="}
    await station.floor.call("PUT", f"/repos/{REPO}/contents/both.py", theirs)
    before = await station.main()
    result = await station.ride(request)
    assert (result.end, result.reason) == (TrainEnd.CONFLICT, "conflict")
    assert "both.py" in result.detail
    assert result.base == before == await station.main()


async def test_main_that_was_forced_back_is_built_upon_or_a_conflict(station: Station) -> None:
    """What the change stood on is gone from main: it never comes back through us."""
    before = await station.main()
    theirs = {"message": "Theirs", "content": "VEhFSVJTID0gMQo="}
    await station.floor.call("PUT", f"/repos/{REPO}/contents/forced.py", theirs)
    request = await station.request("forced.py", "MINE = 1\n")
    back = {"sha": before, "force": True}
    await station.floor.call("PATCH", f"/repos/{REPO}/git/refs/heads/main", back)
    result = await station.ride(request)
    assert (result.end, result.base) == (TrainEnd.CONFLICT, before)
    assert await station.main() == before


async def test_a_head_that_moved_after_the_verdict_never_lands(station: Station) -> None:
    """A person's commit on the branch: neither it nor what was judged moves main."""
    before = await station.main()
    request = await station.request("moved.py", shown=True)
    branch = f"nightshift/issue-{request.run.issue.number}"
    mine = {"message": "Mine", "content": "aGkK", "branch": branch}
    await station.floor.call("PUT", f"/repos/{REPO}/contents/NOTES.md", mine)
    result = await station.ride(request)
    assert (result.end, result.reason) == (TrainEnd.STOPPED, "human-commit")
    assert await station.main() == before


async def test_a_branch_that_people_set_back_is_not_landed_over(station: Station) -> None:
    """To a commit of our own, even: what they see on the pull request is not what was judged."""
    before = await station.main()
    other = await station.request("first.py", shown=True)
    request = await station.request("back.py", shown=True)
    ref = f"/repos/{REPO}/git/refs/heads/nightshift/issue-{request.run.issue.number}"
    await station.floor.call("PATCH", ref, {"sha": other.candidate.commit, "force": True})
    with pytest.raises(TakenOver):
        await station.ride(request)
    assert await station.main() == before


async def test_a_poisoned_head_of_line_does_not_stop_the_next(station: Station) -> None:
    """It ends with an error of its own, and the train goes on."""
    poisoned = await station.request("poisoned.py", tree="e" * 40)
    healthy = await station.request("healthy.py", shown=True)
    with pytest.raises(Tampered):
        await station.ride(poisoned)
    assert (await station.ride(healthy)).end is TrainEnd.LANDED


async def ruled(station: Station, *rules: dict[str, object]) -> int:
    """Put rules on main that our App cannot pass by; return the ruleset's number."""
    body = {
        "name": "house",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": list(rules),
    }
    made = await station.floor.call("POST", f"/repos/{REPO}/rulesets", body)
    return int(made["id"])


PULLS = {"required_approving_review_count": 0, "dismiss_stale_reviews_on_push": False}
THROUGH_PULLS = {
    "type": "pull_request",
    "parameters": {
        **PULLS,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    },
}


async def test_where_direct_pushes_are_forbidden_github_merges_the_same_tree(
    station: Station,
) -> None:
    """The exact head is demanded, the tree compared, and the commit that was made is named."""
    number = await ruled(station, THROUGH_PULLS, {"type": "required_linear_history"})
    try:
        request = await station.request("ruled.py", shown=True)
        result = await station.ride(request)
        main = await station.main()
        assert (result.end, result.commit) == (TrainEnd.LANDED, main), result
        assert main != request.candidate.commit
        git = await station.floor.server.git(REPO)
        assert await git.tree(main) == request.candidate.tree
        assert await git.parents(main) == (request.candidate.base,)
        landing = (await station.floor.server.store.landings(REPO))[-1]
        assert (landing.post, landing.tree) == (main, request.candidate.tree)
        assert "Nightshift" not in (await git.message(main)).split("\n")[0]
    finally:
        await station.floor.call("DELETE", f"/repos/{REPO}/rulesets/{number}")


async def test_where_no_way_is_open_the_pull_request_stays(station: Station) -> None:
    """An approval that nobody gives: main stands, and the rule is named for people."""
    asked = {**THROUGH_PULLS["parameters"], "required_approving_review_count": 1}
    number = await ruled(station, {"type": "pull_request", "parameters": asked})
    try:
        request = await station.request("unapproved.py", shown=True)
        before = await station.main()
        result = await station.ride(request)
        assert (result.end, result.reason) == (TrainEnd.REFUSED, "protected")
        assert "review" in result.detail
        assert await station.main() == before
    finally:
        await station.floor.call("DELETE", f"/repos/{REPO}/rulesets/{number}")


async def test_a_merge_that_was_told_as_failed_is_found(station: Station) -> None:
    """GitHub merged and answered 500: the next try finds it, and nothing is merged twice."""
    number = await ruled(station, THROUGH_PULLS)
    rule = {"method": "PUT", "path": ".*/merge", "when": "after", "status": 500}
    await station.floor.call("POST", "/_twin/faults", rule)
    try:
        request = await station.request("told.py", shown=True)
        result = await station.ride(request)
        assert (result.end, result.commit) == (TrainEnd.LANDED, await station.main())
        git = await station.floor.server.git(REPO)
        assert await git.parents(result.commit) == (request.candidate.base,)
    finally:
        await station.floor.call("DELETE", f"/repos/{REPO}/rulesets/{number}")
        await station.floor.call("DELETE", "/_twin/faults")


async def test_what_people_say_while_a_landing_is_held_still_counts(station: Station) -> None:
    """Asked and answered "wanted", then paused; the issue is closed meanwhile: nothing lands."""
    request = await station.request("held.py", shown=True)
    before, store = await station.main(), station.floor.server.store
    place = f"/repos/{REPO}/issues/{request.run.issue.number}"
    permit = Permit(
        request.candidate.commit, request.candidate.tree, request.candidate.base, "a verdict"
    )
    await store.pause("owner", "a test")
    assert await land(station.floor.server, request.run, permit) == ""
    await station.floor.call("PATCH", place, {"state": "closed"})
    await store.resume("owner")
    assert await land(station.floor.server, request.run, permit) == ""
    assert await station.main() == before
    await station.floor.call("PATCH", place, {"state": "open"})
    assert await land(station.floor.server, request.run, permit) == permit.commit
    assert await land(station.floor.server, request.run, permit) == permit.commit


async def test_a_label_that_holds_one_issue_holds_no_other(station: Station) -> None:
    """It leaves the train, and is told to wait; the next one rides."""
    waits, rides = await station.request("waits.py"), await station.request("rides.py", shown=True)
    place = f"/repos/{REPO}/issues/{waits.run.issue.number}"
    await station.floor.call("POST", f"{place}/labels", {"labels": ["nightshift:pause"]})
    assert (await station.ride(waits)).end is TrainEnd.WAITS
    assert (await station.ride(rides)).end is TrainEnd.LANDED


async def test_a_refusal_that_passes_is_waited_for(station: Station) -> None:
    """GitHub computes mergeability late: 405 for a moment is no rule of the repository."""
    number = await ruled(station, THROUGH_PULLS)
    said = {"message": "Pull Request is not mergeable"}
    rule = {"method": "PUT", "path": ".*/merge", "status": 405, "body": said, "count": 1}
    await station.floor.call("POST", "/_twin/faults", rule)
    try:
        result = await station.ride(await station.request("late.py", shown=True))
        assert (result.end, result.commit) == (TrainEnd.LANDED, await station.main())
    finally:
        await station.floor.call("DELETE", f"/repos/{REPO}/rulesets/{number}")
        await station.floor.call("DELETE", "/_twin/faults")
