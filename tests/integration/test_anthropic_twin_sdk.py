"""The twin as a process, driven by the real SDK: wire, errors, and a whole coding conversation."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic
from pydantic import BaseModel

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MODEL = "nightshift-search-1"
CODE = "def most(a, b):\n    if a < b:\n        return a\n    return b\n"
TEST = "from chk import most\n\ndef test_equal():\n    assert most(2, 2) == 2\n"
MISSION = "# Chk\nCompare numbers.\n\n## In scope\n- Wrong results.\n\n## Out of scope\n- Mail.\n"
BODY = "`most(2, 5)` gives `2`, expected `5`"


class Verdict(BaseModel):
    """A triage answer, typed."""

    decision: str
    clause: str


@contextmanager
def twin(*options: str) -> Iterator[str]:
    """Start a twin process; it must end cleanly on SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twins.anthropic", "--port", "0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["pid"] == process.pid
        yield ready["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        process.stdout.close()


@contextmanager
def sdk(url: str, key: str = "any") -> Iterator[Anthropic]:
    """Open a strict client."""
    client = Anthropic(api_key=key, base_url=url, max_retries=0, _strict_response_validation=True)
    with client:
        yield client


def question(**issue: Any) -> list[dict[str, Any]]:
    """Return the messages of a first turn."""
    static = (
        f'<mission base="abc">\n{MISSION}\n</mission>\n<checks>\npython -m pytest -q\n</checks>'
    )
    text = f"<issue>\n{json.dumps({'number': 3, **issue})}\n</issue>"
    blocks = [{"type": "text", "text": static}, {"type": "text", "text": text}]
    return [{"role": "user", "content": blocks}]


def tools() -> list[dict[str, Any]]:
    """Return the tools of the coding loop."""
    names = {"bash": ["command"], "view": ["path"], "edit": ["path", "old", "new"],
             "submit": ["summary"], "give_up": ["reason"]}  # fmt: skip
    return [
        {
            "name": name,
            "input_schema": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in keys},
            },
        }
        for name, keys in names.items()
    ]


class Desk:
    """Does what the coder asks, in a folder, as the agent loop would."""

    def __init__(self, folder: Path, refusals: int) -> None:
        self.folder = folder
        self.refusals = refusals
        self.done: list[str] = []

    def work(self, name: str, arguments: dict[str, Any]) -> str:
        """Run one tool call and return its result text."""
        self.done.append(name)
        if name == "bash":
            ran = subprocess.run(
                ["bash", "-c", arguments["command"]],
                cwd=self.folder,
                env={
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "PYTHONPATH": str(self.folder),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            return f"{ran.stdout}\n[exit {ran.returncode}, 1.0 s]"
        if name == "edit":
            path = self.folder / arguments["path"]
            text = path.read_text()
            assert text.count(arguments["old"]) == 1
            path.write_text(text.replace(arguments["old"], arguments["new"]))
            return "edited\n[exit 0, 0.0 s]"
        if name == "submit" and self.refusals:
            self.refusals -= 1
            return "Not accepted: the hidden gate did not pass."
        return "accepted"


def converse(client: Anthropic, desk: Desk, body: str) -> list[anthropic.types.Message]:
    """Go on until the coder gives up or a submission is accepted."""
    messages = question(title="Wrong result", body=body)
    replies = []
    for _ in range(30):
        reply = client.messages.create(
            model=MODEL, max_tokens=16_000, messages=messages, tools=tools()
        )
        replies.append(reply)
        messages.append({"role": "assistant", "content": reply.to_dict()["content"]})
        uses = [block for block in reply.content if block.type == "tool_use"]
        results = [
            {"type": "tool_result", "tool_use_id": u.id, "content": desk.work(u.name, u.input)}
            for u in uses
        ]
        messages.append({"role": "user", "content": results})
        if uses[-1].name == "give_up" or results[-1]["content"] == "accepted":
            return replies
    raise AssertionError("the conversation does not end")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Plant a small defective repository."""
    (tmp_path / "chk.py").write_text(CODE)
    (tmp_path / "test_chk.py").write_text(TEST)
    return Desk(tmp_path, 0)


def test_the_search_brain_mends_a_defect_over_the_wire(desk: Desk) -> None:
    """Plain calls, real tool calls, a patch in place, and not one token."""
    with twin("--search-seconds", "4") as url, sdk(url) as client:
        replies = converse(client, desk, BODY)
    assert desk.done[-1] == "submit"
    assert (desk.folder / "chk.py").read_text() != CODE
    for reply in replies:
        assert reply.model == MODEL
        assert reply.usage.input_tokens == reply.usage.output_tokens == 0
        assert reply.content[0].text.startswith("Search brain, not a language model")


def test_refusals_lead_through_other_patches_to_giving_up(desk: Desk) -> None:
    """Every submission differs, and after the last the tree holds one patch, not several."""
    desk.refusals = 99
    with twin("--search-seconds", "4") as url, sdk(url) as client:
        last = converse(client, desk, BODY)[-1]
    assert desk.done.count("submit") >= 2
    assert desk.done[-1] == "give_up"
    assert "candidates" in last.content[-1].input["reason"]


def test_triage_parses_and_streams_alike() -> None:
    """The typed answer of parse() and the text of a stream are the same."""
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 500,
                             "messages": question(title="Wrong", body=BODY)}  # fmt: skip
    schema = {"type": "json_schema", "schema": Verdict.model_json_schema()}
    with twin() as url, sdk(url) as client:
        parsed = client.messages.parse(**asked, output_format=Verdict).parsed_output
        with client.messages.stream(**asked, output_config={"format": schema}) as stream:
            text = stream.get_final_text()
    assert parsed == Verdict.model_validate_json(text)
    assert parsed.decision == "accept"
    assert parsed.clause == "Wrong results."


def test_keys_models_and_admin() -> None:
    """One key only; the search brain answers to its own name only; the admin routes are there."""
    with twin("--key", "right") as url:
        with sdk(url, "wrong") as client, pytest.raises(anthropic.AuthenticationError):
            client.models.list()
        with sdk(url, "right") as client:
            assert [model.id for model in client.models.list()] == [MODEL]
            hello: list[Any] = [{"role": "user", "content": "hi"}]
            assert client.messages.count_tokens(model=MODEL, messages=hello).input_tokens == 0
            with pytest.raises(anthropic.NotFoundError):
                client.messages.create(model="claude-opus-5", max_tokens=5, messages=hello)
        assert httpx2.get(f"{url}/_twin/health").json()["twin"] == "anthropic-twin"
        assert httpx2.head(url).status_code == 404


def test_the_sdk_retries_planned_overload_by_itself() -> None:
    """529 twice with a short retry-after, then an answer: three requests in the journal."""
    with twin() as url:
        headers = {"retry-after-ms": "1"}
        rule = {"path": "/v1/messages", "count": 2,
                "params": {"error": "overloaded_error", "headers": headers}}  # fmt: skip
        httpx2.post(f"{url}/_twin/faults", json=rule)
        with Anthropic(api_key="k", base_url=url) as client:
            said = client.messages.create(
                model=MODEL, max_tokens=5, messages=[{"role": "user", "content": "hi"}]
            )
        journal = httpx2.get(f"{url}/_twin/journal").json()
    assert "not a language model" in said.content[0].text
    assert [entry["status"] for entry in journal] == [529, 529, 200]


@pytest.mark.parametrize(
    "brain", ["dream", "script:", "script:/nowhere.yaml", "tape:/nowhere.yaml"]
)
def test_a_brain_that_cannot_be_had_is_one_clear_line(brain: str) -> None:
    """A user's mistake ends with exit code 2 and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "twins.anthropic", "--brain", brain],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
    assert "Traceback" not in done.stderr
