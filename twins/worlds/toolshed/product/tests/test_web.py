"""The web service."""

import json

import pytest

from toolshed.shed import Shed
from toolshed.web import Reply, respond


@pytest.fixture
def shed() -> Shed:
    """Open a shed with a member and a tool."""
    shed = Shed()
    shed.join("Ada", "2025-03-04")
    shed.add("drill", "power", "89.90")
    return shed


def post(shed: Shed, path: str, **fields: str) -> Reply:
    """Post fields."""
    return respond(shed, "POST", path, json.dumps(fields))


def test_a_tool_goes_out_and_comes_back(shed: Shed) -> None:
    status, loan = post(shed, "/loans", tool="T1", member="M1", on="2025-03-06")
    assert (status, loan["due"]) == (201, "2025-03-11")
    assert respond(shed, "GET", "/members/M1")[1]["free"] == 3
    assert respond(shed, "GET", "/overdue?on=2025-03-12")[1][0]["tool"] == "T1"
    assert post(shed, "/returns", tool="T1", on="2025-03-12") == (200, {"fee": "0.00"})
    assert respond(shed, "GET", "/tools/t1?on=2025-03-12")[1]["status"] == "in"


def test_members_and_tools_are_added(shed: Shed) -> None:
    joined = post(shed, "/members", name="Bo", on="2025-03-04", kind="student")
    assert joined == (201, {"member": "M2"})
    added = post(shed, "/tools", name="spade", category="garden", value="31")
    assert added == (201, {"tool": "T2"})
    assert respond(shed, "GET", "/due/hand?on=2025-03-04") == (200, {"due": "2025-03-14"})


def test_a_reservation_is_made_and_cancelled(shed: Shed) -> None:
    post(shed, "/loans", tool="T1", member="M1", on="2025-03-06")
    post(shed, "/members", name="Bo", on="2025-03-04")
    reply = post(shed, "/reservations", tool="T1", member="M2", on="2025-03-07")
    assert reply == (201, {"place": 1})
    assert respond(shed, "DELETE", "/reservations/T1/M2") == (200, {"cancelled": "T1"})
    assert respond(shed, "DELETE", "/reservations/T1/M2")[0] == 409


def test_bad_requests_are_explained(shed: Shed) -> None:
    assert respond(shed, "POST", "/loans", "{")[1] == {"error": "the body is not JSON"}
    assert respond(shed, "POST", "/loans", "[1]")[0] == 422
    assert post(shed, "/loans", tool="T1")[1] == {"error": "member is missing"}
    assert post(shed, "/loans", tool="T9", member="M1", on="2025-03-06")[0] == 404
    assert post(shed, "/payments", member="M1", amount="5", on="2025-03-06")[0] == 409
    assert respond(shed, "GET", "/nothing")[0] == 404
    assert respond(shed, "PATCH", "/tools")[0] == 404
