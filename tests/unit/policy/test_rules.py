"""Rules of a branch, and which way is open under all of them together."""

from hypothesis import given
from hypothesis import strategies as st

from bot.policy.rules import Rule, Way, landing

OURS = "nightshift/satisfaction"
KINDS = [
    "pull_request",
    "required_signatures",
    "update",
    "lock_branch",
    "merge_queue",
    "creation",
    "deletion",
    "non_fast_forward",
    "required_linear_history",
    "required_status_checks",
    "something_new",
]
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(KINDS),
        st.just("ruleset 1"),
        reviews=st.integers(0, 2),
        checks=st.lists(st.sampled_from([OURS, "ci"]), unique=True).map(tuple),
    ),
    max_size=5,
)
ORDER = [Way.DIRECT, Way.MERGE, Way.CLOSED]


@given(RULES, RULES)
def test_more_rules_never_open_a_way(some: list[Rule], more: list[Rule]) -> None:
    """And their order says nothing."""
    both = landing([*some, *more], OURS)

    assert both.way is landing([*more, *some], OURS).way
    assert ORDER.index(both.way) == max(
        ORDER.index(landing(part, OURS).way) for part in (some, more)
    )


@given(RULES)
def test_every_way_but_the_best_has_a_reason(rules: list[Rule]) -> None:
    """Nobody is left with a no and nothing else."""
    found = landing(rules, OURS)

    assert (found.way is Way.DIRECT) == (found.because == ())


def test_our_own_check_is_not_waited_for() -> None:
    """It is posted before we land; everything else has to come from somewhere."""
    both = Rule("required_status_checks", "x", checks=(OURS, "ci"))

    assert ("ci on the very commit (x)",) == landing([both], OURS).waits
    assert () == landing([Rule("required_status_checks", "x", checks=(OURS,))], OURS).waits


def test_a_rule_nobody_knows_is_named() -> None:
    """It may refuse the push, and only the push will show."""
    assert ("something_new (x)",) == landing([Rule("something_new", "x")], OURS).doubts
