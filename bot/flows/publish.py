"""Takes a coder's change as data, guards it again, and shows it as a pull request."""

from bot.adapters.forge import CheckText, Repository
from bot.adapters.missionfile import parse_mission
from bot.domain.run import Attempt, Run
from bot.errors import Rejected, TakenOver, Tampered
from bot.flows.server import Server, branch_of
from bot.policy.guards import inspect
from bot.policy.texts import CHECK_NAME, check_texts, pull_body, pull_title


async def publish(server: Server, run: Run, attempt: Attempt, bundle: str, base: str) -> int:
    """Import, guard, push, open or update the pull request; return its number. Repeatable."""
    repo = await server.forge.repository(run.issue.repo)
    await _take(server, run, attempt, bundle, base)
    await push_branch(server, repo, run, attempt.commit)
    number = await _open_pull(server, repo, run)
    await show_check(server, run, attempt.commit)
    return number


async def _take(server: Server, run: Run, attempt: Attempt, bundle: str, base: str) -> None:
    """Import the objects, and believe none of what was said about them.

    `base` is where we told the builder to start: a base of its own would bring its own rules.
    """
    git = await server.git(run.issue.repo)
    if not await git.has(attempt.commit):
        await git.import_bundle(await server.store.blob(bundle), wants=attempt.commit)
    if attempt.base != base or await git.parents(attempt.commit) != (base,):
        raise Tampered("the attempt does not stand on its base")
    if await git.tree(attempt.commit) != attempt.tree:
        raise Tampered("the attempt does not have the tree that was reported")
    raw = await git.read(base, "mission.md")
    if raw is None:
        raise Rejected("the base has no mission.md any more")
    mission = parse_mission(raw.decode("utf-8", "replace"))
    found = inspect(await git.diff(base, attempt.commit), mission)
    if found:
        raise Tampered(f"the attempt breaks the guard `{found[0].rule}` that it had passed")


async def push_branch(server: Server, repo: Repository, run: Run, commit: str) -> None:
    """Move our branch to the commit, over nothing but commits of our own."""
    branch = branch_of(run.issue.number)
    tip = await server.tip(repo.full_name, branch)
    if tip == commit:
        return
    if tip is not None and not await server.owns(repo.full_name, branch, tip):
        raise TakenOver(f"{branch} holds a commit of somebody else")
    await server.push(repo.full_name, branch, commit, expect=tip)


async def _open_pull(server: Server, repo: Repository, run: Run) -> int:
    branch = branch_of(run.issue.number)
    title, body = pull_title(run), pull_body(run)
    if run.pull is not None:
        await server.forge.update_pull(repo.full_name, run.pull, body=body)
        return run.pull

    async def look() -> int | None:
        found = await server.forge.find_pull(repo.full_name, branch)
        return found.number if found is not None and found.state == "open" else None

    async def make() -> int:
        pull = await server.forge.create_pull(
            repo.full_name, head=branch, base=repo.default_branch, title=title, body=body
        )
        return pull.number

    made = await server.store.effect(
        f"pull:{run.id}", "pull", {"branch": branch}, lookup=look, perform=make
    )
    return int(made)


async def show_check(server: Server, run: Run, commit: str, conclusion: str = "") -> None:
    """Put our check on a commit, or bring it up to date; without a conclusion it is in progress."""
    repo, (title, summary) = run.issue.repo, check_texts(run)
    shown = CheckText(title, summary, conclusion)

    async def look() -> int | None:
        found = await server.forge.find_check(repo, commit, CHECK_NAME, run.id)
        return found.id if found is not None else None

    fresh = False

    async def make() -> int:
        nonlocal fresh
        fresh = True
        return (await server.forge.create_check(repo, commit, CHECK_NAME, run.id, shown)).id

    made = await server.store.effect(
        f"check:{run.id}:{commit}", "check", {}, lookup=look, perform=make
    )
    if not fresh:
        await server.forge.update_check(repo, int(made), shown)
