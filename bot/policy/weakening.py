"""Whether a change to a test file takes something away from what it proves."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

_SKIPS = {"skip", "skipif", "skipunless", "xfail", "importorskip", "skiptest", "expectedfailure"}
_PROOFS = ("assert", "raises", "warns", "fail")
_TEXT_PROOF = re.compile(r"\b(assert\w*|expect|should|require)\b|t\.(Error|Fatal)")
_TEXT_TEST = re.compile(r"\b(it|test|describe)\(|\bfunc Test|\bTEST(_F|_P)?\(|#\[test\]")
_TEXT_SKIP = re.compile(r"\b(skip|xit|xdescribe|xtest|todo|ignore)\b|t\.Skip", re.IGNORECASE)


@dataclass(slots=True)
class Proof:
    """What one function of a test file does."""

    asserts: int = 0
    skips: int = 0
    returns: int = 0
    cases: int = 0


def weakened(path: str, old: str, new: str) -> Iterator[str]:
    """Yield one sentence for each way in which `new` proves less than `old`."""
    before = proofs(old) if path.endswith(".py") else None
    if before is None:
        yield from _by_text(old, new)
        return
    after = proofs(new)
    if after is None:
        yield "it can no longer be parsed as Python"
        return
    for name, proof in before.items():
        if name not in after:
            if _is_test_name(name):
                yield f"`{name}` is gone"
        else:
            yield from _compare(name, proof, after[name])
    known_skips = sum(proof.skips for proof in before.values())
    if sum(after[name].skips for name in before if name in after) > known_skips:
        yield "a skip or expected-failure marker was added"


def _compare(name: str, before: Proof, after: Proof) -> Iterator[str]:
    """Compare one function with itself."""
    where = f"`{name}`" if name else "the module"
    if after.asserts < before.asserts:
        yield f"{where} asserts {after.asserts} times, {before.asserts} before"
    if after.cases < before.cases:
        yield f"{where} runs {after.cases} listed cases, {before.cases} before"
    if _is_test_name(name) and after.returns > before.returns:
        yield f"{where} can now return early"


def proofs(source: str) -> dict[str, Proof] | None:
    """Return each function by qualified name (the module itself is ``""``), None if unparsable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        found: dict[str, Proof] = {"": Proof()}
        _walk(tree, "", found)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return found


def _walk(node: ast.AST, owner: str, found: dict[str, Proof]) -> None:
    """Count everything below `node` for the function or class that owns it."""
    for child in ast.iter_child_nodes(node):
        name = owner
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{owner}.{child.name}".removeprefix(".")
            found.setdefault(name, Proof())
        _count(child, found[name])
        _walk(child, name, found)


def _count(node: ast.AST, proof: Proof) -> None:
    """Add one node to a proof."""
    match node:
        case ast.Assert(test=ast.Constant()):
            pass
        case ast.Assert():
            proof.asserts += 1
        case ast.Return():
            proof.returns += 1
        case ast.Call(func=function):
            called = _last(function)
            proof.asserts += called.lower().startswith(_PROOFS)
            if called == "parametrize":
                proof.cases += sum(
                    len(arg.elts) for arg in node.args[1:2] if isinstance(arg, ast.List | ast.Tuple)
                )
        case ast.Assign(
            targets=[ast.Name(id="__test__" | "collect_ignore" | "collect_ignore_glob")]
        ):
            proof.skips += 1
        case _:
            pass
    if isinstance(node, ast.Attribute | ast.Name) and _last(node).lower() in _SKIPS:
        proof.skips += 1


def _last(node: ast.AST) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _is_test_name(name: str) -> bool:
    return name.rpartition(".")[2].lower().startswith("test")


def _by_text(old: str, new: str) -> Iterator[str]:
    """Compare other languages, and Python that does not parse, by counting telling words."""
    for pattern, noun in ((_TEXT_TEST, "tests"), (_TEXT_PROOF, "assertions")):
        before, after = len(pattern.findall(old)), len(pattern.findall(new))
        if after < before:
            yield f"it holds {after} {noun}, {before} before"
    if len(_TEXT_SKIP.findall(new)) > len(_TEXT_SKIP.findall(old)):
        yield "a skip or ignore marker was added"
