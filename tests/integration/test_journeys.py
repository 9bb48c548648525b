"""One evening in the world parcel, with real processes: every issue's journey from end to end.

GitHub's twin, asked by a client of its own, is the witness; the run record has to agree with it.
"""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from github import Auth, Github
from github.Issue import Issue
from github.Repository import Repository
from rich.console import Console

from bot.adapters.store import Landing
from bot.domain.role import Role
from bot.domain.run import Run, RunState
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.policy.authorise import Question, claimed, read_verdict
from bot.policy.texts import STATE_LABELS, state_label
from bot.stage.demo import _tell, check_world, play, write_json
from bot.stage.filing import file_issues
from bot.stage.panel.evidence import cells, everything
from bot.stage.show import Show
from bot.stage.stage import SEARCH, Stage
from bot.supervise import CODE
from bot.validator.service import KEY_FILE, LEDGER_FILE
from bot.validator.signing import open_signer
from twins.worlds.loader import build_repository, load

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PLAIN, WEAK, OUTSIDE, FEATURE, SAME_FILE = 3, 1, 2, 4, 5
LANDS = (PLAIN, WEAK, SAME_FILE)
MARK = re.compile(rb"canary-[0-9a-f]{12}")


@dataclass
class Evening:
    """What is left when every run has ended; the stage still stands."""

    stage: Stage
    show: Show
    runs: dict[int, Run]
    order: Sequence[int]
    landings: Sequence[Landing]
    unmet: Sequence[str]

    def verdicts(self, number: int) -> list[Verdict]:
        """Return the verdicts of a run, each verified against the validator's own key."""
        return [
            self._verified(signed)
            for attempt in self.runs[number].attempts
            for signed in attempt.verdicts
        ]

    def _verified(self, signed: SignedVerdict) -> Verdict:
        key = open_signer(self.stage.supervisor.home(Role.VALIDATOR) / KEY_FILE).public_key
        c = claimed(signed)
        question = Question(c.purpose, c.repo, c.issue, c.commit, c.tree, c.base, c.nonce)
        return read_verdict(signed, key, question)

    def landing(self, number: int) -> Landing:
        """Return the one landing of a run."""
        (found,) = [one for one in self.landings if one.run_id == self.runs[number].id]
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening() -> AsyncIterator[Evening]:
    """Play the world once, for all tests of this file."""
    world = load("parcel")
    stage = Stage.make(world)
    try:
        origin = build_repository(world, stage.state / "twins" / "origin")
        await stage.open(SEARCH, origin, CODE / "scenarios" / world.corpus)
        show = Show(Console(file=io.StringIO()))
        numbers = await asyncio.to_thread(file_issues, stage, world.issues)
        runs = await play(stage, show, numbers, asyncio.Event(), bound_s=1500)
        unmet = await asyncio.to_thread(check_world, stage, world, runs, show.order)
        landings = await stage.store.landings(world.repository.full_name)
        by_number = {run.issue.number: run for run in runs}
        yield Evening(stage, show, by_number, show.order, landings, unmet)
    finally:
        await stage.close()


@pytest.fixture
def repo(evening: Evening) -> Repository:
    """Return the repository as a person's client shows it."""
    stage = evening.stage
    token = stage.world.maintainer.token
    client = Github(auth=Auth.Token(token), base_url=stage.github.url, seconds_between_requests=0)
    return client.get_repo(stage.world.repository.full_name)


def sticky(issue: Issue) -> str:
    """Return our App's comment on an issue: there is exactly one."""
    (comment,) = [c for c in issue.get_comments() if c.user.login == "nightshift[bot]"]
    assert comment.body.startswith("<!-- nightshift:")
    return str(comment.body)


def assert_labels(issue: Issue, state: RunState) -> None:
    """Demand the one state label, and the labels that people had set."""
    names = {label.name for label in issue.labels}
    assert names & set(STATE_LABELS) == {state_label(state).name}
    assert "nightshift" in names


def assert_landed(evening: Evening, repo: Repository, number: int) -> None:
    """Demand that GitHub shows a landing, of exactly what the validator signed for."""
    run = evening.runs[number]
    assert (run.state, run.reason) == (RunState.LANDED, "landed"), run.detail
    issue = repo.get_issue(number)
    assert issue.state == "closed"
    assert_labels(issue, RunState.LANDED)
    assert f"#{run.pull}" in sticky(issue)
    branch = f"nightshift/issue-{number}"
    (pull,) = [p for p in repo.get_pulls(state="all") if p.head.ref == branch]
    assert (pull.number, pull.merged, pull.head.sha) == (run.pull, True, run.landed_commit)
    (said,) = repo.get_issue(pull.number).get_comments()
    assert "scenarios satisfied" in said.body
    assert run.attempts[-1].change_id in said.body
    assert run.landed_commit in {commit.sha for commit in repo.get_commits()}
    (check,) = repo.get_commit(run.landed_commit).get_check_runs()
    assert (check.name, check.conclusion) == ("nightshift/satisfaction", "success")
    landed = repo.get_git_commit(run.landed_commit)
    landing = evening.landing(number)
    assert [parent.sha for parent in landed.parents] == [landing.pre]
    let_in = [v for v in evening.verdicts(number) if v.id == landing.verdict]
    assert [(v.outcome, v.commit, v.tree, v.base) for v in let_in] == [
        (Outcome.PASS, run.landed_commit, landed.tree.sha, landing.pre)
    ]
    sealed = [v for v in evening.verdicts(number) if v.purpose is Purpose.SEALED]
    assert [v.outcome for v in sealed] == [Outcome.PASS]


async def test_the_plain_bug_lands(evening: Evening, repo: Repository) -> None:
    """An issue becomes a merged pull request, and main is the commit that was judged."""
    assert_landed(evening, repo, PLAIN)


async def test_the_weakly_tested_bug_lands_after_the_gate_said_no(
    evening: Evening, repo: Repository
) -> None:
    """An overfitted patch is refused by hidden scenarios alone; a later attempt is landed."""
    assert_landed(evening, repo, WEAK)
    gates = [v.outcome for v in evening.verdicts(WEAK) if v.purpose is Purpose.GATE]
    assert gates[0] is Outcome.FAIL
    assert gates[-1] is Outcome.PASS
    run = evening.runs[WEAK]
    assert all(attempt.visible_pass for attempt in run.attempts)
    assert len({attempt.commit for attempt in run.attempts}) == len(run.attempts) >= 2
    assert len({attempt.change_id for attempt in run.attempts}) == 1


async def test_the_request_outside_the_mission_is_rejected(
    evening: Evening, repo: Repository
) -> None:
    """The clause of the mission is cited to the author, and no code is written."""
    run, issue = evening.runs[OUTSIDE], repo.get_issue(OUTSIDE)
    assert (run.state, run.attempts, run.pull) == (RunState.REJECTED, (), None)
    mission = repo.get_contents("mission.md")
    assert not isinstance(mission, list)
    assert run.clause
    assert run.clause in mission.decoded_content.decode()
    assert run.clause in sticky(issue)
    assert_labels(issue, RunState.REJECTED)
    assert f"nightshift/issue-{OUTSIDE}" not in {branch.name for branch in repo.get_branches()}


async def test_the_feature_is_dropped_for_an_honest_reason(
    evening: Evening, repo: Repository
) -> None:
    """What cannot be built ends within its bounds, told to people, with nothing half-done."""
    run, issue = evening.runs[FEATURE], repo.get_issue(FEATURE)
    assert (run.state, run.reason, run.attempts) == (RunState.DROPPED, "gave-up", ())
    assert "gives up" in sticky(issue)
    assert issue.state == "open"
    assert_labels(issue, RunState.DROPPED)
    assert f"nightshift/issue-{FEATURE}" not in {branch.name for branch in repo.get_branches()}


async def test_the_second_bug_of_the_same_file_lands(evening: Evening, repo: Repository) -> None:
    """Two changes to one file both land."""
    assert_landed(evening, repo, SAME_FILE)
    files = [
        {file.filename for file in repo.get_commit(evening.runs[n].landed_commit).files}
        for n in (PLAIN, SAME_FILE)
    ]
    assert files[0] & files[1]


async def test_what_main_moved_under_was_judged_again(evening: Evening) -> None:
    """A rebased tree lands only on a train verdict for exactly that tree and base."""
    moved = []
    for number in LANDS:
        landing, run = evening.landing(number), evening.runs[number]
        if landing.pre == run.base:
            continue
        moved.append(number)
        train = [v for v in evening.verdicts(number) if v.purpose is Purpose.TRAIN]
        assert train[-1].id == landing.verdict
        assert (train[-1].commit, train[-1].tree) == (landing.post, landing.tree)
        assert landing.post not in {attempt.commit for attempt in run.attempts}
    assert set(moved) & {PLAIN, SAME_FILE}


async def test_main_is_the_chain_of_the_landings(evening: Evening, repo: Repository) -> None:
    """Every move of main is on record, and nothing moved it besides."""
    ours = list(evening.landings)
    assert len(ours) == len(LANDS)
    assert [one.pre for one in ours[1:]] == [one.post for one in ours[:-1]]
    newest = [commit.sha for commit in repo.get_commits()[: len(ours)]]
    assert newest == [one.post for one in reversed(ours)]


async def test_the_more_urgent_start_first(evening: Evening) -> None:
    """Three at a time: P0, P1 and P2 in one moment, then the two P3, however they were filed."""
    order = list(evening.order)
    assert [set(order[:3]), set(order[3:])] == [{5, 3, 1}, {2, 4}]


async def test_the_world_holds(evening: Evening) -> None:
    """The demo would have ended with exit code 0."""
    assert list(evening.unmet) == []


async def test_the_demo_ends_with_a_table_and_pages_that_answer(
    evening: Evening, tmp_path: Path
) -> None:
    """A row, an outcome and an open page for every issue; the JSON says the same."""
    runs, said = list(evening.runs.values()), io.StringIO()
    _tell(Console(file=said, width=132), evening.stage, evening.show, runs, [], keep=True)
    write_json(tmp_path / "out.json", evening.stage, evening.show, runs, [])

    text, told = said.getvalue(), json.loads((tmp_path / "out.json").read_text())
    lines = [line for line in text.splitlines() if "gh issue list" not in line]
    pages = re.findall(r"http://\S+", "\n".join(lines))
    assert (True, sorted(evening.runs)) == (told["holds"], [one["issue"] for one in told["issues"]])
    assert len(evening.runs) + 2 == len(pages)
    for one in told["issues"]:
        (row,) = [line for line in text.splitlines() if f"#{one['issue']} " in line and "P" in line]
        assert f" {one['priority']} " in row
        assert one["outcome"] in row
    async with ClientSession() as session:
        answers = [(await session.get(page)).status for page in pages]
    assert {200} == set(answers)
    assert "search brain, not a language model" in text
    assert "the world's expectations hold" in text


async def test_the_twin_knew_every_question(evening: Evening) -> None:
    """Nothing on the way leans on a route that the twin only shrugs at."""
    assert await evening.stage.github.admin("GET", "journal?unmodelled=1") == []
    assert evening.stage.messages is not None
    assert await evening.stage.messages.admin("GET", "journal?unmodelled=1") == []


async def test_no_mark_of_a_hidden_scenario_is_anywhere(evening: Evening) -> None:
    """Not in a prompt, the database, a journal, a log, a comment, a pull request or an object."""
    corpus = CODE / "scenarios" / "parcel"
    hidden = {
        mark
        for name in ("gate", "sealed")
        for file in (corpus / name).rglob("*.md")
        for mark in MARK.findall(file.read_bytes())
    }
    ledger = evening.stage.supervisor.home(Role.VALIDATOR) / LEDGER_FILE
    known = {mark for cell in cells(ledger) for mark in MARK.findall(cell)}
    assert len(known & hidden) > 40  # the same search finds them where they belong
    places = await everything(evening.stage)
    leaks = {name for name, content in places.items() if set(MARK.findall(content)) & hidden}
    assert leaks == set()
    objects = f"GitHub objects of {evening.stage.world.repository.full_name}"
    for name in ("nightshift.db", "database, unpacked", "Messages journal", objects):
        assert len(places[name]) > 10_000, name


async def test_no_role_said_anything_alarming(evening: Evening) -> None:
    """An evening without trouble leaves no traceback in any log."""
    for log in (evening.stage.state / "logs").glob("*.log"):
        assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace"), log.name


async def test_money_was_reserved_and_settled(evening: Evening) -> None:
    """What the record says a run cost is what its calls were settled at."""
    for run in evening.runs.values():
        assert await evening.stage.store.spent(run.id) == pytest.approx(run.usage.usd)
