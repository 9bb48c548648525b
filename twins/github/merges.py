"""Merging a pull request: merge commit, squash or rebase, with real parents."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.pulls import pull_of
from twins.github.body import Body
from twins.github.commit_log import LogEntry, log
from twins.github.git_store import ZERO, GitStore, Person
from twins.github.governance import Settings
from twins.github.guard import UNAUTHORIZED, guard_of, lacking, violation
from twins.github.hub import Context, web_flow
from twins.github.problem import Problem, not_found
from twins.github.pull_changes import mark_merged
from twins.github.pulls import pull_issue
from twins.github.pushes import observe
from twins.github.state import Issue, Repository

MERGE = "/repos/{owner}/{repo}/pulls/{number}/merge"
HEADS = "refs/heads/"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [Operation("GET", MERGE, is_merged), Operation("PUT", MERGE, merge)]


def is_merged(call: Call) -> Reply:
    """Answer 204 when merged, 404 when not."""
    if pull_of(pull_issue(call)).merged_at is None:
        raise not_found()
    return Reply(204)


def merge(call: Call) -> Reply:
    """Merge; 405 when it cannot be, 409 when the head is not the one the caller saw."""
    issue = pull_issue(call, "write", permission="contents")
    repo, context, body = call.repo(), call.context, call.body()
    pull = pull_of(issue)
    if issue.state == "closed" or pull.draft:
        raise Problem(405, "Pull Request is not mergeable")
    if body.text("sha", pull.head_sha) != pull.head_sha:
        raise Problem(409, "Head branch was modified. Review and try the merge again.")
    method = body.choice("merge_method", ("merge", "squash", "rebase"), "merge")
    _check_rules(call, repo, issue, method)
    commit = land(context, repo, issue, body, method)
    return Reply(
        body={"sha": commit, "merged": True, "message": "Pull Request successfully merged"}
    )


def land(context: Context, repo: Repository, issue: Issue, body: Body, method: str) -> str:
    """Merge in git, tell of it and drop the branch if that is set; return the new tip."""
    commit = _land(context, repo, issue, body, method)
    if pull_of(issue).head_repo is repo:
        _drop_branch(context, repo, pull_of(issue).head_ref)
    return commit


def _check_rules(call: Call, repo: Repository, issue: Issue, method: str) -> None:
    """Refuse what the settings or the branch's guard do not let in."""
    pull, settings = pull_of(issue), repo.settings
    allowed = {
        "merge": settings.allow_merge_commit,
        "squash": settings.allow_squash_merge,
        "rebase": settings.allow_rebase_merge,
    }
    if not allowed[method]:
        noun = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
        raise Problem(405, f"{noun[method]} are not allowed on this repository.")
    guard = guard_of(repo, pull.base_ref, call.actor)
    if guard.shut:
        raise Problem(405, UNAUTHORIZED)
    if guard.linear and method == "merge":
        raise Problem(405, violation(guard, "This branch must not contain merge commits."))
    said = lacking(repo, issue, pull, guard)
    if guard.strict and not call.hub.git.is_ancestor(
        repo.path, repo.refs[HEADS + pull.base_ref], pull.head_sha
    ):
        said.append("The head branch is not up to date with the base branch.")
    if said:
        raise Problem(405, violation(guard, " ".join(said)))


def _drop_branch(context: Context, repo: Repository, branch: str) -> None:
    """Delete the head branch when the repository is set to do so."""
    ref = HEADS + branch
    guarded = branch == repo.default_branch or not guard_of(repo, branch).deletions
    if repo.settings.delete_branch_on_merge and ref in repo.refs and not guarded:
        context.hub.git.update_ref(repo.path, ref, ZERO, repo.refs[ref])
        observe(context, repo)


def _land(context: Context, repo: Repository, issue: Issue, body: Body, method: str) -> str:
    pull, git = pull_of(issue), context.hub.git
    ref = HEADS + pull.base_ref
    tip = repo.refs[ref]
    tree = git.merged_tree(repo.path, tip, pull.head_sha)
    if tree is None:
        raise Problem(405, "Pull Request is not mergeable")
    title, text = body.text("commit_title"), body.text("commit_message")
    if method == "rebase":
        commit = _rebased(git, repo, tip, pull.head_sha, web_flow(context.now))
    else:
        commits = log(git, repo.path, "--reverse", pull.head_sha, f"^{tip}")
        said = _merge_words if method == "merge" else _squash_words
        head, rest = said(repo.settings, issue, commits)
        # An empty title or message means GitHub's own, as when none is given.
        full = "\n\n".join(filter(None, (title or head, text or rest)))
        parents = [tip, pull.head_sha] if method == "merge" else [tip]
        committer = web_flow(context.now)
        commit = git.commit_tree(
            repo.path, tree, parents, full, author=context.person, committer=committer
        )
    git.update_ref(repo.path, ref, commit, tip)
    if method == "merge":
        observe(context, repo)  # finds the head reachable and marks it merged
    else:
        _mark_then_tell(context, repo, issue, commit)
    return commit


def _mark_then_tell(context: Context, repo: Repository, issue: Issue, commit: str) -> None:
    """Tell of a squash or rebase, which git alone does not show to be a merge."""
    mark_merged(context, repo, issue, commit)
    observe(context, repo)


def _merge_words(settings: Settings, issue: Issue, _: list[LogEntry]) -> tuple[str, str]:
    """Return title and text of a merge commit as the repository wants them."""
    pull = pull_of(issue)
    title = f"Merge pull request #{issue.number} from {pull.head_owner.login}/{pull.head_ref}"
    if settings.merge_commit_title == "PR_TITLE":
        title = f"{issue.title} (#{issue.number})"
    texts = {"PR_BODY": issue.body or "", "PR_TITLE": issue.title, "BLANK": ""}
    return title, texts[settings.merge_commit_message]


def _squash_words(settings: Settings, issue: Issue, commits: list[LogEntry]) -> tuple[str, str]:
    """Return title and text of a squash; one commit alone may speak for itself."""
    title, text = issue.title, "\n\n".join(f"* {commit.message}" for commit in commits)
    if settings.squash_merge_commit_title == "COMMIT_OR_PR_TITLE" and len(commits) == 1:
        title, _, text = commits[0].message.partition("\n\n")
    texts = {"PR_BODY": issue.body or "", "COMMIT_MESSAGES": text, "BLANK": ""}
    return f"{title} (#{issue.number})", texts[settings.squash_merge_commit_message]


def _rebased(git: GitStore, repo: Repository, onto: str, head: str, committer: Person) -> str:
    """Replay each commit; merge-tree takes its base from ancestry, so a stand-in base is written.

    Newer git has an option for that; this works from 2.38 on.
    """
    tip = onto
    for entry in log(git, repo.path, "--reverse", "--no-merges", head, f"^{onto}"):
        base = _bare(git, repo, f"{entry.parents[0]}^{{tree}}", [], committer)
        ours = _bare(git, repo, f"{tip}^{{tree}}", [base], committer)
        theirs = _bare(git, repo, entry.tree, [base], committer)
        tree = git.merged_tree(repo.path, ours, theirs)
        if tree is None:
            raise Problem(405, "This branch can't be rebased")
        author = Person(entry.author.name, entry.author.email, entry.author.at)
        tip = git.commit_tree(
            repo.path, tree, [tip], entry.message, author=author, committer=committer
        )
    return tip


def _bare(git: GitStore, repo: Repository, tree: str, parents: list[str], person: Person) -> str:
    return git.commit_tree(repo.path, tree, parents, "base", author=person, committer=person)
