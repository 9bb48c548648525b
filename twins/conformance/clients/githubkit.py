"""githubkit: the strictest judge of shapes, every answer read into its own models."""

import json
import subprocess
import sys

from twins.conformance.clients.provision import WALKS, clean_environment, githubkit_folder
from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import Miss, expect

SCRIPT = WALKS / "githubkit_walk.py"
TIMEOUT_S = 90


def run(stage: ClientStage) -> None:
    """Let githubkit walk an issue to a merged pull request and read the deliveries of that."""
    plot = stage.plot
    about = {
        "url": stage.url,
        "id": stage.ground.app["id"],
        "pem": stage.ground.pem,
        "installation": plot.installation,
        "token": plot.tokens["owner"],
        "owner": plot.owner,
        "repo": plot.name,
    }
    environment = clean_environment(
        stage.folder, STAGE=json.dumps(about), PYTHONPATH=str(githubkit_folder())
    )
    done = subprocess.run(
        [sys.executable, "-s", "-P", str(SCRIPT)],
        env=environment,
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise Miss(f"githubkit: {done.stderr.strip()[-600:]}")
    number = json.loads(done.stdout)["number"]
    issue = stage.read(f"issues/{number}").json
    found = (issue["state"], [one["name"] for one in issue["labels"]], issue["comments"])
    expect("the issue", ("closed", ["night"], 1), found)
    expect("the file on main", 6, stage.read("contents/fix.py").json["size"])
