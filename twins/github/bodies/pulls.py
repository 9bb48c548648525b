"""Pull requests, reviews and review comments."""

from typing import Any

from twins.github.bodies.basics import account_body, iso, node_id, reactions_body, user_body
from twins.github.bodies.issues import association, label_body
from twins.github.bodies.milestones import milestone_body
from twins.github.bodies.repositories import repo_body, repo_path
from twins.github.guard import all_green, guard_of, lacking
from twins.github.links import Links
from twins.github.state import Issue, Pull, Repository, Review, ReviewComment, User

JsonObject = dict[str, Any]


def pull_of(issue: Issue) -> Pull:
    """Return the pull half of what the caller knows to be a pull request."""
    if issue.pull is None:
        raise LookupError(f"#{issue.number} is no pull request")
    return issue.pull


def brief_pull(links: Links, repo: Repository, issue: Issue) -> JsonObject:
    """Return a pull request as it appears in lists."""
    pull = pull_of(issue)
    path = f"{repo_path(repo)}/pulls/{issue.number}"
    thread = f"{repo_path(repo)}/issues/{issue.number}"
    page = links.html(f"/{repo.full_name}/pull/{issue.number}")
    return {
        "url": links.api(path),
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": links.api(thread),
        "number": issue.number,
        "state": issue.state,
        "locked": issue.locked,
        "title": issue.title,
        "user": account_body(links, issue.user),
        "body": issue.body,
        "created_at": iso(issue.created_at),
        "updated_at": iso(issue.updated_at),
        "closed_at": iso(issue.closed_at),
        "merged_at": iso(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": user_body(links, issue.assignees[0] if issue.assignees else None),
        "assignees": [account_body(links, user) for user in issue.assignees],
        "requested_reviewers": [account_body(links, user) for user in pull.requested_reviewers],
        "requested_teams": [],
        "labels": [label_body(links, repo, label) for label in issue.labels],
        "milestone": issue.milestone and milestone_body(links, repo, issue.milestone),
        "draft": pull.draft,
        "commits_url": links.api(f"{path}/commits"),
        "review_comments_url": links.api(f"{path}/comments"),
        "review_comment_url": links.api(f"{repo_path(repo)}/pulls/comments{{/number}}"),
        "comments_url": links.api(f"{thread}/comments"),
        "statuses_url": links.api(f"{repo_path(repo)}/statuses/{pull.head_sha}"),
        "head": _side(links, pull.head_repo, pull.head_owner, pull.head_ref, pull.head_sha),
        "base": _side(links, repo, repo.owner, pull.base_ref, pull.base_sha),
        "_links": _links(links, repo, issue, pull),
        "author_association": association(repo, issue.user),
        "auto_merge": _auto_merge(links, pull),
        "active_lock_reason": issue.lock_reason,
    }


def _auto_merge(links: Links, pull: Pull) -> JsonObject | None:
    if (wish := pull.auto_merge) is None:
        return None
    return {
        "enabled_by": account_body(links, wish.enabled_by),
        "merge_method": wish.method,
        "commit_title": wish.headline,
        "commit_message": wish.body,
    }


def _side(links: Links, repo: Repository | None, owner: User, ref: str, sha: str) -> JsonObject:
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": account_body(links, owner),
        "repo": None if repo is None else repo_body(links, repo),
    }


def _links(links: Links, repo: Repository, issue: Issue, pull: Pull) -> JsonObject:
    path = f"{repo_path(repo)}/pulls/{issue.number}"
    thread = f"{repo_path(repo)}/issues/{issue.number}"
    return {
        "self": {"href": links.api(path)},
        "html": {"href": links.html(f"/{repo.full_name}/pull/{issue.number}")},
        "issue": {"href": links.api(thread)},
        "comments": {"href": links.api(f"{thread}/comments")},
        "review_comments": {"href": links.api(f"{path}/comments")},
        "review_comment": {"href": links.api(f"{repo_path(repo)}/pulls/comments{{/number}}")},
        "commits": {"href": links.api(f"{path}/commits")},
        "statuses": {"href": links.api(f"{repo_path(repo)}/statuses/{pull.head_sha}")},
    }


def pull_body(links: Links, repo: Repository, issue: Issue) -> JsonObject:
    """Return a pull request in full."""
    pull = pull_of(issue)
    return {
        **brief_pull(links, repo, issue),
        "merged": pull.merged_at is not None,
        "mergeable": pull.mergeable,
        "rebaseable": pull.mergeable,
        "mergeable_state": _mergeable_state(repo, issue, pull),
        "merged_by": user_body(links, pull.merged_by),
        "comments": len(issue.comments),
        "review_comments": len(pull.review_comments),
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": 0,
        "additions": 0,
        "deletions": 0,
        "changed_files": 0,
        **pull.stats,
    }


pull_payload = pull_body


def _mergeable_state(repo: Repository, issue: Issue, pull: Pull) -> str:
    """Return the one word that sums up what stands between a pull request and its merge."""
    if issue.state == "closed" or pull.mergeable is None:
        return "unknown"
    if not pull.mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    guard = guard_of(repo, pull.base_ref)
    if lacking(repo, issue, pull, guard):
        return "blocked"
    if guard.strict and pull.base_sha != repo.refs.get(f"refs/heads/{pull.base_ref}"):
        return "behind"
    return "clean" if all_green(repo, pull.head_sha) else "unstable"


def review_body(links: Links, repo: Repository, issue: Issue, review: Review) -> JsonObject:
    """Return a review."""
    pull_url = links.api(f"{repo_path(repo)}/pulls/{issue.number}")
    page = links.html(f"/{repo.full_name}/pull/{issue.number}#pullrequestreview-{review.id}")
    body = {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": account_body(links, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": pull_url,
        "author_association": association(repo, review.user),
        "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
        "commit_id": review.commit_id,
    }
    if review.submitted_at is not None:
        body["submitted_at"] = iso(review.submitted_at)
    return body


def review_comment_body(
    links: Links, repo: Repository, issue: Issue, comment: ReviewComment
) -> JsonObject:
    """Return a remark on a line."""
    path = f"{repo_path(repo)}/pulls/comments/{comment.id}"
    pull_url = links.api(f"{repo_path(repo)}/pulls/{issue.number}")
    page = links.html(f"/{repo.full_name}/pull/{issue.number}#discussion_r{comment.id}")
    reply = {"in_reply_to_id": comment.in_reply_to} if comment.in_reply_to else {}
    return {
        "url": links.api(path),
        "pull_request_review_id": comment.review_id,
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "diff_hunk": comment.diff_hunk,
        "path": comment.path,
        "position": comment.position,
        "original_position": comment.position,
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
        "subject_type": "line" if comment.line else "file",
        "reactions": reactions_body(links, path, comment.reactions),
        "commit_id": comment.commit_id,
        "original_commit_id": comment.commit_id,
        "user": account_body(links, comment.user),
        "body": comment.body,
        "created_at": iso(comment.created_at),
        "updated_at": iso(comment.updated_at),
        "html_url": page,
        "pull_request_url": pull_url,
        "author_association": association(repo, comment.user),
        "_links": {
            "self": {"href": links.api(path)},
            "html": {"href": page},
            "pull_request": {"href": pull_url},
        },
        "line": comment.line,
        "original_line": comment.line,
        "side": comment.side,
        **reply,
    }
