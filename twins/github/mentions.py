"""Who is mentioned: `@login` in what people wrote, and not in code."""

import re

from twins.github.state import Issue

# Fenced and inline code, inside which an @ is only an @.
CODE = re.compile(r"^(```|~~~).*?^\1|(`+)[^`].*?\2", re.DOTALL | re.MULTILINE)


def mentions(issue: Issue, login: str) -> bool:
    """Tell whether title, body, a comment or a review mentions somebody."""
    texts = [issue.title, issue.body or "", *(one.body for one in issue.comments)]
    if issue.pull is not None:
        texts += [one.body for one in issue.pull.reviews]
        texts += [one.body for one in issue.pull.review_comments]
    # Neither an address nor the beginning of a longer login.
    wanted = re.compile(rf"(?<![\w@./`-])@{re.escape(login)}(?![\w-])", re.IGNORECASE)
    return any(wanted.search(CODE.sub(" ", text)) for text in texts)
