"""People on the GitHub twin: they file issues, and a maintainer releases them."""

import contextlib
from collections.abc import Iterator, Sequence

from github import Auth, Github

from bot.policy.control import steers
from bot.stage.stage import Stage
from twins.worlds.world import Issue, Person, World


def file_issues(stage: Stage, issues: Sequence[Issue], repository: str = "") -> list[int]:
    """Let people file the issues and the maintainer release them; return the numbers.

    All are PyGithub clients of the twin.
    """
    return file_at(stage.github.url, stage.world, issues, repository)


def file_at(url: str, world: World, issues: Sequence[Issue], repository: str = "") -> list[int]:
    """File the issues on the twin at this URL.

    Only labels that somebody with write permission has set steer Nightshift, so the maintainer
    sets those, once everything is filed.
    """
    full_name = repository or world.repository.full_name
    numbers = []
    for issue in issues:
        with as_person(url, world.person(issue.author)) as client:
            plain = [label for label in issue.labels if not steers(label)]
            repo = client.get_repo(full_name)
            made = repo.create_issue(title=issue.title, body=issue.body, labels=plain)
            numbers.append(made.number)
    with as_person(url, world.maintainer) as client:
        repo = client.get_repo(full_name)
        for number, issue in zip(numbers, issues, strict=True):
            if steering := [label for label in issue.labels if steers(label)]:
                repo.get_issue(number).add_to_labels(*steering)
    return numbers


@contextlib.contextmanager
def as_person(url: str, person: Person) -> Iterator[Github]:
    """Open GitHub as one person sees it."""
    client = Github(
        auth=Auth.Token(person.token),
        base_url=url,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    try:
        yield client
    finally:
        client.close()
