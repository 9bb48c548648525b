"""Untrusted text made harmless for the place where it is shown.

GitHub acts on text: it notifies people, links and closes issues, renders HTML, loads images and
skips checks.
Issue and model texts may do none of that. Three places, three functions: `inline` and `block` for
Markdown, `plain` for titles and commit messages, where Markdown means nothing.
"""

import html
import re
import unicodedata

_LIVE = re.compile(
    r"""@[\w-]          # a person or a team, whatever stands before: GitHub's words are ASCII alone
      | \#\w | \bGH-\d # an issue, here or elsewhere
      | :// | \bwww\.  # an address
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~-])")
_TRAILER = re.compile(
    r"^\s*(nightshift|signed-off|co-authored|reviewed|acked|skip-checks)[\w-]*\s*:", re.IGNORECASE
)
_NO_CI = re.compile(r"\[([^\[\]\n]*\b(?:skip|no)\b[^\[\]\n]*)\]", re.IGNORECASE)
"""https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs"""
_KEPT = "\n\t"


def visible(text: str) -> str:
    """Drop what a reader cannot see: control, bidirectional, zero-width and tag characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in _KEPT or unicodedata.category(c)[0] != "C")


def cut(text: str, limit: int) -> str:
    """Shorten a text, and say that it was shortened."""
    return text if len(text) <= limit else text[: max(0, limit - 2)].rstrip() + " …"


def defuse(text: str) -> str:
    """Break what closes issues, notifies people, links or skips checks, where no code span does."""
    text = _NO_CI.sub(r"(\1)", text)
    text = re.sub(r"(?<=[#@])(?=[\w/])", " ", text)
    text = re.sub(r"\b(GH)-(?=\d)", r"\1 ", text, flags=re.IGNORECASE)
    return re.sub(r"://", ": //", text)


def plain(text: str, limit: int = 200) -> str:
    """Return one line for a title or a commit subject."""
    return cut(" ".join(defuse(visible(text)).split()), limit)


def inline(text: str, limit: int = 500) -> str:
    """Return one line of Markdown that shows the text and does nothing else.

    A word in which anything is live becomes code as a whole: what is left of a word that was taken
    apart could come to life by it.
    """
    line = _unclosing(cut(" ".join(visible(text).split()), limit))
    return " ".join(code(word) if _LIVE.search(word) else _escaped(word) for word in line.split())


def code(text: str, limit: int = 200) -> str:
    """Return a code span that fits a table; nothing inside is read as anything else."""
    line = cut(" ".join(visible(text).split()), limit).replace("`", "'").replace("|", "¦") or " "
    return f"`{_unclosing(line)}`"


def block(text: str, limit: int = 4000) -> str:
    """Return a fenced block that the text cannot leave."""
    body = _unclosing(cut(visible(text).strip("\n"), limit))
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def paragraph(text: str, limit: int = 1500) -> str:
    """Return lines for the body of a commit message, unable to pose as its trailers."""
    lines = [line.rstrip() for line in cut(defuse(visible(text)).strip(), limit).split("\n")]
    return "\n".join(f"> {line}" if _TRAILER.match(line) else line for line in lines)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(text, quote=False))


def _unclosing(text: str) -> str:
    """Break closing keywords even inside code: not every reader of a text honours code."""
    keyword = (
        r"\b(clos(?:e[sd]?|ing)|fix(?:e[sd])?|resolv(?:e[sd]?|ing))\b(:?\s+)(?=\S*(?:#|GH-|://))"
    )
    return re.sub(keyword, r"\1 issue\2", text, flags=re.IGNORECASE)
