"""`nightshift init` against a twin as a real process: one pull request, and again."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from dotenv import set_key
from rich.console import Console

from bot.adapters.missionfile import parse_mission
from bot.errors import (
    Conflict,
    Gone,
    RateLimited,
    Rejected,
    RepositoryError,
    Unavailable,
    UsageError,
)
from bot.install.init import BRANCH, init
from bot.policy.labels import LABELS
from bot.stage.twin import Twin
from tests.integration.installed_app import REPO, Installed, git, new_key

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Twin]:
    """Serve one twin for all."""
    started = await Twin.start("twins.github", log=tmp_path_factory.mktemp("twin") / "log")
    yield started
    await started.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def installed(twin: Twin, tmp_path: Path) -> Installed:
    """Give an installed App."""
    return await Installed(twin, tmp_path).plant(tmp_path)


def run(installed: Installed, repo: str = REPO) -> str:
    """Run the command; return what it prints."""
    page = io.StringIO()
    assert 0 == init(installed.config, repo, Console(file=page, width=300))
    return page.getvalue()


async def test_one_pull_request_with_everything_and_all_labels(installed: Installed) -> None:
    """A mission that parses, forms that set no label, no workflow; our bot is the author."""
    said = run(installed)

    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        [pull] = repo.get_pulls()
        paths = sorted(one.filename for one in pull.get_files())
        mission = repo.get_contents("mission.md", ref=BRANCH)
        labels = {label.name: label.description for label in repo.get_labels()}
        forms = [
            yaml.safe_load(repo.get_contents(path, ref=BRANCH).decoded_content)
            for path in paths
            if path.endswith(".yml")
        ]
    assert [
        ".github/ISSUE_TEMPLATE/nightshift-defect.yml",
        ".github/ISSUE_TEMPLATE/nightshift-improvement.yml",
        "mission.md",
    ] == paths
    assert ("nightshift[bot]", "main") == (pull.user.login, pull.base.ref)
    found = parse_mission(mission.decoded_content.decode())
    assert ("parcel", "python -m parcel") == (found.product.lib, found.product.cli)
    assert [] == [form for form in forms if "labels" in form]
    assert {one.name: one.description for one in LABELS} == labels
    assert f"pull request #{pull.number} is open" in said
    assert f"{len(LABELS)} created" in said


async def test_the_second_run_changes_nothing(installed: Installed) -> None:
    """Nor does it undo what a person has written meanwhile."""
    run(installed)
    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        mission = repo.get_contents("mission.md", ref=BRANCH)
        repo.update_file(
            "mission.md", "Mine", "---\nchecks: [x]\n---\n", mission.sha, branch=BRANCH
        )
        repo.get_label("nightshift").edit("nightshift", "000000", "my own words")
        before = repo.get_branch(BRANCH).commit.sha

        said = run(installed)

        assert before == repo.get_branch(BRANCH).commit.sha
        assert 1 == repo.get_pulls(state="all").totalCount
        assert "my own words" == repo.get_label("nightshift").description
    assert "nothing to add" in said
    assert f"0 created, {len(LABELS)} were there" in said


async def test_what_was_cut_off_is_finished(installed: Installed) -> None:
    """A label that is missing, a form that was lost, a pull request that was never opened."""
    run(installed)
    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        repo.get_label("nightshift:stop").delete()
        mission = repo.get_contents("mission.md", ref=BRANCH)
        repo.delete_file("mission.md", "Oops", mission.sha, branch=BRANCH)

        said = run(installed)

        assert "added mission.md" in said
        assert "1 created" in said
        assert repo.get_contents("mission.md", ref=BRANCH).size > 100


async def test_after_the_merge_everything_is_there(installed: Installed) -> None:
    """With the branch still there, and without it."""
    run(installed)
    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        next(iter(repo.get_pulls())).merge()

        assert "mission and issue forms are there" in run(installed)

        repo.get_git_ref(f"heads/{BRANCH}").delete()

        assert "mission and issue forms are there" in run(installed)
        assert [] == list(repo.get_pulls())


async def test_a_closed_pull_request_is_a_persons_word(installed: Installed) -> None:
    """It is not opened anew until the branch is deleted."""
    run(installed)
    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        next(iter(repo.get_pulls())).edit(state="closed")

        with pytest.raises(Conflict, match="was closed") as caught:
            run(installed)

        assert f"delete the branch {BRANCH}" in caught.value.remedy
        repo.get_git_ref(f"heads/{BRANCH}").delete()
        assert "is open" in run(installed)


async def test_a_branch_of_somebody_else_is_left_alone(installed: Installed) -> None:
    """Its name is ours, its commits are not."""
    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        head = repo.get_branch("main").commit.sha
        repo.create_git_ref(f"refs/heads/{BRANCH}", head)

        with pytest.raises(Conflict, match="not of ours"):
            run(installed)

        assert head == repo.get_branch(BRANCH).commit.sha


@pytest.mark.parametrize(
    ("repo", "error", "said"),
    [
        ("alice/empty", RepositoryError, "push a first commit"),
        ("alice/elsewhere", Gone, "/apps/nightshift/installations/new"),
        ("alice/none", Gone, "/apps/nightshift/installations/new"),
        ("../x", UsageError, "no OWNER/REPO"),
    ],
)
async def test_a_refusal_names_the_next_step(
    installed: Installed, repo: str, error: type[Exception], said: str
) -> None:
    """Each in its own class."""
    with pytest.raises(error) as caught:
        run(installed, repo)

    assert said in str(caught.value)


async def test_without_the_permission_nothing_is_begun(twin: Twin, tmp_path: Path) -> None:
    """The refusal comes before the first write, and names where to accept more."""
    few = {"metadata": "read", "contents": "read"}
    made = await Installed(twin, tmp_path).plant(tmp_path, permissions=few)

    with pytest.raises(Rejected, match="may not write") as caught:
        run(made)

    assert "settings/installations" in caught.value.remedy
    with made.alice() as alice:
        repo = alice.get_repo(REPO)
        branches = [branch.name for branch in repo.get_branches()]
        assert (["main"], 0) == (branches, repo.get_labels().totalCount)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", [".*/git/commits", ".*/git/refs", ".*/pulls", ".*/labels"])
async def test_an_outage_is_got_over(installed: Installed, path: str, when: str) -> None:
    """Also one that in truth succeeded: the next run finishes, and nothing is there twice."""
    rule = {"method": "POST", "path": path, "status": 502, "body": "<html>", "when": when}
    await installed.twin.admin("POST", "faults", rule)
    with pytest.raises(Unavailable, match="502") as caught:
        run(installed)
    assert "try again" in caught.value.remedy

    run(installed)

    with installed.alice() as alice:
        repo = alice.get_repo(REPO)
        assert 1 == repo.get_pulls(state="all").totalCount
        assert len(LABELS) == repo.get_labels().totalCount
        assert 2 == repo.get_commits(sha=BRANCH).totalCount


async def test_a_limit_is_told(installed: Installed) -> None:
    """Nobody is kept waiting inside a call."""
    limit = {"message": "You have exceeded a secondary rate limit."}
    rule = {"path": ".*/parcel", "status": 403, "body": limit, "headers": {"retry-after": "900"}}
    await installed.twin.admin("POST", "faults", rule)

    with pytest.raises(RateLimited, match="secondary"):
        run(installed)


async def test_without_a_prefix_as_on_the_public_github(installed: Installed) -> None:
    """All the others ask below /api/v3, as an Enterprise Server serves it."""
    set_key(installed.config / "server.env", "NIGHTSHIFT_GITHUB_URL", installed.twin.url)

    assert "is open" in run(installed)


async def test_a_key_of_another_app_is_turned_down(installed: Installed) -> None:
    """With what to compare."""
    installed.app["private_key_pem"] = new_key()
    installed.write()

    with pytest.raises(Exception, match="401") as caught:
        run(installed)

    assert "settings page" in str(caught.value)


async def test_nothing_of_git_is_needed_here(installed: Installed, tmp_path: Path) -> None:
    """What was written can be cloned: real commits on a real branch."""
    run(installed)

    git(tmp_path, "clone", "-q", "-b", BRANCH, f"{installed.twin.url}/{REPO}", "clone")

    assert (tmp_path / "clone" / "mission.md").is_file()
