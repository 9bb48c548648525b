"""Whether a repository's own words forbid what we do: changes that no person has written or read.

Projects write such rules in prose. A sentence counts when it refuses contributions and names who
made them, or when it wants a person to have written or read each. One that only asks for disclosure
does not. It stays a guess: `unattended: allowed` in the mission, by the same owners, ends it.
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
_NOT = (
    r"(?:do(?:es)? not|don't|will not|won't|can(?:not| not|'t)|may not|must not|shall not"
    r"|should not|never|no longer)"
)
_TAKE = (
    r"(?:accept|merge|allow|permit|take|let|use|welcome|tolerate|submit|open|create|send|post"
    r"|contribute|include|contain|commit)"
)
_PADDING = r"(?:(?:currently|ever|yet|knowingly|generally|want|wish|to|any)\s+){0,3}"
_REFUSES = re.compile(
    rf"\b(?:{_NOT}\s+{_PADDING}(?:{_TAKE}|be {_TAKE}(?:t?ed|d)|be used)"
    r"|(?:not|never) (?:accepted|allowed|permitted|welcome|merged|wanted)|unwelcome"
    r"|(?<!not )(?<!never )(?:ban(?:s|ned)?|prohibit(?:s|ed)?|forbid(?:s|den)?|disallow(?:s|ed)?"
    r"|reject(?:s|ed)?|refuse[sd]?|decline[sd]?)"
    r"|closed without|will be (?:closed|removed|rejected))\b",
    re.IGNORECASE,
)
_AI = (
    r"(?:a\.?i\.?|artificial intelligence|llms?|language models?|chatgpt|copilot|claude|gemini"
    r"|codex|cursor|chatbots?|machine[- ]generated|generative models?"
    r"|(?:opened|created|submitted|made|sent|written|generated) by (?:\w+ )?bots?"
    r"|bots? (?:may|must|shall|should) not|bots? from"
    r"|(?:coding|autonomous|automated|software) (?:agents?|assistants?|tools?))"
)
_UNATTENDED = re.compile(
    r"\b(?:unattended|unsupervised|autonomous|fully[- ]automated)\s+(?:\w+\s+){0,2}"
    r"(?:agents?|bots?|contributions?|pull requests?|prs?|changes|code)\b",
    re.IGNORECASE,
)
_BY_AI = re.compile(rf"\b{_AI}\b", re.IGNORECASE)
_WORK = re.compile(
    r"\b(?:contribut\w*|(?:pull|merge)[- ]requests?|prs?|patch(?:es)?|code|commits?|committed"
    r"|content|changes?|submissions?|issues?)\b",
    re.IGNORECASE,
)
_NONE_OF_IT = re.compile(rf"^\W*no (?:more |fully |purely )?(?:un\w+ )?{_AI}\b", re.IGNORECASE)
_PEOPLE_ONLY = re.compile(
    r"\b(?:must|has to|have to|needs? to) (?:be|have been) (?:written|authored|made|read|reviewed"
    r"|approved) by (?:a |an |another |at least one |real )*(?:human|person|people)",
    re.IGNORECASE,
)
_ONLY_ASKS = re.compile(
    r"\b(?:unless|except|without)\b.*\b(?:disclos|say|label|mark|mention|attribut)", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|;|\n\s*\n|\n\s*[-*#]+\s+")
_SHOWN = 200


def forbidden(texts: Mapping[str, str]) -> str:
    """Return the file and sentence that forbid unattended agents; empty when none does."""
    for path, text in texts.items():
        for sentence in _SENTENCE.split(text):
            said = " ".join(sentence.split())
            if _forbids(said):
                return f"{path}: {said[:_SHOWN]}"
    return ""


def _forbids(sentence: str) -> bool:
    if _ONLY_ASKS.search(sentence):
        return False
    about_work = bool(_WORK.search(sentence))
    if _PEOPLE_ONLY.search(sentence):
        return about_work
    refuses = bool(_REFUSES.search(sentence) or re.match(r"\W*no\b", sentence, re.IGNORECASE))
    if refuses and _UNATTENDED.search(sentence):
        return True
    if not about_work:
        return False
    return bool(_NONE_OF_IT.search(sentence) or (refuses and _BY_AI.search(sentence)))
