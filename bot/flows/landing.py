"""The moment main moves: to exactly the permitted commit, or, where rules forbid that, to its tree.

Direct: a fast-forward push of the commit that was judged. Where the repository forbids direct
pushes, GitHub merges the pull request instead: same verdict, the head's exact commit demanded, and
the tree compared afterwards, because the commit is then GitHub's own.
"""

from bot.adapters.forge import Repository
from bot.adapters.store import Landing
from bot.domain.run import Run
from bot.errors import Conflict, Protected, TakenOver, Tampered
from bot.flows.people import wanted
from bot.flows.publish import show_check
from bot.flows.server import Server, branch_of
from bot.policy.authorise import Permit

_METHODS = ("squash", "rebase", "merge")
"""In this order: the first suits linear history and signed commits, and keeps our message."""


async def land(server: Server, run: Run, permit: Permit) -> str:
    """Move main, read it back, record it; nothing is returned when it could not be moved now.

    Repeatable: what a cut-off try has done already is found. Raises Protected when no way is open.
    """
    repo = await server.forge.repository(run.issue.repo)
    if await (await server.git(repo.full_name)).tree(permit.commit) != permit.tree:
        raise Tampered("the commit to land does not have the validated tree")
    landed = await _already(server, repo, run, permit) or await _now(server, repo, run, permit)
    if landed:
        await _read_back(server, repo, permit, landed)
        await server.store.record_landing(
            Landing(repo.full_name, permit.base, landed, permit.tree, permit.verdict_id, run.id)
        )
    return landed


async def _already(server: Server, repo: Repository, run: Run, permit: Permit) -> str:
    """Return what a cut-off try has landed; asked first, since landing closes the issue."""
    if await _contains(server, repo, permit.commit):
        return permit.commit
    return await _merged(server, repo, run, permit)


async def _now(server: Server, repo: Repository, run: Run, permit: Permit) -> str:
    """Land, unless people have changed their mind: what was recorded as wanted may be days old."""
    if await wanted(server, run) or await server.store.paused():
        return ""
    branch = branch_of(run.issue.number)
    tip = await server.tip(repo.full_name, branch)
    if tip is not None and tip != permit.commit:
        raise TakenOver(f"{branch} was moved to {tip[:12]}, which is not what was judged")
    await show_check(server, run, permit.commit, "success")
    try:
        return await _push(server, repo, permit)
    except Protected as rule:
        return await _merge(server, repo, run, permit, rule)


async def _push(server: Server, repo: Repository, permit: Permit) -> str:
    try:
        await server.push(
            repo.full_name, repo.default_branch, permit.commit, expect=permit.base, forward=True
        )
    except Conflict:
        # A push of a server that was killed can still arrive.
        return permit.commit if await _contains(server, repo, permit.commit) else ""
    return permit.commit


async def _merged(server: Server, repo: Repository, run: Run, permit: Permit) -> str:
    """Return what a try that was cut off has merged, if that is what was judged."""
    if run.pull is None:
        return ""
    pull = await server.forge.pull(repo.full_name, run.pull)
    ours = pull.merged and pull.head_sha == permit.commit
    return (
        pull.merge_commit if ours and await _same(server, repo, permit, pull.merge_commit) else ""
    )


async def _merge(
    server: Server, repo: Repository, run: Run, permit: Permit, rule: Protected
) -> str:
    """Let GitHub merge the pull request, by the first method that the repository allows."""
    if run.pull is None:
        raise rule
    if await server.tip(repo.full_name, repo.default_branch) != permit.base:
        return ""  # proven on another main: the next lap proves it anew
    message = await (await server.git(repo.full_name)).message(permit.commit)
    title, _, body = message.partition("\n")
    refused: list[str] = []
    for method in _METHODS:
        try:
            return await server.forge.merge(
                repo.full_name,
                run.pull,
                sha=permit.commit,
                method=method,
                title=title,
                body=body.strip(),
            )
        except Conflict:  # the head has moved: the next lap sees whose commit it is
            return ""
        except Protected as no:
            refused.append(no.what)
    raise Protected(f"{rule.what}; {'; '.join(dict.fromkeys(refused))}")


async def _read_back(server: Server, repo: Repository, permit: Permit, landed: str) -> None:
    """Make sure that main holds what was judged, and nothing else beside it."""
    tip = await server.tip(repo.full_name, repo.default_branch)
    if tip != landed and not await _contains(server, repo, landed):
        raise await _frozen(server, repo, f"it reads {tip}, landed was {landed}")
    if landed != permit.commit and not await _same(server, repo, permit, landed):
        told = f"GitHub made {landed} of {permit.commit}: another tree, or on another main"
        raise await _frozen(server, repo, told)


async def _same(server: Server, repo: Repository, permit: Permit, made: str) -> bool:
    """Whether a commit of GitHub's has the judged tree, and stands on the main it was judged on."""
    await server.fetch(repo)
    git = await server.git(repo.full_name)
    if not await git.has(made):
        return False
    on = (await git.parents(made))[:1]
    return await git.tree(made) == permit.tree and on == (permit.base,)


async def _contains(server: Server, repo: Repository, commit: str) -> bool:
    tip, git = await server.fetch(repo), await server.git(repo.full_name)
    return await git.has(commit) and await git.is_ancestor(commit, tip)


async def _frozen(server: Server, repo: Repository, means: str) -> Tampered:
    """Hold everything, since something moves main that nobody here knows of."""
    what = "main is not what was just landed"
    await server.store.pause(f"landing in {repo.full_name}", f"{what}: {means}")
    return Tampered(
        what,
        means=means,
        remedy="everything is paused: look, revert what is wrong, then `nightshift resume`",
    )
