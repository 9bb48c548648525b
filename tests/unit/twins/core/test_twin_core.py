"""The shared parts of the twins, without a server."""

import pytest

from twins.core.clock import Clock
from twins.core.faults import BadFault, FaultPlan
from twins.core.ids import Ids
from twins.core.journal import Journal


def test_frozen_clock_moves_only_when_told() -> None:
    """A frozen clock stands still, advances on order and runs on from there."""
    clock = Clock()
    clock.freeze(1_700_000_000)
    assert clock.iso() == "2023-11-14T22:13:20Z"
    clock.advance(3600)
    assert clock.now() == 1_700_003_600
    clock.resume()
    assert 1_700_003_600 <= clock.now() < 1_700_003_610


def test_ids_repeat_with_the_seed_and_after_reset() -> None:
    """Same seed, same ids; reset starts over; another seed differs."""

    def draw(ids: Ids) -> list[object]:
        return [ids.number("issue", start=10), ids.number("issue"), ids.hex(40), ids.guid()]

    ids = Ids(7)
    first = draw(ids)
    assert first[:2] == [10, 11]
    assert len(str(first[2])) == 40
    ids.reset()
    assert draw(ids) == first
    assert draw(Ids(8))[2:] != first[2:]


def test_nth_and_count_choose_the_calls() -> None:
    """A rule starts at its nth matching call and hits count of them; 0 means for ever."""
    plan = FaultPlan()
    plan.add({"method": "POST", "path": "/a", "nth": 2, "count": 2, "status": 502})
    plan.add({"path": "/b", "count": 0, "cut": True})
    assert plan.for_request("GET", "/a") is None
    hits = [plan.for_request("POST", "/a") is not None for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert all(plan.for_request("GET", "/b") for _ in range(3))
    plan.clear()
    assert plan.for_request("GET", "/b") is None


def test_request_rules_leave_deliveries_alone_and_back() -> None:
    """A rule with an event is about deliveries only."""
    plan = FaultPlan()
    plan.add({"event": "issues[.]opened", "deliver": "lost"})
    assert plan.for_request("POST", "/anything") is None
    assert plan.for_delivery("issues.closed") is None
    fault = plan.for_delivery("issues.opened")
    assert fault is not None
    assert fault.deliver == "lost"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"pth": "/a"}, "unknown fault key 'pth'"),
        ({"path": "("}, "not a regular expression"),
        ({"event": "x", "deliver": "twice"}, "deliver is one of"),
        ([1], "a fault is a JSON object"),
    ],
)
def test_a_rule_nobody_could_obey_is_refused(rule: object, said: str) -> None:
    """A typo in a fault plan must not silently spoil nothing."""
    with pytest.raises(BadFault, match=said):
        FaultPlan().add(rule)


def test_journal_keeps_no_secrets_and_caps_bodies() -> None:
    """Authorization headers and secret members are redacted; bodies are cut unless told not to."""
    journal = Journal(body_limit=60)
    headers = {"Authorization": "token CANARY", "X-Api-Key": "CANARY", "User-Agent": "me"}
    entry = journal.open(at=1.0, method="POST", path="/x", query="", headers=headers)
    entry.body = journal.excerpt(b'{"webhook_secret": "CANARY", "name": "' + b"n" * 100 + b'"}')
    assert "CANARY" not in repr(journal.entries())
    assert len(entry.body) == 60
    assert entry.client == "me"
    assert len(Journal(body_limit=None).excerpt(b"n" * 5000)) == 5000


def test_journal_answers_by_method_path_and_number() -> None:
    """Entries can be narrowed down."""
    journal = Journal()
    for method, path in (("GET", "/a/1"), ("POST", "/a/2"), ("GET", "/b")):
        journal.open(at=1.0, method=method, path=path, query="", headers={})
    assert [e.number for e in journal.entries(path="/a")] == [1, 2]
    assert [e.number for e in journal.entries(method="get", since=1)] == [3]
    assert journal.entries(unmodelled=True) == []


def test_an_unmodelled_request_is_told_however_long_the_run() -> None:
    """The journal forgets its oldest entries, but not those."""
    journal = Journal(capacity=3)

    def note(path: str, *, unmodelled: bool = False) -> None:
        entry = journal.open(at=0, method="GET", path=path, query="", headers={})
        entry.unmodelled = unmodelled

    note("/odd", unmodelled=True)
    for number in range(9):
        note(f"/{number}")
    assert [entry.path for entry in journal.entries(unmodelled=True)] == ["/odd"]
    assert [entry.path for entry in journal.entries(unmodelled=False)] == ["/6", "/7", "/8"]
    journal.clear()
    assert journal.entries() == []
