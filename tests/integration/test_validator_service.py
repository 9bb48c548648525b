"""Questions to the validator's role, from git objects to a signed answer, with real boxes."""

import asyncio
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot import wire
from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Environment, Product
from bot.domain.verdict import FailureClass, Judgement, Outcome, Purpose, Verdict
from bot.domain.work import ProposeRequest, RehearseReply, RehearseRequest, ValidateRequest
from bot.policy.authorise import Question, read_verdict
from bot.validator.burns import Burns
from bot.validator.ledger import Ledger
from bot.validator.service import KEY_FILE, LEDGER_FILE, ValidatorService
from bot.validator.signing import open_signer
from tests.person import git

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

UID_BASE = 1_600_000 + os.getpid() % 20_000 * 16
CANARY = "canary" + secrets.token_hex(8)
PRODUCT = Product(cli="python -m adder", lib="adder")
MAIN = """\
import sys
from adder import add
print(add(*map(int, sys.argv[1:])))
"""
ADDS = "def add(a, b):\n    return a + b\n"
SUBTRACTS = "def add(a, b):\n    return a - b\n"
CRASHES = "def add(a, b):\n    raise RuntimeError('no')\n"
NEARLY = "def add(a, b):\n    return a + b if a < 50 else a - b\n"


def scenario(name: str, *, low: int = 1, kind: str = "cli", **front: object) -> str:
    """Write a scenario of two numbers from `low` to `low + 20`."""
    keys = {"id": name, "feature": "add", "kind": kind, "set": "gate", "timeout_s": 5, "repeats": 1}
    keys |= front
    step = {
        "cli": '- run: ["${a}", "${b}"]',
        "lib": '- call: {function: "adder:add", args: ["${a}", "${b}"]}',
    }[kind]
    check = {"cli": '- equals: {value: "${total}\\n"}', "lib": '- equals: {value: "${total}"}'}[
        kind
    ]
    return "\n".join(
        [
            "---",
            *[f"{key}: {json.dumps(value)}" for key, value in keys.items() if value is not None],
            f"---\n# Story\n{CANARY}",
            f"# Setup\n```yaml\nvars: {{a: {{int: [{low}, {low + 20}]}}, b: {{int: [1, 20]}}}}",
            "compute: {total: a + b}\n```",
            f"# Steps\n```yaml\n{step}\n```\n# Checks\n```yaml\n{check}\n```\n",
        ]
    )


@dataclass
class World:
    """A repository, a scenario store, blobs, and the service that is asked."""

    home: Path
    pool: BoxPool
    service: ValidatorService
    blobs: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def repo(self) -> Path:
        """The author's repository."""
        return self.home / "author"

    def git(self, *words: str) -> str:
        """Run git as the author."""
        return git(self.repo, *words)

    def commit(self, files: Mapping[str, str]) -> tuple[str, str]:
        """Commit these files; return commit and tree, with a bundle of it among the blobs."""
        for path in self.repo.glob("*"):
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in files.items():
            (self.repo / name).parent.mkdir(exist_ok=True, parents=True)
            (self.repo / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        commit, tree = self.git("rev-parse", "HEAD", "HEAD^{tree}").split()
        self.git("bundle", "create", "-q", str(self.home / "b"), "HEAD", "main")
        self.blobs[commit] = (self.home / "b").read_bytes()
        return commit, tree

    def code(self, source: str) -> tuple[str, str]:
        """Commit an adder with this source, once."""
        if source not in self.commits:
            self.commits[source] = self.commit(
                {"adder/__init__.py": source, "adder/__main__.py": MAIN}
            )
        return self.commits[source]

    def corpus(self, scenarios: Mapping[str, str]) -> str:
        """Write a corpus of its own; return the repository's name for it."""
        name = "r" + secrets.token_hex(4)
        folder = self.home / "scenarios" / name
        folder.mkdir(parents=True)
        for file, text in scenarios.items():
            (folder / f"{file}.md").write_text(text)
        return f"acme/{name}"

    def question(self, repo: str, base: str, head: str, **changes: object) -> ValidateRequest:
        """Ask the gate about the step from one source to another."""
        (base_id, _), (commit, tree) = self.code(base), self.code(head)
        request = ValidateRequest(
            run_id="run",
            purpose=Purpose.GATE,
            repo=repo,
            issue=1,
            base=base_id,
            commit=commit,
            tree=tree,
            base_bundle=base_id,
            bundle=commit,
            product=PRODUCT,
            environment=Environment(),
            threshold=0.9,
            nonce=secrets.token_hex(8),
        )
        return replace(request, **changes)  # type: ignore[arg-type]  # the caller knows the fields

    async def ask(self, repo: str, base: str, head: str, **changes: object) -> Verdict:
        """Ask, and open the answer."""
        judgement = await self.service.answer(self.question(repo, base, head, **changes))
        return opened(judgement)


def opened(judgement: Judgement) -> Verdict:
    """Open a judgement."""
    return wire.load(Verdict, json.loads(judgement.signed.payload))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a directory that a box's user could walk if there were a way out."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-service-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(home: Path) -> AsyncIterator[BoxPool]:
    """Open two proven boxes."""
    config = LauncherConfig(2, UID_BASE, (home / "state",), home / "work")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=home / "work")
    found = await BoxPool.open(settings, await spawn_launcher(config))
    yield found
    await found.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(home: Path, pool: BoxPool) -> AsyncIterator[World]:
    """Start the service of a new validator beside an author's repository."""
    blobs: dict[str, bytes] = {}

    async def blob(digest: str) -> bytes:
        return blobs[digest]

    service = await ValidatorService.open(
        scenarios=home / "scenarios", state=home / "state", pool=pool, blob=blob, resolver_env={}
    )
    found = World(home, pool, service, blobs)
    found.repo.mkdir()
    found.git("init", "-q", "-b", "main")
    yield found
    await service.close()


def many(count: int = 28, **front: object) -> dict[str, str]:
    """Write enough scenarios to prove something."""
    return {f"s{n}": scenario(f"s{n}", **front) for n in range(count)}


async def test_a_right_change_passes_and_is_signed(world: World) -> None:
    """The verdict answers the very question, under the validator's key, with its counts."""
    repo = world.corpus({**many(26, kind="lib"), "own": scenario("own", issue=1)})
    request = world.question(repo, SUBTRACTS, ADDS)
    judgement = await world.service.answer(request)
    key = open_signer(world.home / "state" / KEY_FILE).public_key
    asked = Question(
        Purpose.GATE, repo, 1, request.commit, request.tree, request.base, request.nonce
    )
    heard = read_verdict(judgement.signed, key, asked)

    assert (heard.outcome, heard.reason, heard.n, heard.k) == (Outcome.PASS, "passed", 27, 27)
    assert heard.box_tier == world.pool.tier
    assert heard.box_digest == world.pool.digest
    assert opened(judgement).hint is None


async def test_the_same_question_is_answered_once(world: World) -> None:
    """A repeated request gets the recorded answer and spends nothing."""
    repo = world.corpus(many(3))
    request = world.question(repo, ADDS, ADDS)
    first = await world.service.answer(request)

    assert [await world.service.answer(request) for _ in range(6)] == [first] * 6


async def test_two_questions_at_once_run_their_base_once(world: World) -> None:
    """What the second wants to know of the base is what the first is finding out."""
    repo = world.corpus(many(8, repeats=1))
    heads = [ADDS + "# one\n", ADDS + "# two\n"]
    heard = await asyncio.gather(*[world.ask(repo, ADDS, head) for head in heads])
    ledger = Ledger(world.home / "state" / LEDGER_FILE)
    told = [ledger.evidence(verdict.id)["scenarios"] for verdict in heard]
    runs = [sorted(len(one["base_runs"]) for one in scenarios) for scenarios in told]

    assert sorted(runs) == [[0] * 8, [1] * 8]


async def test_a_commit_with_another_tree_is_refused(world: World) -> None:
    """A verdict for a tree that the commit does not have is never given."""
    repo = world.corpus(many(3))
    heard = await world.ask(repo, ADDS, ADDS, tree="0" * 40)

    assert (heard.outcome, heard.reason, heard.n) == (Outcome.INVALID, "tree-mismatch", 0)


async def test_a_bundle_without_the_commit_is_refused(world: World) -> None:
    """Garbage and the wrong bundle are INVALID, not a crash."""
    repo = world.corpus(many(3))
    world.blobs["garbage"] = b"\0garbage" * 100
    for bundle in ("garbage", world.code(ADDS)[0]):
        heard = await world.ask(repo, ADDS, ADDS, commit="a" * 40, bundle=bundle)
        assert (heard.outcome, heard.reason) == (Outcome.INVALID, "tree-mismatch")


async def test_a_missing_blob_is_invalid(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks unexpectedly ends as a signed INVALID, its words stay inside."""
    repo = world.corpus(many(3))
    heard = await world.ask(repo, ADDS, ADDS, commit="a" * 40, bundle=f"{CANARY}-nowhere")

    assert (heard.outcome, heard.reason) == (Outcome.INVALID, "internal")
    assert "KeyError at" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("scenarios", "reason"),
    [
        ({}, "no-scenarios"),
        ({"a": "garbage"}, "no-scenarios"),
        ({"a": scenario("a", set="sealed")}, "no-scenarios"),
        ({"a": scenario("a", issue=9)}, "no-scenarios"),
        ({"a": scenario("a").replace("a + b", "a / (b - b)")}, "no-scenarios"),
        ({"a": scenario("a")}, "too-few-scenarios"),
    ],
)
async def test_too_little_to_judge_by_is_invalid(
    world: World, scenarios: Mapping[str, str], reason: str
) -> None:
    """Nothing, nothing readable, nothing that counts here, not enough: never PASS."""
    heard = await world.ask(
        world.corpus(scenarios), SUBTRACTS if reason != "too-few-scenarios" else ADDS, ADDS
    )

    assert (heard.outcome, heard.reason) == (Outcome.INVALID, reason)


async def test_no_corpus_at_all(world: World) -> None:
    """A repository nobody wrote scenarios for is not judged."""
    assert (await world.ask("acme/unknown", ADDS, ADDS)).reason == "no-scenarios"


async def test_a_product_that_cannot_be_reached_is_invalid(world: World) -> None:
    """No command in the mission, or one that starts neither base nor head."""
    repo = world.corpus(many(26))

    for product in (Product(), Product(cli="python -m nothing"), Product(cli="nothing")):
        heard = await world.ask(repo, ADDS, ADDS, product=product)
        assert (heard.outcome, heard.reason) == (Outcome.INVALID, "product-does-not-start")


async def test_a_change_that_breaks_the_product_fails(world: World) -> None:
    """It worked on base and crashes on head: the change's fault."""
    heard = await world.ask(world.corpus(many()), ADDS, CRASHES)

    assert (heard.outcome, heard.reason, heard.k) == (Outcome.FAIL, "newly-failing", 0)


async def test_one_lost_behaviour_is_enough(world: World) -> None:
    """Twenty-nine good scenarios do not outweigh one that worked before."""
    repo = world.corpus({**many(29), "big": scenario("big", low=60)})
    heard = await world.ask(repo, ADDS, NEARLY)

    assert (heard.outcome, heard.reason, heard.k, heard.n) == (
        Outcome.FAIL,
        "newly-failing",
        29,
        30,
    )


async def test_what_another_issue_asks_for_is_pending(world: World) -> None:
    """It is left out while base does not show it, and defended once it does."""
    repo = world.corpus({**many(26), "other": scenario("other", low=60, issue=9)})
    waiting = await world.ask(repo, NEARLY, NEARLY)
    lost = await world.ask(repo, ADDS, NEARLY)

    assert (waiting.outcome, waiting.pending, waiting.n) == (Outcome.PASS, 1, 26)
    assert (lost.outcome, lost.reason) == (Outcome.FAIL, "newly-failing")


FLAKY = "import os\ndef add(a, b):\n    return a + b if a < 60 or os.urandom(1)[0] > 63 else 0\n"


async def test_a_flaky_base_is_not_the_changes_fault(world: World) -> None:
    """Base answers the same inputs now this way, now that: the scenario is set aside, for good."""
    repo = world.corpus({**many(26), "x": scenario("x", low=60)})
    for _ in range(20):
        heard = await world.ask(repo, FLAKY, NEARLY, purpose=Purpose.TRAIN)
        if heard.outcome is Outcome.PASS:
            break
    again = await world.ask(repo, FLAKY, ADDS, purpose=Purpose.TRAIN)

    for verdict in (heard, again):
        evidence = world.service._ledger.evidence(verdict.id)
        assert (verdict.outcome, verdict.n, evidence["quarantined"]) == (Outcome.PASS, 26, 1)
        assert [s["id"] for s in evidence["scenarios"] if s["quarantined"]] == ["x"]


async def test_a_flaky_scenario_of_another_issue_is_no_silent_wait(world: World) -> None:
    """It is quarantined and listed, not pending: whoever writes it hears that it wavers."""
    repo = world.corpus({"s": scenario("s"), "x": scenario("x", low=60, issue=9)})
    for _ in range(2):  # the second look is at a base of which twenty runs are known
        heard = await world.ask(repo, FLAKY, ADDS, purpose=Purpose.TRAIN)
    evidence = world.service._ledger.evidence(heard.id)

    assert (evidence["quarantined"], heard.pending, heard.n) == (1, 0, 1)


async def test_five_consultations_per_issue(world: World) -> None:
    """The sixth question of an issue is not answered; another issue's is."""
    repo = world.corpus(many(2))
    reasons = [(await world.ask(repo, ADDS, SUBTRACTS)).reason for _ in range(6)]
    sixth = await world.ask(repo, ADDS, SUBTRACTS, purpose=Purpose.TRAIN)

    assert reasons == ["newly-failing"] * 5 + ["budget-spent"]
    assert sixth.reason == "newly-failing"
    assert (await world.ask(repo, ADDS, SUBTRACTS, issue=2)).reason == "newly-failing"


async def test_an_edited_file_frees_no_budget(world: World) -> None:
    """A touched scenario is another corpus digest, and the same five answers."""
    repo = world.corpus(many(1))
    file = world.home / "scenarios" / repo.split("/")[1] / "s0.md"
    for _ in range(5):
        await world.ask(repo, ADDS, SUBTRACTS)
        file.write_text(file.read_text().replace("# Story\n", "# Story\nAgain. "))

    assert (await world.ask(repo, ADDS, SUBTRACTS)).reason == "budget-spent"
    world.service._ledger.rotate(repo, "now")
    assert (await world.ask(repo, ADDS, SUBTRACTS)).reason == "newly-failing"


async def test_a_burnt_scenario_has_to_be_replaced(world: World) -> None:
    """It counts no more wherever it lies, a FAIL stays one, and PASS waits for the new one."""
    repo = world.corpus(many(27))
    corpus = world.home / "scenarios" / repo.split("/")[1]
    Burns(world.service._ledger.path).burn(corpus.name, "s0", was="gate", stood=27, at="now")
    owed = await world.ask(repo, ADDS, ADDS)
    lost = await world.ask(repo, ADDS, CRASHES)
    (corpus / "new.md").write_text(scenario("new"))
    paid = await world.ask(repo, ADDS, ADDS)

    assert (owed.outcome, owed.reason, owed.n) == (Outcome.INVALID, "burnt-unreplaced", 26)
    assert (lost.outcome, lost.reason) == (Outcome.FAIL, "newly-failing")
    assert (paid.outcome, paid.n) == (Outcome.PASS, 27)


async def test_a_scenario_applies_from_its_commit_on(world: World) -> None:
    """Before it, it is left out and named; when the history was cut, nothing is judged."""
    base, later = world.code(SUBTRACTS)[0], world.code(ADDS)[0]
    first, second = sorted((base, later), key=lambda c: world.git("rev-list", "--count", c))
    sources = {base: SUBTRACTS, later: ADDS}
    repo = world.corpus({"a": scenario("a"), "b": scenario("b", valid_from_commit=second)})
    left_out = await world.ask(repo, sources[first], ADDS)
    asked = await world.ask(repo, sources[second], ADDS)
    git = await world.service._store(repo)
    (git.directory / "shallow").write_text(f"{first}\n")
    unknown = await world.ask(repo, sources[first], ADDS)
    evidence = world.service._ledger.evidence(left_out.id)

    assert (left_out.n, asked.n) == (1, 2)
    assert [one["id"] for one in evidence["left_out"]] == ["b"]
    assert f"left out b: applies from {second} on" in world.service.show(left_out.id)
    assert (unknown.outcome, unknown.reason) == (Outcome.INVALID, "history-unknown")


def rehearsal(world: World, repo: str, base: str, head: str) -> RehearseRequest:
    """Ask for the dev set."""
    asked = world.question(repo, base, head)
    return RehearseRequest(
        *("run", repo, 1, asked.base, asked.commit, asked.tree, asked.base_bundle, asked.bundle),
        *(PRODUCT, Environment()),
    )


async def test_the_dev_set_is_told_in_full_and_nothing_else(world: World) -> None:
    """Its text and what was seen; no mark of a hidden one, no verdict, nothing spent."""
    mine = scenario("mine", set="dev", issue=1).replace(CANARY, "Read me.")
    held = scenario("held", set="dev", low=60).replace(CANARY, "Lost?")
    other = scenario("other", set="dev", issue=9).replace(CANARY, "Later.")
    hidden = {"g": scenario("g"), "s": scenario("s", set="sealed")}
    repo = world.corpus({**hidden, "a": mine, "b": held, "c": other})
    wrong = await world.service.rehearse(rehearsal(world, repo, SUBTRACTS, CRASHES))
    lost = await world.service.rehearse(rehearsal(world, repo, ADDS, NEARLY))
    right = await world.service.rehearse(rehearsal(world, repo, SUBTRACTS, ADDS))

    assert (wrong.ran, wrong.failed) == (3, 1)
    assert wrong.text.startswith(f"=== mine: FAILS\n{mine.strip()}\n--- what was seen\n")
    assert "=== other: waits for another issue" in wrong.text
    assert lost.text.startswith("=== held: FAILS")
    assert right.failed == 0
    assert "=== mine: holds\n" in right.text
    assert CANARY not in wrong.text + lost.text + right.text
    assert world.service._ledger.spent(repo) == 0


async def test_what_cannot_be_rehearsed_leaves_it_to_the_gate(world: World) -> None:
    """No corpus, a broken one, another tree: an empty answer, and never a word of why."""
    broken = world.corpus({"a": "garbage"})
    request = rehearsal(world, broken, ADDS, ADDS)
    asked = [request, replace(request, repo="acme/unknown"), replace(request, tree="0" * 40)]

    assert [await world.service.rehearse(one) for one in asked] == [RehearseReply()] * 3


async def test_an_escape_is_proposed_once(world: World) -> None:
    """A draft per landing; moved or thrown away it does not come back."""
    asked = ProposeRequest("acme/parcel", 3, "Sums", "Wrong.", "a" * 40, "run", "reverted")
    wrote = await world.service.propose(asked)
    (draft,) = (world.home / "state" / "proposals" / "acme__parcel").iterdir()
    draft.unlink()

    assert (wrote, await world.service.propose(asked)) == (True, False)
    assert not draft.exists()
    assert await world.service.propose(replace(asked, landed="b" * 40))


async def test_the_sealed_set_is_asked_once(world: World) -> None:
    """After a no there is no other question in the same run."""
    repo = world.corpus(many(2, set="sealed"))

    async def ask(head: str) -> str:
        return (await world.ask(repo, ADDS, head, purpose=Purpose.SEALED)).reason

    assert [await ask(ADDS), await ask(ADDS)] == ["passed", "passed"]
    assert [await ask(SUBTRACTS), await ask(ADDS)] == ["sealed-failed", "budget-spent"]


async def test_an_earned_hint_is_one_word(world: World) -> None:
    """Second failure, two scenarios better, two failing alike: the class, under the signature."""
    repo = world.corpus({**many(4), "h1": scenario("h1", low=60), "h2": scenario("h2", low=60)})
    first = await world.service.answer(world.question(repo, SUBTRACTS, SUBTRACTS))
    second = await world.service.answer(world.question(repo, SUBTRACTS, NEARLY))

    assert (opened(first).hint, opened(second).hint) == (None, FailureClass.WRONG_OUTPUT)


async def test_base_is_proven_once_per_tree(world: World) -> None:
    """Ten runs prove it, then head runs once; and what a head showed is what the next base shows.

    Until then head runs three times, and never is one run of an unproven scenario enough.
    """
    repo = world.corpus(
        many(2, tags=["a corpus of its own"], repeats=None)
    )  # equal ones share a profile

    async def runs(base: str, issue: int) -> tuple[int, int]:
        told = world.service._ledger.evidence((await world.ask(repo, base, ADDS, issue=issue)).id)
        return tuple(  # type: ignore[return-value]  # there are two
            sum(len(s[kind]) for s in told["scenarios"]) for kind in ("base_runs", "head")
        )

    assert await runs(SUBTRACTS, 1) == (20, 6)
    assert await runs(SUBTRACTS, 2) == (0, 2)
    assert await runs(ADDS, 3) == (14, 6)
    assert await runs(ADDS, 4) == (0, 2)


async def test_repeats_in_the_front_matter_are_the_authors(world: World) -> None:
    """K as written, before and after the proof."""
    repo = world.corpus({"a": scenario("a", repeats=2)})
    for issue in (1, 2):
        told = world.service._ledger.evidence((await world.ask(repo, ADDS, ADDS, issue=issue)).id)
        assert [len(s["head"]) for s in told["scenarios"]] == [2]


async def test_a_changed_self_test_voids_the_verdict(world: World) -> None:
    """A box that is no longer the one that was proven proves nothing."""
    repo = world.corpus(many(26))
    proven = world.pool.digest
    asked = world.service.answer(world.question(repo, ADDS, ADDS))
    world.pool.digest = ""
    heard = opened(await asked)
    world.pool.digest = proven

    assert (heard.outcome, heard.reason) == (Outcome.INVALID, "box-failed")


async def test_nothing_of_a_scenario_is_in_what_leaves(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The judgement holds counts; the evidence stays behind a closed door."""
    caplog.set_level(0)
    repo = world.corpus({CANARY: scenario(CANARY)})
    judgement = await world.service.answer(world.question(repo, ADDS, SUBTRACTS))

    assert CANARY not in json.dumps(wire.dump(judgement)) + caplog.text
    assert CANARY in world.service.show(opened(judgement).id)
    assert (world.home / "state" / LEDGER_FILE).stat().st_mode & 0o077 == 0
