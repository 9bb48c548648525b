"""The words and signs by which an issue tells what it wishes, what it saw and what it ran."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from twins.anthropic.search.engine.shapes import Polarity

EXPECT = re.compile(
    r"\b(expect(?:ed|s|ing|ation)?|should|must|ought|want(?:ed|s)?|supposed|needs? to|has to"
    r"|correct|right (?:answer|value|result)|desired|intended)\b",
    re.IGNORECASE,
)
ACTUAL = re.compile(
    r"\b(actual(?:ly)?|got|gets?|gives?|gave|returns?|returned|prints?|printed|produces?|produced"
    r"|currently|observed|shows?|outputs?|yields?|is|was|were|are|comes? out|came out|computes?"
    r"|reports?|reported|evaluates|results?|raises?|raised|throws?|crash(?:es|ed)?|fails?|failed"
    r"|wrong(?:ly)?|incorrect(?:ly)?|today|now|instead|see|says)\b",
    re.IGNORECASE,
)
FLIP = re.compile(
    r"\b(instead of|rather than|in place of|as opposed to|not|never)\b[^.;]{0,30}$", re.IGNORECASE
)
SAME = re.compile(r"\b(equal|equals|same as|identical to|match(?:es)?)\b", re.IGNORECASE)
RAISE = re.compile(
    r"\b(rais|throw|crash|fail|blow|reject|traceback|error|died|dies)", re.IGNORECASE
)
EXIT = re.compile(
    r"\bexit(?:s|ed|ing)?\b[^.`]{0,20}?(?:code|status|with)?\s*(?:of|is|was|with|code|status|:|=)*"
    r"\s*`?(\d{1,3})\b",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"^`?\s+(?:(?:is|was|would be)\s+)?(?:the\s+)?(?:expected|correct|right|wanted)\b"
    r"(?!\W*[\d`'\"])",
    re.IGNORECASE,
)
FIRM = re.compile(r"\b(actual|got|but|instead|currently|observed|wrong|today|now)", re.IGNORECASE)
DATA = re.compile(r"^\s*(expected|actual|got|output|result)\b[^=(]*:", re.IGNORECASE)
LABEL = re.compile(
    r"^[\s*_#>\-+\d.)]*(?P<word>expected|expect|actual|actually|got|should be|should print|should"
    r" return|should give|wanted|want|output|result|observed|correct|prints|returns|instead|now"
    r"|today|currently)\b(?P<more>[^:=`]{0,40})[*_]*[:=][*_]*\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
BARE = re.compile(
    r"(?<![\w.$%/-])(?P<value>-?\d+(?:[.,]\d+)*(?:\.\d+)?|None|True|False|nothing|'[^'\n]*'"
    r"|\"[^\"\n]*\"|\[[^\]\n]*\]|\([^()\n]*,[^()\n]*\)|\{[^}\n]*\}|Decimal\([^)\n]*\)"
    r"|(?:[A-Z]\w*)?(?:Error|Exception))(?![\w])"
)
FILLER = re.compile(
    r"(?:^|\b|[:=>→])\s*(?:to be|to equal|to return|to give|equal to|be|return|returning|give|print"
    r"|yield|an?|the|value|of|exactly|about|as|with|in|raise|it|to|result|output|error|answer"
    r"|[:=>→,(\-])*\s*$",
    re.IGNORECASE,
)
HOPE = re.compile(
    r"\b(?:expect(?:ed|s|ing)?|want(?:ed|s)?|would like|supposed|should|ought)\b[^.;!?]*$",
    re.IGNORECASE,
)
"""Before a call: what is said of it next is a wish, unless a "but" comes between."""
_VERBS = r"(?:be|equal|return|give|yield|produce|print|output|show|raise|evaluate to|result in)"
TO_BE = re.compile(
    rf"^\s*(?:to {_VERBS}|(?:is|equals|returns|gives|yields|prints))\b", re.IGNORECASE
)
"""After a call whose value was hoped for: "expected `f(3)` to return"."""
TO_BARE = re.compile(rf"`\s+to {_VERBS}\s+$", re.IGNORECASE)
MINE = re.compile(
    r"^`?\s+(?:for me|here|on my \w+|at the moment|right now|currently|at present)\b", re.IGNORECASE
)
JOINED = re.compile(r"^\s*(?:,|/|and|, and|,? ?respectively)\s*$", re.IGNORECASE)
ARROW = re.compile(r"\s*(?:->|=>|→|⇒|~>)\s*")
SPAN = re.compile(r"(`+)(.+?)\1")
SHELL_LANGUAGES = {
    "console",
    "shell",
    "sh",
    "bash",
    "shell-session",
    "shellsession",
    "zsh",
    "text",
}
PYTHON_LANGUAGES = {"python", "py", "python3", "pycon", ""}
MUTATORS = {
    "add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "insert",
    "intersection_update", "next", "pop", "popitem", "popleft", "push", "put", "remove", "reverse",
    "rotate", "setdefault", "sort", "symmetric_difference_update", "update", "write",
}  # fmt: skip
VALUE_CALLS = {"Decimal", "Fraction", "date", "datetime", "timedelta", "set", "frozenset", "dict"}


def polarity_of(before: str, after: str = "", previous: Polarity | None = None) -> Polarity:
    """Say from the words around a value whether it is wished for, seen, or just stated."""
    if AFTER.match(after):
        return "expected"
    if FLIP.search(before):
        if previous in {"actual", "neutral"} and not EXPECT.search(before):
            return "expected"
        return "actual"
    expects = [match.start() for match in EXPECT.finditer(before)]
    if expects and not re.search(r"\bbut\b(?!.*\b(?:should|expect))", before[expects[-1] :]):
        return "expected"
    return "actual" if ACTUAL.search(before) or MINE.match(after) else "neutral"


def is_hoped(lead: str, words: str) -> bool:
    """Tell whether "expected", said before a call, is about the value that follows it."""
    return bool(HOPE.search(lead) and TO_BE.match(words)) and polarity_of(lead) == "expected"


def expression(text: str) -> ast.expr | None:
    """Parse one Python expression, or return None."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def has_call(text: str) -> bool:
    """Tell whether the text is an expression that calls something of the product."""
    tree = expression(text)
    if tree is None:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else bare_name(node.func)
            if name not in VALUE_CALLS:
                return True
    return False


def mutates(text: str, setup: Iterable[str]) -> bool:
    """Tell whether a call most likely changes something that the setup has bound.

    What an issue does to an object before it looks at it belongs to the setup, else the look
    fails for want of the act and the search hunts in lines that are right.
    """
    tree = expression(text)
    if not isinstance(tree, ast.Call):
        return False
    name = tree.func.attr if isinstance(tree.func, ast.Attribute) else bare_name(tree.func)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return name in MUTATORS and bool(used & _assigned(setup))


def _assigned(setup: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for text in setup:
        try:
            nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError):
            continue
        names |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names


def split_comment(line: str) -> tuple[str, str]:
    """Take a trailing comment off a piece of Python; a `#` inside a string stays."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT and token.end[1] == len(line.rsplit("\n", 1)[-1]):
                cut = len(line) - len(token.string)
                return line[:cut].rstrip(), token.string.lstrip("#")
    except (tokenize.TokenError, IndentationError):
        # A line of a statement that goes on: its comment, if any, has been seen by then.
        return line, ""
    return line, ""


def bare_name(node: ast.expr) -> str:
    """Return the id of a name, nothing for any other expression."""
    return node.id if isinstance(node, ast.Name) else ""


def is_command(text: str) -> bool:
    """Tell whether a line looks like a command of the product, not like prose or a value."""
    line = text.strip().removeprefix("$ ")
    if re.match(r"^(?:[A-Z_]+=\S+ )*python[\d.]* +(?:-m +)?[\w./-]+", line):
        return True
    return bool(re.match(r"^(?:echo|printf) .*\| *(?:python[\d.]* -m )?[a-z][\w-]*", line))


def is_exception(text: str) -> bool:
    """Tell whether a text names an exception class."""
    return bool(
        re.fullmatch(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)", text)
    )


def bare_values(
    text: str, taken: Iterable[tuple[int, int]], *, first: bool
) -> Iterator[tuple[int, int, str, bool]]:
    """Find literals outside code spans, if a word such as "expected" or "got" leads to them."""
    spans = list(taken)
    for match in BARE.finditer(text):
        if any(left <= match.start() < right for left, right in spans):
            continue
        lead = text[max(0, match.start() - 45) : match.start()]
        gap = FILLER.search(lead)
        head = lead[: gap.start()] if gap else lead
        near = head[-22:]
        cue = FLIP.search(lead) or re.search(
            rf"(?:{EXPECT.pattern}|{ACTUAL.pattern}|code|status)\W*$", near, re.IGNORECASE
        )
        said = AFTER.match(text[match.end() : match.end() + 25])
        opening = first and not text[: match.start()].strip(" #:=>→-")
        hoped = TO_BARE.search(lead) and EXPECT.search(text[: match.start()])
        if cue or said or opening or hoped:
            yield match.start(), match.end(), match["value"], False


def has_data(text: str) -> bool:
    """Tell whether labelled lines such as `Expected: 4` stand in the block."""
    return any(DATA.match(line) for line in text.split("\n"))


def is_print(node: ast.stmt) -> bool:
    """Tell whether a statement is a call of print."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and bare_name(node.value.func) == "print"
    )
