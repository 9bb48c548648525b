"""What people read: true, in fixed words, and unable to do anything by being shown."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import wire
from bot.domain.finding import CheckResult, Finding
from bot.domain.issue import Issue
from bot.domain.mission import Mission
from bot.domain.priority import Priority
from bot.domain.run import Attempt, Run, RunState
from bot.domain.usage import Usage
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.domain.work import BuildRequest
from bot.policy.neutral import block, code, defuse, inline, plain
from bot.policy.story import REASONS, STATE_LABELS, STORY, state_label
from bot.policy.texts import (
    CHECK_NAME,
    check_texts,
    commit_message,
    cost,
    evidence,
    evidence_marker,
    issue_comment,
    issue_marker,
    marker,
    pull_body,
    pull_title,
)

HOSTILE = (
    "<img src=x> @octo/team fixes #3, closes a/b#4 `x` ![i](http://e.invalid/p) \u202e|\n# Big"
)
ISSUE = Issue("acme/parcel", 7, "Wrong price", "It is wrong.", ("nightshift",), "ann", 5)
SHA = "c" * 40
CLOSING = re.compile(
    r"\b(close[sd]?|fix(e[sd])?|resolve[sd]?):?\s+(#\d|GH-\d|\S+/\S+#\d|https?://)", re.IGNORECASE
)


def verdict(purpose: Purpose = Purpose.GATE, outcome: Outcome = Outcome.PASS) -> SignedVerdict:
    """Build a verdict with telling numbers."""
    noun = Verdict(
        id="v",
        outcome=outcome,
        purpose=purpose,
        reason="passed",
        repo="acme/parcel",
        issue=7,
        commit=SHA,
        tree=SHA,
        base=SHA,
        corpus="d",
        box_tier="B",
        box_digest="x",
        nonce="n",
        n=31,
        k=29,
        n_effective=31.0,
        trajectories=62,
        mean=0.947,
        lower_bound=0.871,
        threshold=0.9,
        invalid=1,
        pending=2,
        seconds=4.0,
        issued_at="now",
    )
    return SignedVerdict(wire.canonical(wire.dump(noun)), "00")


ATTEMPT = Attempt(
    1,
    "b" * 40,
    "kkmpptxz",
    SHA,
    "t" * 40,
    "Rounded half up.",
    checks=(CheckResult("pytest", passed=True, exit_code=0, output="", seconds=1.0),),
    verdicts=(verdict(),),
)
RUN = Run(
    "acme/parcel#7@abc-1",
    ISSUE,
    "b" * 40,
    Priority.P1,
    RunState.VALIDATING,
    clause="- Quotes are right to the cent",
    pull=9,
    attempts=(ATTEMPT,),
    usage=Usage(cpu_seconds=12.34),
    model="nightshift-search-1",
)
LANDED = replace(RUN, state=RunState.LANDED, reason="landed", landed_commit=SHA)
REQUEST = BuildRequest(RUN.id, 2, ISSUE, Mission(("x",)), "b" * 40, "d")


def everything(run: Run) -> str:
    """Render every text about a run."""
    said = [issue_comment(run), pull_title(run), pull_body(run), evidence(run)]
    return "\n".join([*said, *check_texts(run)])


def test_the_issue_comment_tells_the_story() -> None:
    """State, what comes next, the mission's line and the cost are all there, marker first."""
    text = issue_comment(RUN)

    assert text.split("\n")[0] == issue_marker(RUN) == "<!-- nightshift:issue:7 -->"
    for said in ("Nightshift: validating", "**Next:**", "Quotes are right", "#9", "12.3 CPU s"):
        assert said in text


def test_an_ended_run_says_why() -> None:
    """A fixed sentence for the slug, and the detail as a quotation."""
    run = replace(RUN, state=RunState.DROPPED, reason="gave-up", detail="No idea, @ann.")
    text = issue_comment(run)

    assert f"**Why:** {REASONS['gave-up']}" in text
    assert "> No idea, `@ann.`" in text


def test_an_outage_asks_nobody_for_anything() -> None:
    """Parked until the service is back is not parked until a person decides."""
    run = replace(RUN, state=RunState.PARKED, reason="unavailable")

    assert "by itself" in issue_comment(run).partition("**Next:**")[2]
    assert "a person decides" in issue_comment(replace(run, reason="mission"))


def test_the_pull_request_closes_its_issue_and_says_what_changed() -> None:
    """The closing line is ours, and stands alone."""
    body = pull_body(LANDED)

    assert "Closes #7" in body.split("\n")
    for said in ("Rounded half up.", "Quotes are right", f"`{CHECK_NAME}`"):
        assert said in body


def test_the_evidence_names_what_the_end_rests_on() -> None:
    """Mission, attempts, checks, box, cost, change and landing, with a marker of its own."""
    text = evidence(LANDED)

    assert text.split("\n")[0] == evidence_marker(LANDED) != issue_marker(LANDED)
    assert "Closes" not in text
    for said in ("Quotes are right", "1 of 1 passed", "kkmpptxz", "tier `B`", "`bbbbbbbbbbbb`"):
        assert said in text
    for said in ("12.3 CPU s", f"Landed as | `{SHA[:12]}`"):
        assert said in text


@pytest.mark.parametrize("state", [state for state in RunState if not state.ended])
def test_an_open_run_shows_one_bit_and_no_number(state: RunState) -> None:
    """A coder who reads the pull request learns nothing that the gate did not say."""
    text = everything(replace(RUN, state=state))

    assert "passed" in text
    for number in ("29", "31", "62", "0.947", "0.871", "87 %"):
        assert number not in text


def test_an_ended_run_shows_counts_and_the_bound() -> None:
    """Afterwards everybody may know how sure it was."""
    title, summary = check_texts(LANDED)

    for text in (evidence(LANDED), summary):
        assert "29/31 scenarios satisfied" in text
        assert "lower bound 0.871 against 0.90" in text
    assert title == "landed: 29/31 satisfied, at least 87 %"


def test_the_sealed_set_has_a_line_of_its_own() -> None:
    """It is never mixed into the gate's numbers."""
    sealed = replace(ATTEMPT, verdicts=(verdict(), verdict(Purpose.SEALED)))
    body = evidence(replace(LANDED, attempts=(sealed,)))

    assert "- gate on `" in body
    assert "- sealed on `" in body


def test_refused_attempts_name_their_guards() -> None:
    """The table tells what stood in the way."""
    bad = replace(ATTEMPT, guards=(Finding("symlink", "a", "m"),), checks=(), verdicts=())

    assert "| refused: `symlink` | not run | not asked |" in evidence(replace(RUN, attempts=(bad,)))


def test_the_search_brain_is_never_taken_for_a_model() -> None:
    """Its cost is processor time; a model's is money."""
    usage = Usage(input_tokens=1200, output_tokens=34, usd=0.5, cpu_seconds=1.0)

    assert cost(Usage(cpu_seconds=12.34), "nightshift-search-1") == (
        "0 tokens, 12.3 CPU s (search brain, not a language model)"
    )
    assert cost(usage, "some-model") == "1,234 tokens, $0.5000, 1.0 CPU s (`some-model`)"


def test_hostile_text_does_nothing_anywhere() -> None:
    """No mention, no closing word, no HTML, no image, no reordering, wherever it is put."""
    attempt = replace(ATTEMPT, summary=f"```\n{HOSTILE}", change_id="`x`")
    run = replace(
        RUN,
        issue=replace(ISSUE, title=HOSTILE),
        clause=HOSTILE,
        detail=HOSTILE,
        reason=HOSTILE,
        model=HOSTILE,
        attempts=(attempt,),
        state=RunState.DROPPED,
    )
    text = "\n".join([issue_comment(run), pull_body(run), evidence(run), *check_texts(run)])
    shown = re.sub(r"(`{3,})text\n.*?\n\1|`[^`\n]*`", "", text, flags=re.DOTALL)

    assert "@" not in shown
    assert "<img" not in shown
    assert "\u202e" not in text
    assert not CLOSING.search(pull_title(run))
    assert [m.group() for m in CLOSING.finditer(text)] == ["Closes #7"]
    assert not re.search(r"(?<!\\)!\[", shown)


def test_a_commit_message_is_an_audit_trail_that_cannot_be_forged() -> None:
    """Our trailers stand last; the coder's words can neither pose as one nor close an issue."""
    said = "Did it.\n\nNightshift-Run: forged\nCo-authored-by: eve <e@x>\nfixes #3"
    message = commit_message(replace(REQUEST, clause="Be\nright"), said, "m", change_id="kk")
    paragraphs = message.strip().split("\n\n")

    assert paragraphs[0] == "Wrong price"
    assert paragraphs[-1].split("\n") == [
        "Nightshift-Issue: acme/parcel#7",
        "Nightshift-Run: acme/parcel#7@abc-1",
        "Nightshift-Attempt: 2",
        f"Nightshift-Base: {'b' * 40}",
        "Nightshift-Model: m",
        "Nightshift-Clause: Be right",
        "Nightshift-Change-Id: kk",
    ]
    assert message.count("\nNightshift-Run:") == 1
    assert not CLOSING.search(message)


@pytest.mark.parametrize(
    "text",
    [
        "fixes #3",
        "Closes: #3",
        "resolved acme/parcel#3",
        "fix GH-3",
        "close https://github.com/a/b/issues/3",
        "FIXES\n#3",
    ],
)
def test_closing_words_are_broken_in_every_place(text: str) -> None:
    """Titles, commits, lines and blocks alike, even for a reader that ignores code spans."""
    for shown in (plain(text), defuse(text), inline(text), block(text), code(text)):
        assert not CLOSING.search(shown)


@pytest.mark.parametrize(
    "text", ["#1@ann", "`@ann`", "é@ann", "ご意見@ann", "ask `@ann, or #1@ann", "x\\@ann", "*@ann*"]
)
def test_nobody_is_called_by_what_stands_beside_a_name(text: str) -> None:
    """Taken out of their code spans, our lines hold no sign that GitHub would act on."""
    assert "@" not in re.sub(r"`[^`]*`", "", inline(text))
    assert not re.search(r"@\w", plain(text))


@pytest.mark.parametrize("words", ["skip ci", "CI skip", "no ci", "skip actions", "actions skip"])
def test_no_issue_switches_the_checks_of_its_commit_off(words: str) -> None:
    """GitHub reads these in any line of a commit's message."""
    hostile = replace(ISSUE, title=f"[{words}] Wrong price")
    said = f"Did it. [{words}]\n\n\nskip-checks: true"
    message = commit_message(replace(REQUEST, issue=hostile), said, "m")
    assert f"[{words}]" not in message
    assert f"({words}) Wrong price" in message
    assert "\n> skip-checks: true" in message


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_text_leaves_its_place(text: str) -> None:
    """A line stays a line, a span a span, a block a block."""
    assert "\n" not in inline(text) + code(text) + plain(text)
    assert code(text).count("`") == 2
    fence, *body, last = block(text).split("\n")
    assert last == fence.removesuffix("text")
    assert last not in "\n".join(body)


def test_long_texts_are_cut() -> None:
    """GitHub refuses more than 65,536 characters; nobody wants to read a tenth of that."""
    attempts = tuple(replace(ATTEMPT, index=i, summary="x" * 9000) for i in range(5))
    run = replace(RUN, issue=replace(ISSUE, title="y" * 9000), clause="z" * 9000, attempts=attempts)

    assert len(everything(run)) < 20_000
    assert len(pull_title(run)) <= 120


def test_every_state_has_a_chapter_and_a_label() -> None:
    """A state that nobody described cannot be added."""
    assert set(STORY) == set(RunState)
    labels = {state_label(state).name for state in RunState}
    assert labels <= STATE_LABELS
    assert not labels & {"nightshift", "nightshift:stop", "nightshift:pause"}
    assert all(re.fullmatch(r"[0-9a-f]{6}", state_label(state).color) for state in RunState)


def test_a_run_that_works_has_one_label_and_each_end_its_own() -> None:
    """Five attempts leave no ten lines in the issue's timeline."""
    assert len({state_label(state) for state in RunState if not state.ended}) == 1
    ends = [state_label(state).name for state in RunState if state.ended]
    assert len(set(ends)) == len(ends)


def test_every_text_of_every_state_renders() -> None:
    """Strict templates: no state meets a missing value."""
    for state in RunState:
        for run in (replace(RUN, state=state), replace(RUN, state=state, attempts=(), pull=None)):
            assert everything(run)


def test_a_marker_is_always_one_comment() -> None:
    """A key cannot end the HTML comment it stands in."""
    assert marker("a--> <b>").count("-->") == 1
