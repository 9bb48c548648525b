"""Whether a repository's own words forbid what we do: changes that no person has written or read.

Projects write such rules in prose. A sentence counts when it both refuses and names the thing; a
sentence that merely asks for care, or for disclosure, does not.
"""

import re
from collections.abc import Mapping

FILES = (
    "AGENTS.md",
    "AI_POLICY.md",
    "CONTRIBUTING.md",
    ".github/AI_POLICY.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
)
"""Where such rules stand; a file that is not there forbids nothing."""
_REFUSES = re.compile(
    r"\b(?:(?:do(?:es)? not|don't|will not|won't|cannot|never|no longer)\s+(?:\w+\s+){0,2}"
    r"(?:accept|merge|allow|permit|take|let|use|welcome)"
    r"|(?:not|never) (?:accepted|allowed|permitted|welcome|merged)|unwelcome"
    r"|ban(?:s|ned)?|prohibit(?:s|ed)?|forbid(?:s|den)?|disallow(?:s|ed)?|reject(?:s|ed)?"
    r"|refuse[sd]?|closed without)\b",
    re.IGNORECASE,
)
_AI = (
    r"(?:ai|llms?|(?:ai|llm|coding|autonomous|unattended|unsupervised)[ -](?:agents?|bots?|tools?))"
)
_THING = re.compile(
    rf"\b(?:(?:ai|llm|agent|bot|machine)[- ](?:generated|written|authored|created|driven|assisted)"
    rf"|(?:made|written|generated|authored|created) (?:by|with) (?:an? )?{_AI}"
    rf"|use (?:of )?{_AI} to write"
    r"|(?:unattended|unsupervised|autonomous|fully[- ]automated)\s+(?:\w+\s+){0,2}"
    r"(?:agents?|bots?|contributions?|pull requests?|prs?|changes|code)"
    r"|(?:ai|llm|coding)\s+agents?)\b",
    re.IGNORECASE,
)
_EXCEPT = re.compile(
    r"\b(?:unless|except|without (?:disclos|saying|review|a human))", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n\s*[-*]\s+")
_SHOWN = 200


def forbidden(texts: Mapping[str, str]) -> str:
    """Return the file and sentence that forbid unattended agents; empty when none does."""
    for path, text in texts.items():
        for sentence in _SENTENCE.split(text):
            if _REFUSES.search(sentence) and _THING.search(sentence):
                if _EXCEPT.search(sentence):
                    continue
                return f"{path}: {' '.join(sentence.split())[:_SHOWN]}"
    return ""
