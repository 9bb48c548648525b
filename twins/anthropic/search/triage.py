"""Triage by words: an issue belongs to the clause of the mission with which it shares most.

No meaning is understood. Words are stemmed lightly and weighed by how rare they are among the
mission's clauses; a clause that excludes things wins only with a margin.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from twins.anthropic.search.prompt import JsonObject, Prompt

Side = Literal["in", "out", "rule", "goal"]
LABEL = "Search brain, not a language model"
TITLE_WEIGHT = 1.6
MARGIN = 1.15
LEAST = 0.9
FEWEST_WORDS = 4
ALIKE = 0.9
QUESTION = "What did you run, what came out, and what should have come out?"

_OUT = re.compile(r"out[- ]of[- ]scope|non[- ]?goals?|not in scope|will not|won't|excluded|never")
_IN = re.compile(r"in[- ]scope|\bscope\b|wanted|features?|what (?:it|we) do")
_RULES = re.compile(r"rules?|constraints?|conventions?|quality")
_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "into",
        "is",
        "are",
        "was",
        "be",
        "been",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "as",
        "if",
        "then",
        "than",
        "so",
        "not",
        "no",
        "never",
        "nor",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "can",
        "could",
        "should",
        "would",
        "will",
        "may",
        "might",
        "must",
        "we",
        "you",
        "i",
        "they",
        "he",
        "she",
        "our",
        "your",
        "their",
        "my",
        "me",
        "us",
        "there",
        "here",
        "when",
        "where",
        "what",
        "which",
        "who",
        "how",
        "why",
        "all",
        "any",
        "each",
        "every",
        "some",
        "more",
        "most",
        "other",
        "only",
        "own",
        "same",
        "too",
        "very",
        "just",
        "also",
        "please",
        "issue",
        "bug",
        "add",
        "make",
        "get",
        "use",
        "using",
        "used",
        "user",
        "users",
        "one",
        "two",
        "new",
        "want",
        "like",
        "need",
        "anything",
        "else",
        "expected",
        "actual",
        "instead",
        "return",
        "returns",
        "value",
        "example",
    ]
)
_ENDINGS = ("ization", "isation", "ations", "ation", "ingly", "ments", "ment", "ness", "ings",
            "ing", "ied", "ies", "edly", "ed", "ers", "er", "ly", "es", "s")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """One line of the mission that can be cited."""

    text: str
    side: Side
    words: frozenset[str]


def judge(prompt: Prompt) -> str:
    """Return the triage answer as JSON text, with the properties that were asked for."""
    answer: JsonObject = {"decision": "accept", "clause": "", "reason": "", "question": "",
                          "duplicate_of": None}  # fmt: skip
    answer |= _decide(prompt)
    answer["reason"] = f"{LABEL}: {answer['reason']}"
    properties = prompt.properties or {}
    answer = {name: answer.get(name, _blank(properties[name])) for name in properties}
    return json.dumps(answer)


def _blank(schema: Any) -> object:  # noqa: ANN401 - any JSON schema
    kind = schema.get("type") if isinstance(schema, dict) else None
    kinds = kind if isinstance(kind, list) else [kind]
    if "null" in kinds:
        return None
    return {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}.get(
        str(kinds[0]), ""
    )


def _decide(prompt: Prompt) -> JsonObject:
    issue = prompt.issue
    title, body = str(issue.get("title") or ""), str(issue.get("body") or "")
    clauses = clauses_of(prompt.section("mission"))
    best = {side: _best(clauses, side, title, body) for side in ("in", "goal", "out")}
    wanted, cited = max(best["in"], best["goal"], key=lambda each: each[0])
    clause = cited or best["goal"][1] or (clauses[0] if clauses else None)
    answer: JsonObject = {"decision": "accept", "clause": clause.text if clause else ""}
    older = _duplicate(issue, prompt.open_issues)
    if older is not None:
        reason = f"the title reads like issue #{older}, which is open."
        answer |= {"decision": "duplicate", "duplicate_of": older, "reason": reason}
        return answer
    unwanted, excluding = best["out"]
    if excluding and unwanted >= LEAST and unwanted > MARGIN * wanted:
        shared = ", ".join(_shared(excluding, f"{title} {body}"))
        reason = f"the issue shares its words most with an excluded clause ({shared})."
        return {"decision": "reject", "clause": excluding.text, "reason": reason}
    if len(re.findall(r"\w+", body)) < FEWEST_WORDS:
        reason = "the issue has a title and next to no text."
        return answer | {"decision": "ask", "reason": reason, "question": QUESTION}
    shared = ", ".join(_shared(clause, f"{title} {body}")) if clause else ""
    why = f"shares the words {shared} with this clause" if shared else "is excluded by no clause"
    return answer | {"reason": f"the issue {why}."}


def _best(clauses: list[Clause], side: str, title: str, body: str) -> tuple[float, Clause | None]:
    """Return the clause of a side that the issue shares most with; the first one on a draw."""
    weights = _weights(clauses)
    best: tuple[float, Clause | None] = (0.0, None)
    for clause in clauses:
        score = _score(clause, title, body, weights) if clause.side == side else -1.0
        if score > best[0] or (best[1] is None and score == 0):
            best = (score, clause)
    return best


def clauses_of(mission: str) -> list[Clause]:
    """Cut a mission into clauses, each with the side that its heading puts it on."""
    text = re.sub(r"\A---\n.*?\n---\n", "", mission, flags=re.DOTALL)
    clauses: list[Clause] = []
    side: Side = "goal"
    for line in text.split("\n"):
        heading = re.match(r"^\s*(?:#+\s*(.+?)\s*#*|\*\*(.+?)\*\*:?)\s*$", line)
        if heading:
            side = _side((heading[1] or heading[2]).lower())
            continue
        cited = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", line).strip()
        bullet = cited != line.strip()
        if not cited:
            continue
        if not bullet and clauses and clauses[-1].side == side and line.startswith("  "):
            last = clauses.pop()
            clauses.append(Clause(last.text, side, last.words | words_of(cited)))
        else:
            own = "out" if side in {"in", "goal"} and _excludes(cited) else side
            clauses.append(Clause(cited, own, frozenset(words_of(cited))))
    return clauses


def _side(heading: str) -> Side:
    if _OUT.search(heading):
        return "out"
    if _RULES.search(heading):
        return "rule"
    return "in" if _IN.search(heading) else "goal"


def _excludes(line: str) -> bool:
    return bool(re.match(r"(?:out of scope|not in scope|never|we do not|no )\b", line.lower()))


def words_of(text: str) -> set[str]:
    """Return the stems of the words that carry meaning."""
    return set(stems(text))


def stems(text: str) -> list[str]:
    """Return stems in order, identifiers taken apart."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    return [stem(word) for word in words if word not in _STOP and len(word) > 1]


def stem(word: str) -> str:
    """Cut the commonest English endings."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):  # noqa: PLR2004
            root = word.removesuffix(ending)
            root = root + "y" if ending in {"ies", "ied"} else root
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] else root.rstrip("e")  # noqa: PLR2004
    return word.rstrip("e") if len(word) > 3 else word  # noqa: PLR2004


def _weights(clauses: Iterable[Clause]) -> dict[str, float]:
    everything = list(clauses)
    counts: dict[str, int] = {}
    for clause in everything:
        for word in clause.words:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + len(everything) / count) for word, count in counts.items()}


def _score(clause: Clause, title: str, body: str, weights: dict[str, float]) -> float:
    """Weigh shared words, title words more, against the size of the clause."""
    in_title, in_body = words_of(title), words_of(body)
    total = sum(weights[word] for word in clause.words)
    if not total:
        return 0.0
    got = sum(
        weights[word] * (TITLE_WEIGHT if word in in_title else 1.0)
        for word in clause.words & (in_title | in_body)
    )
    return got / math.sqrt(total)


def _shared(clause: Clause, text: str) -> list[str]:
    found = {
        word.lower()
        for word in re.findall(r"[A-Za-z]+", text)
        if word.lower() not in _STOP and stem(word.lower()) in clause.words
    }
    return sorted(found)


def _duplicate(issue: JsonObject, others: list[JsonObject]) -> int | None:
    """Return the lowest older issue whose text is nearly the same."""
    own = words_of(f"{issue.get('title') or ''} {issue.get('body') or ''}")
    title = words_of(str(issue.get("title") or ""))
    number = issue.get("number")
    for other in sorted(others, key=lambda each: int(each.get("number") or 0)):
        if not isinstance(number, int) or int(other.get("number") or 0) >= number:
            continue
        theirs = words_of(str(other.get("title") or ""))
        if other.get("body"):
            theirs |= words_of(str(other["body"]))
            if _alike(own, theirs):
                return int(other["number"])
        elif len(theirs) > 1 and _alike(title, theirs):
            return int(other["number"])
    return None


def _alike(one: set[str], other: set[str]) -> bool:
    return bool(one and other) and len(one & other) >= ALIKE * len(one | other)
