"""Read examples out of an issue text: what was run, what came out, what should have come out.

Real issues vary, so this reads generously: doctest transcripts, shell sessions, assertions,
trailing comments, tables, and prose such as "`f(2)` returns `3` instead of `4`". A value gets a
polarity: *expected*, *actual*, or *neutral* when the words do not say. Whether a neutral value is
the wrong or the right one is settled later by running it: what holds already is no wish.
"""

import ast
import dataclasses
import doctest
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from twins.anthropic.search.engine.cues import (
    ACTUAL,
    ARROW,
    EXIT,
    EXPECT,
    FIRM,
    FLIP,
    JOINED,
    LABEL,
    PYTHON_LANGUAGES,
    RAISE,
    SAME,
    SHELL_LANGUAGES,
    SPAN,
    bare_values,
    expression,
    has_call,
    has_data,
    is_command,
    is_exception,
    is_hoped,
    is_print,
    mutates,
    polarity_of,
    split_comment,
)
from twins.anthropic.search.engine.markdown import Block, blocks_of
from twins.anthropic.search.engine.shapes import Example, Polarity

SHORT = 40
"""A sentence shorter than this can be a label."""


class Subject(NamedTuple):
    """Something that can be run and about which the text then makes claims."""

    kind: Literal["expr", "script", "shell"]
    code: str
    setup: str = ""


def examples_of(issue: str) -> list[Example]:
    """Return every example that the issue states, in reading order, without repetition."""
    reader = Reader()
    for block in blocks_of(issue):
        reader.read(block)
    seen: dict[Example, Example] = {}
    for example in settled(reader.found):
        if example not in seen or seen[example].weak:
            seen[example] = example
    return list(seen.values())


def settled(found: list[Example]) -> Iterator[Example]:
    """Leave out what a sentence says against a labelled expectation of the same call.

    Two values that nobody labelled stay side by side until they are run: see `wishes_of`.
    """
    firm: dict[str, set[str]] = {}
    for example in found:
        if example.polarity == "expected" and example.states_output and not example.weak:
            firm.setdefault(example.code, set()).add(_bare(example.want))
    for example in found:
        against = firm.get(example.code, set()) if example.weak else set()
        contradicts = bool(against) and _bare(example.want) not in against
        if example.polarity == "actual" or not (example.states_output and contradicts):
            yield example


def _bare(want: str) -> str:
    return want.strip().strip("'\"")


class Reader:
    """Walks through the blocks, remembering what was run last and what was set up."""

    def __init__(self) -> None:
        self.found: list[Example] = []
        self.subject: Subject | None = None
        self.setup: list[str] = []
        self.label: Polarity = "neutral"
        self.columns: list[Polarity | None] = []

    def read(self, block: Block) -> None:
        """Take one block in."""
        if block.kind == "row":
            self._row(block.text)
            return
        self.columns = []
        if block.kind == "prose":
            self._prose(block.text)
        elif ">>>" in block.text:
            self._transcript(block)
        elif self._is_session(block):
            self._session(block)
        elif not self._code(block):
            self._plain(block)

    def claim(self, value: str, polarity: Polarity, context: str = "") -> None:
        """Record that the current subject has this value."""
        value = value.strip()
        if self.subject is None or not value:
            return
        kind, code, setup = self.subject
        mode: Literal["value", "stdout", "raises", "survives"]
        if is_exception(value) and (RAISE.search(context) or kind != "shell"):
            mode, value = "raises", value.rsplit(".", 1)[-1]
        elif kind == "expr":
            mode = "value"
        else:
            mode = "stdout"
        self.found.append(Example(kind, code, mode, value, polarity, setup))
        if mode == "raises" and polarity == "actual":
            self.found.append(Example(kind, code, "survives", value, "neutral", setup))

    # ---- fences

    def _is_session(self, block: Block) -> bool:
        lines = [line for line in block.text.split("\n") if line.strip()]
        if any(line.startswith("$ ") for line in lines):
            return True
        first = lines[0] if lines else ""
        return block.language in SHELL_LANGUAGES | {""} and is_command(first)

    def _session(self, block: Block) -> None:
        prompt = any(line.startswith("$ ") for line in block.text.split("\n"))
        command, label = "", self._label_of(block.intro)
        output: list[str] = []
        for line in [*block.text.split("\n"), "$ "]:
            if line.startswith("$ ") or (not prompt and is_command(line)):
                self._said(command, output, label)
                command, output = line.removeprefix("$ ").split("  #")[0].strip(), []
                comment = line.partition("  #")[2]
                if command:
                    self.subject = Subject("shell", command)
                if comment:
                    self._values(comment, bare_first=True)
            else:
                output.append(line)
        self.label = "neutral"
        if not prompt:
            self._said(command, output, label)

    def _said(self, command: str, output: list[str], label: Polarity) -> None:
        if not command:
            return
        self.subject = Subject("shell", command)
        kept: list[str] = []
        mode = label
        for line in output:
            named = LABEL.match(line.lstrip("# "))
            if named:
                self._close(kept, mode)
                kept, mode = [named["rest"]], polarity_of(named["word"] + named["more"])
            else:
                kept.append(line)
        self._close(kept, mode)

    def _close(self, lines: list[str], polarity: Polarity) -> None:
        text = "\n".join(lines).strip()
        if not text:
            return
        if "Traceback (most recent call last)" in text:
            self.claim(text.rsplit("\n", 1)[-1].split(":")[0].strip(), polarity, "raises")
        else:
            self.claim(text, polarity)

    def _transcript(self, block: Block) -> None:
        label = self._label_of(block.intro)
        text = "\n".join(line.rstrip() for line in block.text.split("\n"))
        try:
            parsed = doctest.DocTestParser().get_examples(text + "\n")
        except ValueError:
            return
        if self.setup and parsed and parsed[0].source == self.setup[0]:
            # A session told twice, once as it is and once as it should be, starts again.
            self.setup.clear()
        for index, item in enumerate(parsed):
            source, comment = split_comment(item.source.rstrip("\n"))
            if expression(source) is None:
                self.setup.append(item.source)
                continue
            self.subject = Subject("expr", source.strip(), "\n".join(self.setup))
            if comment:
                self._values(comment, bare_first=True)
            want, named = self._split_want(item.want)
            if item.exc_msg is not None:
                self.claim(item.exc_msg.split(":")[0].strip(), label, "raises")
            elif want:
                polarity: Polarity = "expected" if label == "expected" else "neutral"
                self.claim(want, "actual" if label == "actual" else polarity)
            for line in named:
                self._prose(line)
            silent = not (item.want or comment) and index + 1 < len(parsed)
            acts = mutates(source, self.setup) or (silent and has_call(source))
            if item.exc_msg is None and acts:
                self.setup.append(item.source)
        self.label = "neutral"

    @staticmethod
    def _split_want(want: str) -> tuple[str, list[str]]:
        values: list[str] = []
        named: list[str] = []
        for line in want.rstrip("\n").split("\n"):
            into = named if LABEL.match(line.lstrip("# ")) or line.startswith("#") else values
            into.append(line.lstrip("# ") if into is named else line)
        return "\n".join(values).strip(), named

    def _code(self, block: Block) -> bool:
        """Read a block of Python statements; False when it is none."""
        if block.language not in PYTHON_LANGUAGES or has_data(block.text):
            return False
        text = "\n".join(
            ARROW.sub("  # ", line) if has_call(ARROW.split(line)[0]) else line
            for line in block.text.split("\n")
        )
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return False
        telling = (ast.Call, ast.Assert, ast.Import, ast.ImportFrom)
        if not any(isinstance(node, telling) for node in ast.walk(tree)):
            return False
        single = len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)
        label = self._label_of(block.intro)
        if single and self.subject and label != "neutral" and not is_print(tree.body[0]):
            self.claim(block.text.strip(), label)
            return True
        self._statements(text, tree)
        return True

    def _statements(self, text: str, tree: ast.Module) -> None:
        lines = text.split("\n")
        before = "\n".join(self.setup)
        tests = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
        ]
        if tests:
            calls = "\n".join(f"{name}()" for name in tests)
            self.found.append(Example("script", f"{text}\n{calls}", "true", "", "expected", before))
            return
        printing = False
        for node in tree.body:
            source = ast.get_source_segment(text, node) or ""
            setup = "\n".join(self.setup)
            comment = split_comment(lines[(node.end_lineno or 1) - 1])[1]
            if isinstance(node, ast.Assert):
                self.found.append(Example("script", source, "true", "", "expected", setup))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare):
                self._comparison(node.value, setup, "neutral")
            elif isinstance(node, ast.Expr):
                printed = is_print(node)
                printing = printing or printed
                code = source
                if printed and isinstance(node.value, ast.Call) and len(node.value.args) == 1:
                    code = ast.unparse(node.value.args[0])
                self.subject = Subject("expr", code, setup)
                following = self._comment_below(lines, node.end_lineno or 1)
                for words in filter(None, (comment, following)):
                    self._values(words, bare_first=True)
                if mutates(source, self.setup):
                    self.setup.append(source)
            else:
                self.setup.append(source)
        if printing and sum(map(is_print, tree.body)) > 1:
            self.subject = Subject("script", text, before)

    @staticmethod
    def _comment_below(lines: list[str], line: int) -> str:
        below = lines[line].strip() if line < len(lines) else ""
        return below.lstrip("# ") if below.startswith("#") else ""

    def _comparison(self, node: ast.Compare, setup: str, polarity: Polarity) -> None:
        code = ast.unparse(node)
        if has_call(code):
            self.found.append(Example("expr", code, "value", "True", polarity, setup))
            if isinstance(node.ops[0], ast.Eq):
                self.subject = Subject("expr", ast.unparse(node.left), setup)

    def _plain(self, block: Block) -> None:
        """Read a block that is no code: labelled lines, or the output of the last subject."""
        lines = [line for line in block.text.split("\n") if line.strip()]
        if any(LABEL.match(line) or has_call(line) or is_command(line) for line in lines):
            kept: list[str] = []
            for line in lines:
                first, *rest = ARROW.split(line, maxsplit=1)
                if self._take_subject(first):
                    for value in rest:
                        self.claim(value, "neutral")
                elif LABEL.match(line):
                    self._prose(line)
                else:
                    kept.append(line)
            if self.label != "neutral" and kept:
                self.claim("\n".join(kept), self.label)
            return
        label = self._label_of(block.intro)
        self._close(block.text.split("\n"), label)
        self.label = "neutral"

    def _label_of(self, intro: str) -> Polarity:
        tail = re.split(r"(?<=[.;!?])\s", intro)[-1] if intro else ""
        leads = tail.rstrip("*_ ").endswith(":") or len(tail) < SHORT
        said = polarity_of(tail) if leads else "neutral"
        return said if said != "neutral" else self.label

    # ---- prose

    def _row(self, line: str) -> None:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            return
        if not self.columns:
            self.columns = [
                polarity_of(cell) if EXPECT.search(cell) or ACTUAL.search(cell) else None
                for cell in cells
            ]
            return
        for cell in cells:
            self._take_subject(cell.strip("` "))
        for cell, polarity in zip(cells, self.columns, strict=False):
            if polarity:
                self.claim(cell.strip("` "), polarity, cell)

    def _take_subject(self, text: str) -> bool:
        if is_command(text):
            self.subject = Subject("shell", text.strip().removeprefix("$ "))
        elif has_call(text):
            self.subject = Subject("expr", text.strip(), "\n".join(self.setup))
        else:
            return False
        return True

    def _prose(self, text: str) -> None:
        named = LABEL.match(text)
        heading = re.match(r"^\s*(?:#+\s*|\*\*)?([\w ]{3,40}?)(?:\*\*)?:?(?:\*\*)?\s*$", text)
        if named and named["rest"].strip():
            self._labelled(named)
            return
        if heading and not text.startswith("#") and any(bare_values(text, (), first=False)):
            heading = None
        if heading and (EXPECT.search(heading[1]) or ACTUAL.search(heading[1])):
            self.label = polarity_of(heading[1])
            return
        if heading and text.lstrip().startswith("#"):
            self.label = "neutral"
        before = len(self.found)
        self._values(text, start=self.label)
        if self.label == "neutral":
            said = self.found[before:]
            self.found[before:] = [dataclasses.replace(each, weak=True) for each in said]

    def _labelled(self, named: re.Match[str]) -> None:
        """Read `Expected: ...`; the rest is a value, unless it holds a sentence about one."""
        polarity = polarity_of(named["word"] + named["more"])
        rest = named["rest"].strip()
        if has_call(rest.strip("`")) and self.subject is None:
            self._take_subject(rest.strip("`"))
            return
        before = len(self.found)
        exits = EXIT.search(rest)
        if exits and self.subject and self.subject.kind == "shell":
            self._exit(exits[1], polarity)
            return
        other = re.search(
            r"[,;.]\s*((?:but |and )?(?:got|actual|expected|should be|instead of).*)$",
            rest,
            re.IGNORECASE,
        )
        first = rest[: other.start()] if other else rest
        sentence = re.match(r"(.+?)[.;]\s+(?=[A-Z])", first)
        if sentence and expression(sentence[1]) is not None:
            first = sentence[1]
        if "`" in first:
            self._values(first, start=polarity)
        else:
            self.claim(re.sub(r"(?<=\S)\.$", "", first), polarity, first)
        if other:
            self._values(other[1], start="actual" if polarity == "expected" else "expected")
        if len(self.found) == before and self.subject:
            self.claim(rest.strip("`"), polarity, rest)

    def _exit(self, code: str, polarity: Polarity) -> None:
        if self.subject:
            self.found.append(Example("shell", self.subject.code, "exit", code, polarity))

    def _values(self, text: str, *, start: Polarity = "neutral", bare_first: bool = False) -> None:
        """Read the claims of one sentence or comment about the subject, in order."""
        pending: list[tuple[str, Polarity, str]] = []
        previous: Polarity | None = None
        cut, lead = 0, ""
        for left, right, token, is_code in self._tokens(text, bare_first=bare_first):
            words = re.split(r"(?<=[.;!?])\s", text[cut:left])[-1] if cut else text[cut:left]
            polarity = polarity_of(words, text[right : right + 25], previous)
            if polarity == "neutral" or (start == "expected" and not FIRM.search(words)):
                polarity = start if not FLIP.search(words) else polarity
            if previous and JOINED.match(words):
                polarity = previous
            elif is_hoped(lead, words):
                polarity = "expected"
            lead = ""
            parts = ARROW.split(token, maxsplit=1) if is_code else [token]
            if is_code and self._is_subject(parts[0], words):
                self._subject_with_value(parts, polarity)
                lead = words
                for value, said, context in pending:
                    self.claim(value, said, context)
                pending.clear()
            elif self.subject is None:
                pending.append((token, polarity, words))
            elif is_code and not self._is_value(token):
                continue
            else:
                exits = EXIT.search(text[max(0, left - 30) : right])
                if exits and exits[1] == token and self.subject.kind == "shell":
                    self._exit(token, polarity)
                else:
                    self.claim(token, polarity, words)
                previous = polarity
            cut = right

    def _is_value(self, token: str) -> bool:
        """Leave out names of files, functions and options quoted in passing."""
        if is_exception(token) or (self.subject and self.subject.kind == "shell"):
            return not re.fullmatch(r"-{1,2}[\w-]+|[\w/]+\.py", token)
        tree = expression(token)
        if isinstance(tree, ast.Name):
            return False
        return tree is not None or not re.search(r"[()=]", token)

    def _is_subject(self, token: str, words: str) -> bool:
        if is_command(token):
            return True
        tree = expression(token)
        if tree is None or not has_call(token):
            return False
        root = tree.func if isinstance(tree, ast.Call) else tree
        looks_built = isinstance(root, ast.Name) and root.id[:1].isupper()
        cued = EXPECT.search(words) or ACTUAL.search(words)
        is_value = SAME.search(words) or (looks_built and cued)
        return not (self.subject and is_value)

    def _subject_with_value(self, parts: list[str], polarity: Polarity) -> None:
        tree = expression(parts[0])
        setup = "\n".join(self.setup)
        if isinstance(tree, ast.Compare) and len(parts) == 1:
            said: Polarity = "neutral" if polarity == "actual" else polarity
            self._comparison(tree, setup, said)
            return
        self._take_subject(parts[0])
        if len(parts) > 1:
            self.claim(parts[1], polarity)

    @staticmethod
    def _tokens(text: str, *, bare_first: bool) -> Iterator[tuple[int, int, str, bool]]:
        spans = [(m.start(), m.end(), m[2].strip(), True) for m in SPAN.finditer(text)]
        taken = [(left, right) for left, right, _, _ in spans]
        bare = list(bare_values(text, taken, first=bare_first))
        yield from sorted([*spans, *bare])
