"""A small, safe arithmetic language: what a scenario may compute, and nothing else.

Numbers are int and Decimal, so money is exact. A dot is a look-up in a mapping, never a Python
attribute. Every evaluation has a bound on steps, on the size of numbers and on lengths.
"""

import ast
import decimal
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.validator.functions import (
    CONTEXT,
    FUNCTIONS,
    MAX_MAGNITUDE,
    ExpressionError,
    bounded,
    number,
)

MAX_SOURCE = 2_000
MAX_STEPS = 300_000
"""A long text or list costs an eighth of its length each time it is touched."""
MAX_EXPONENT = 64
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


def _power(base: Any, exponent: Any) -> Any:
    """Raise to a small whole power."""
    if not isinstance(exponent, int) or abs(exponent) > MAX_EXPONENT:
        raise ExpressionError("the power must be a whole number of at most 64")
    return number(base) ** exponent if exponent < 0 or isinstance(base, Decimal) else base**exponent


def _plus(left: Any, right: Any) -> Any:
    """Add numbers, or join two texts or two lists."""
    for kind in (str, list):
        if isinstance(left, kind) and isinstance(right, kind):
            return left + right  # type: ignore[operator]
    return _numeric(operator.add)(left, right)


def _numeric(action: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Restrict an operator to numbers: no repeated texts, no percent formatting."""

    def apply(left: Any, right: Any) -> Any:
        for side in (left, right):
            if not isinstance(side, int | Decimal | float):
                raise ExpressionError("this operator takes numbers")
        if isinstance(left, float) or isinstance(right, float):
            left, right = number(left), number(right)
        return action(left, right)

    return apply


_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _plus,
    ast.Sub: _numeric(operator.sub),
    ast.Mult: _numeric(operator.mul),
    ast.Div: _numeric(lambda a, b: number(a) / number(b)),
    ast.FloorDiv: _numeric(operator.floordiv),
    ast.Mod: _numeric(operator.mod),
    ast.Pow: _numeric(_power),
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_ALLOWED = (
    *(ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Store, ast.BinOp, ast.UnaryOp),
    *(ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.IfExp, ast.Call, ast.Dict, ast.List),
    *(ast.Tuple, ast.Subscript, ast.Attribute, ast.ListComp, ast.GeneratorExp, ast.comprehension),
    *_BINARY,
    *_UNARY,
    *_COMPARE,
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression, known to use nothing outside the language."""

    source: str
    tree: ast.expr
    names: frozenset[str]
    """The free names it needs."""

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Compute the value; every failure is an ExpressionError."""
        try:
            with decimal.localcontext(CONTEXT):
                return _Evaluation(self.source, dict(names)).value(self.tree)
        except ExpressionError:
            raise
        except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise ExpressionError(f"cannot be computed: {type(error).__name__}") from None
        except RecursionError:
            raise ExpressionError("nested too deeply") from None


def parse(source: str) -> Expression:
    """Read an expression or raise ExpressionError, before anything is evaluated."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError("longer than 2000 characters")
    source = source.strip()
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError("not an expression") from None
    bound: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        _check(node)
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else used).add(node.id)
    return Expression(source, tree.body, frozenset(used - bound - set(FUNCTIONS) - set(_CONSTANTS)))


def _check(node: ast.AST) -> None:
    """Refuse a node that is not of the language."""
    if not isinstance(node, _ALLOWED):
        raise ExpressionError(f"{type(node).__name__} is not part of the language")
    if isinstance(node, ast.Name) and node.id.startswith("_"):
        raise ExpressionError("names do not begin with an underscore")
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        raise ExpressionError("names do not begin with an underscore")
    if isinstance(node, ast.Constant) and not isinstance(
        node.value, int | float | str | bool | None
    ):
        raise ExpressionError("only numbers, texts, true and false are constants")
    if isinstance(node, ast.Call) and not (
        isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
    ):
        raise ExpressionError("only the listed functions can be called, with plain arguments")
    if isinstance(node, ast.comprehension) and (
        node.is_async or not isinstance(node.target, ast.Name)
    ):
        raise ExpressionError("a comprehension binds one plain name")
    if isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) != 1:
        raise ExpressionError("a comprehension has one loop")
    if isinstance(node, ast.Dict) and None in node.keys:
        raise ExpressionError("no unpacking")


@dataclass(slots=True)
class _Evaluation:
    """One walk over a tree, counting its steps."""

    source: str
    names: dict[str, Any]
    steps: int = field(default=0)

    def value(self, node: ast.expr) -> Any:
        """Compute one node and bound what came out."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise ExpressionError("too many steps")
        result = self._compute(node)
        if isinstance(result, str | list | dict):
            self.steps += len(result) // 8
            bounded(len(result))
        if isinstance(result, int | Decimal) and not -MAX_MAGNITUDE <= result <= MAX_MAGNITUDE:
            raise ExpressionError("too large")
        return result

    def _compute(self, node: ast.expr) -> Any:  # noqa: C901, PLR0912  one arm per node
        match node:
            case ast.Constant(value=float()):
                text = ast.get_source_segment(self.source, node) or str(node.value)
                return number(text.replace("_", ""))
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._name(node.id)
            case ast.BinOp():
                return _BINARY[type(node.op)](self.value(node.left), self.value(node.right))
            case ast.UnaryOp():
                return _UNARY[type(node.op)](self.value(node.operand))
            case ast.BoolOp():
                return self._bool(node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                return self.value(node.body if self.value(node.test) else node.orelse)
            case ast.Call(func=ast.Name(id=name)):
                return FUNCTIONS[name](*[self.value(argument) for argument in node.args])
            case ast.List() | ast.Tuple():
                return [self.value(item) for item in node.elts]
            case ast.Dict():
                keys = [self.value(key) for key in node.keys if key is not None]
                return dict(zip(keys, map(self.value, node.values), strict=True))
            case ast.Subscript():
                return self._item(self.value(node.value), self.value(node.slice))
            case ast.Attribute():
                return self._item(self.value(node.value), node.attr)
            case ast.ListComp() | ast.GeneratorExp():
                return self._loop(node)
            case _:
                raise ExpressionError("not part of the language")

    def _name(self, name: str) -> Any:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name not in self.names:
            raise ExpressionError("a name is not defined")
        return self.names[name]

    @staticmethod
    def _item(container: Any, key: Any) -> Any:
        if isinstance(container, Mapping | list | str) and isinstance(key, str | int):
            return container[key]  # type: ignore[index]
        raise ExpressionError("only mappings, lists and texts have items")

    def _bool(self, node: ast.BoolOp) -> Any:
        result: Any = isinstance(node.op, ast.And)
        for operand in node.values:
            result = self.value(operand)
            if bool(result) is isinstance(node.op, ast.Or):
                break
        return result

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for action, operand in zip(node.ops, node.comparators, strict=True):
            right = self.value(operand)
            if isinstance(left, float) or isinstance(right, float):
                left, right = (number(x) if isinstance(x, float) else x for x in (left, right))
            if not _COMPARE[type(action)](left, right):
                return False
            left = right
        return True

    def _loop(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        loop = node.generators[0]
        if not isinstance(loop.target, ast.Name):
            raise ExpressionError("a comprehension binds one plain name")
        name = loop.target.id
        outer = dict(self.names)
        result = []
        for item in list(self.value(loop.iter)):
            self.names = {**outer, name: item}
            if all(self.value(condition) for condition in loop.ifs):
                result.append(self.value(node.elt))
        self.names = outer
        return result
