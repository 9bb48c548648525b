"""What githubkit is made to do; run by a Python that finds githubkit on its path."""

import base64
import json
import os
from contextlib import suppress

from githubkit import AppAuthStrategy, GitHub
from githubkit.exception import RequestFailed
from githubkit.webhooks import parse


def main() -> None:
    """Walk an issue to a merged pull request; print its number."""
    stage = json.loads(os.environ["STAGE"])
    where = {"owner": stage["owner"], "repo": stage["repo"]}
    person = GitHub(stage["token"], base_url=stage["url"])
    issue = person.rest.issues.create(**where, title="It breaks", body="badly").parsed_data
    app = GitHub(AppAuthStrategy(stage["id"], stage["pem"]), base_url=stage["url"])
    installed = app.rest.apps.get_repo_installation(**where).parsed_data
    bot = app.with_auth(app.auth.as_installation(installed.id))
    rest = bot.rest
    rest.issues.add_labels(**where, issue_number=issue.number, data={"labels": ["night"]})
    rest.issues.create_comment(**where, issue_number=issue.number, body="on it")
    tip = rest.git.get_ref(**where, ref="heads/main").parsed_data.object_.sha
    rest.git.create_ref(**where, ref="refs/heads/fix", sha=tip)
    content = base64.b64encode(b"y = 2\n").decode()
    made = rest.repos.create_or_update_file_contents(
        **where, path="fix.py", message="Fix it", content=content, branch="fix"
    ).parsed_data
    head = made.commit.sha
    rest.checks.create(**where, data={"name": "tests", "head_sha": head, "conclusion": "success"})
    pull = rest.pulls.create(
        **where, head="fix", base="main", title="Fix", body=f"Closes #{issue.number}"
    ).parsed_data
    files = rest.pulls.list_files(**where, pull_number=pull.number).parsed_data
    assert [one.filename for one in files] == ["fix.py"], files
    for number in range(35):
        person.rest.issues.create(**where, title=f"n{number}")
    every = list(bot.paginate(rest.issues.list_for_repo, **where, state="all"))
    assert len(every) == 37, len(every)  # 35, the issue and the pull request
    assert rest.repos.get(**where).parsed_data.default_branch == "main"
    assert rest.checks.list_for_ref(**where, ref=head).parsed_data.total_count == 1
    with suppress(RequestFailed):
        raise AssertionError(rest.issues.get(**where, issue_number=999).parsed_data)
    merged = rest.pulls.merge(
        **where, pull_number=pull.number, sha=head, merge_method="squash"
    ).parsed_data
    assert merged.merged
    _read_deliveries(app)
    print(json.dumps({"number": issue.number}))


def _read_deliveries(app: GitHub) -> None:
    """Read every delivery into the model of its event."""
    log = app.rest.apps.list_webhook_deliveries(per_page=100).parsed_data
    assert len(log) > 10, len(log)  # the walk alone sends more
    for line in log:
        one = app.rest.apps.get_webhook_delivery(line.id).parsed_data
        parse(line.event, json.dumps(one.request.model_dump()["payload"]))


main()
