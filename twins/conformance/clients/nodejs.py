"""The npm clients: octokit as an App's library, Probot as an App of its own."""

import hashlib
import hmac
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from twins.conformance.clients.provision import clean_environment, node_folder
from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import Miss, expect
from twins.contract.fetch import GRAPHQL, ensure

TIMEOUT_S = 90
SECRET = "the hook's own"  # the twin's App keeps none
WEBHOOKS = "/api/github/webhooks"


def _environment(stage: ClientStage, **more: object) -> Mapping[str, str]:
    plot = stage.plot
    about = {
        "url": stage.url,
        "id": stage.ground.app["id"],
        "pem": stage.ground.pem,
        "owner": plot.owner,
        "repo": plot.name,
    }
    return clean_environment(stage.folder, STAGE=json.dumps(about | more), LOG_LEVEL="error")


def run_octokit(stage: ClientStage) -> None:
    """Let octokit walk an issue to a merged pull request, below the enterprise prefix."""
    ensure(GRAPHQL)
    plot = stage.plot
    given = {"prefix": "/api/v3", "token": plot.tokens["owner"], "installation": plot.installation}
    done = subprocess.run(
        ["node", "octokit.mjs"],
        cwd=node_folder(),
        env=_environment(stage, **given),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise Miss(f"octokit: {done.stderr.strip()[-600:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    number = told.pop("number")
    expected = {"known": [plot.full_name], "listed": 37, "paged": 36, "found": 36, "unchanged": 304}
    expect("octokit", {**expected, "refused": "NOT_FOUND", "missing": 404}, told)
    issue = stage.read(f"issues/{number}").json
    found = (issue["state"], [one["name"] for one in issue["labels"]], issue["comments"])
    expect("the issue", ("closed", ["night"], 1), found)
    expect("the file on main", 6, stage.read("contents/fix.py").json["size"])


def run_probot(stage: ClientStage) -> None:
    """Let Probot hear of a new issue and answer it; what is signed wrongly must not get in."""
    with _probot(stage) as port:
        hook = f"http://127.0.0.1:{port}{WEBHOOKS}"
        stage.hook(hook, SECRET)
        issue = stage.plot.ok("POST", "issues", {"title": "Hello"}, by="owner")
        _settle(stage)
        comments = stage.read(f"issues/{issue['number']}/comments").json
        expect(
            "the comment",
            [("Thank you!", stage.ground.app["bot"]["login"])],
            [(one["body"], one["user"]["login"]) for one in comments],
        )
        labels = stage.read(f"issues/{issue['number']}/labels").json
        expect("the label", ["seen"], [one["name"] for one in labels])
        deliveries = stage.ground.admin("GET", "deliveries")["deliveries"]
        mine = [one for one in deliveries if one["url"] == hook]
        expect("accepted", {200}, {one["status_code"] for one in mine})
        sent = next(one for one in mine if one["event"] == "issues")
        raw = json.dumps(sent["request"]["payload"]).encode()
        expect("a bad signature", 400, _post(hook, sent["request"]["headers"], raw, "guess"))
        stage.hook(hook, "another secret")
        stage.plot.ok("POST", "issues", {"title": "Unheard"}, by="owner")
        _settle(stage)
        expect("unheard", [], stage.read(f"issues/{issue['number'] + 1}/comments").json)


def _settle(stage: ClientStage) -> None:
    """Wait until everything that was sent has been answered, answers to answers included."""
    if stage.ground.admin("GET", "deliveries?settle=20")["pending"]:
        raise Miss("deliveries never end")


@contextmanager
def _probot(stage: ClientStage) -> Iterator[int]:
    """Run Probot until the block ends; yield its port."""
    running = subprocess.Popen(
        ["node", "probot.mjs"],
        cwd=node_folder(),
        env=_environment(stage, secret=SECRET),
        stdout=subprocess.PIPE,
    )
    try:
        said = iter(running.stdout or ())
        ready = next((line for line in said if line.startswith(b'{"port"')), None)
        if ready is None:
            raise Miss("Probot did not start")
        yield int(json.loads(ready)["port"])
    finally:
        running.terminate()
        running.communicate(timeout=30)


def _post(url: str, headers: Mapping[str, str], raw: bytes, secret: str) -> int:
    """Send a delivery by hand, signed with some secret; return the status."""
    mac = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    signed = {**headers, "X-Hub-Signature-256": f"sha256={mac}"}
    request = urllib.request.Request(url, raw, signed)  # noqa: S310  # loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
