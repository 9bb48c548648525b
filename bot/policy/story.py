"""What each state and each reason means to the person who filed the issue."""

from dataclasses import dataclass

from bot.domain.label import Label
from bot.domain.run import RunState


@dataclass(frozen=True, slots=True)
class Chapter:
    """One state in people's words: a headline, what is going on, what comes next."""

    headline: str
    now: str
    next: str
    color: str = ""
    """Of the label, which only the end of a run has for itself."""


_GOOD, _ASKING, _ENDED = "0e8a16", "fbca04", "bfbfbf"
_SET_AGAIN = "a maintainer takes the label `nightshift` off and sets it again"
_AGAIN = (
    f"edit the issue if it needs other words; then {_SET_AGAIN}, or says `/nightshift retry`."
    " Or leave it."
)
_YOURS = "a person reads the pull request and decides."

STORY = {
    RunState.QUEUED: Chapter("queued", "This issue waits for its turn.", "triage."),
    RunState.TRIAGING: Chapter(
        "reading",
        "The issue is compared with the repository's mission.",
        "accept or decline.",
    ),
    RunState.BUILDING: Chapter(
        "building",
        "A change is being built in a sealed box.",
        "guards and the mission's own checks, then a pull request.",
    ),
    RunState.PUBLISHING: Chapter(
        "publishing", "A change passed all visible checks.", "the hidden scenarios."
    ),
    RunState.VALIDATING: Chapter(
        "validating",
        "Hidden scenarios use the changed product from outside.",
        "the train to the main branch, or another attempt.",
    ),
    RunState.SEALING: Chapter(
        "sealing", "The change takes its last examination.", "the train to the main branch."
    ),
    RunState.TRAIN: Chapter(
        "landing", "The change is proven and waits for the main branch.", "landing."
    ),
    RunState.LANDED: Chapter("landed", "The change is on the main branch.", "nothing.", _GOOD),
    RunState.OPENED: Chapter("yours to merge", "A pull request stands open.", _YOURS, _ASKING),
    RunState.REJECTED: Chapter(
        "declined", "This does not fit the repository's mission.", _AGAIN, _ENDED
    ),
    RunState.NEEDS_INFO: Chapter(
        "a question",
        "The issue leaves something open.",
        f"edit the issue with the answer; unless you may write here, {_SET_AGAIN} then.",
        _ASKING,
    ),
    RunState.DUPLICATE: Chapter("a duplicate", "Another issue says the same.", _AGAIN, _ENDED),
    RunState.PARKED: Chapter("parked", "This waits for a person.", "a person decides.", _ASKING),
    RunState.DROPPED: Chapter("dropped", "No change was good enough to land.", _AGAIN, _ENDED),
    RunState.STOPPED: Chapter(
        "stopped",
        "A person stopped this run.",
        f"{_SET_AGAIN}. Where somebody else's commit is on the branch, that was the last word.",
        _ENDED,
    ),
}

REASONS = {
    "attempts-used-up": "every attempt the mission allows was used, and none was proven good.",
    "gate-failed": "the hidden scenarios refused every attempt.",
    "sealed-failed": "the final examination said no; it is asked only once.",
    "gave-up": "the coder found no change that it believes in.",
    "exhausted": "the money, the turns or the time of this issue is used up.",
    "refused": "the model declined to work on this.",
    "no-result": "the coder handed in nothing.",
    "no-scenarios": "there is nothing hidden to judge by: not merged.",
    "too-few-scenarios": "there are too few hidden scenarios to be sure enough: not merged.",
    "not-checkable": "the change could not be judged, so it does not land by itself.",
    "too-flaky": "too many hidden scenarios waver on main itself: not merged.",
    "burnt-unreplaced": "a hidden scenario became known and is not replaced yet: not merged.",
    "unavailable": "a service that is needed did not answer; it is tried again by itself.",
    "rate-limited": "a service asked for a pause; it is tried again by itself.",
    "disk-full": "the machine ran out of disk; it is tried again by itself.",
    "usage": "something in the repository's set-up has to be mended.",
    "repository": "something in the repository has to be mended.",
    "box-tier": "the box of this machine is too weak to merge on: not merged.",
    "advisory": "judge and coder are of one model family: the verdict is ADVISORY, not merged.",
    "not-calibrated": "nobody has measured what the hidden scenarios notice: not merged.",
    "calibration-old": "it is too long ago that the hidden scenarios were measured: not merged.",
    "gate-weak": "the hidden scenarios notice too few seeded faults: not merged.",
    "autonomy": "the mission leaves this step to people.",
    "protected": "the repository's rules let Nightshift neither push nor merge; `nightshift doctor`"
    " names them.",
    "conflict": "main moved under the same lines.",
    "main-moves": "main moved faster than the change could be proven on top of it.",
    "guard": "the change breaks a guard on top of the new main.",
    "policy": "the repository's own rules forbid unattended agents; `unattended: allowed` in the"
    " mission, which the same people write, outweighs them.",
    "mission": "there is no readable mission.md on the default branch.",
    "repository-gone": "the repository was renamed, moved or deleted, or the App was taken off it.",
    "repository-archived": "the repository was archived.",
    "issue-gone": "the issue was deleted or moved.",
    "issue-closed": "the issue was closed.",
    "unlabelled": "the label `nightshift` was taken off.",
    "stop-label": "the label `nightshift:stop` was set.",
    "pull-closed": "somebody closed the pull request.",
    "pull-retargeted": "somebody pointed the pull request at another branch.",
    "human-commit": "somebody else pushed to the branch.",
    "credential": "a service turned down Nightshift's key.",
    "tampered": "a signature or a read-back was off; everything about this issue is frozen.",
    "triage-reject": "see the line of the mission below.",
    "triage-ask": "the question stands below.",
    "triage-duplicate": "see below.",
    "triage-park": "see below.",
}
"""Fixed sentences for fixed slugs; any other slug is shown as it is."""

SWAPPED = (
    "This text was changed after the label `nightshift` had been set. Read it again; if you still"
    " mean it, take the label off and set it once more, or say `/nightshift retry`."
)
CIRCLING = (
    "So many runs of this issue have begun within an hour that it seems to go in circles, so it"
    " waits. Wait an hour, or find out what starts it; then take `nightshift:pause` off."
)

WORKING = Label("nightshift:working", "1d76db", "Nightshift: works on this issue")
"""From the first attempt to the end: a label per attempt and step would only fill the timeline."""

STATE_LABELS = {WORKING.name} | {f"nightshift:{state.value}" for state in RunState}
"""The family of which an issue carries one at a time. `stop` and `pause` are people's, not here."""


def state_label(state: RunState) -> Label:
    """Return the label that mirrors a state; a run that has not ended has one for all of them."""
    if not state.ended:
        return WORKING
    chapter = STORY[state]
    return Label(f"nightshift:{state.value}", chapter.color, f"Nightshift: {chapter.now}"[:100])
