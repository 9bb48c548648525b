"""A small, safe arithmetic language: what a scenario may compute, and nothing else.

Numbers are int and Decimal, so money is exact. A dot is a look-up in a mapping, never a Python
attribute. Every evaluation has a bound on steps, on the size of numbers and on lengths.
"""

import ast
import decimal
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

MAX_SOURCE = 2_000
MAX_STEPS = 300_000
"""A long text or list costs an eighth of its length each time it is touched."""
MAX_LENGTH = 65_536
MAX_MAGNITUDE = Decimal(10) ** 60
MAX_EXPONENT = 64
_CONTEXT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_EVEN, Emax=999, Emin=-999)
_SPEC = re.compile(r"^(?:.?[<>^])?[+]?0?\d{0,2},?(?:\.\d{1,2})?[dfsxX%]?$")
_ROUNDINGS = {
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}


_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class ExpressionError(ValueError):
    """The expression is not of this language, or cannot be evaluated on these values."""


def number(value: Any) -> Decimal:
    """Read a number from an int, a float, a Decimal, a numeric text or {"$decimal": text}."""
    if isinstance(value, Mapping) and set(value) == {"$decimal"}:
        value = value["$decimal"]
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ExpressionError("not a number")
    try:
        result = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except decimal.InvalidOperation:
        raise ExpressionError("not a number") from None
    if not result.is_finite() or abs(result) > MAX_MAGNITUDE:
        raise ExpressionError("not a number of reasonable size")
    return result


def _quantize(value: Any, places: int = 2, mode: str = "half-up") -> Decimal:
    """Round to decimal places: half-up, half-even, half-down, up, down, ceiling, floor."""
    if mode not in _ROUNDINGS or not -20 <= places <= 20:  # noqa: PLR2004  sane range
        raise ExpressionError("quantize: unknown mode or too many places")
    exponent = Decimal(1).scaleb(-places)
    return number(value).quantize(exponent, rounding=_ROUNDINGS[mode], context=_CONTEXT)


def _round(value: Any, places: int | None = None) -> Any:
    """Round half to even, to an int when no places are given."""
    return (
        int(_quantize(value, 0, "half-even"))
        if places is None
        else _quantize(value, places, "half-even")
    )


def _format(value: Any, spec: str = "") -> str:
    """Format one value by a short specification such as `.2f` or `,`."""
    if not isinstance(spec, str) or not _SPEC.match(spec):
        raise ExpressionError("format: this specification is not allowed")
    return format(value, spec)


def _lookup(container: Any, key: Any, default: Any = None) -> Any:
    """Find a key in a mapping or an index in a list, or give the default."""
    if isinstance(container, Mapping):
        return container.get(key, default)
    if (
        isinstance(container, list)
        and isinstance(key, int)
        and -len(container) <= key < len(container)
    ):
        return container[key]
    return default


def _total(values: Iterable[Any]) -> Any:
    """Add numbers up."""
    return sum(value if isinstance(value, int) else number(value) for value in values)


def _json(text: Any) -> Any:
    """Parse JSON text."""
    try:
        return json.loads(str(text), parse_float=number)
    except (ValueError, RecursionError):
        raise ExpressionError("not JSON") from None


def _add_days(day: str, count: int) -> str:
    """Move an ISO date by days."""
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": _round,
    "floor": lambda x: int(_quantize(x, 0, "floor")),
    "ceil": lambda x: int(_quantize(x, 0, "ceiling")),
    "quantize": _quantize,
    "number": number,
    "int": lambda x: int(number(x)),
    "float": lambda x: float(number(x)),
    "str": lambda x: str(x),  # noqa: PLW0108  a plain `str` would also be a type with attributes
    "len": len,
    "sum": _total,
    "any": any,
    "all": all,
    "sorted": sorted,
    "list": list,
    "range": lambda *a: _bounded(max(map(abs, a))) and list(range(*a)),
    "format": _format,
    "lookup": _lookup,
    "keys": list,
    "values": lambda m: list(m.values()),
    "json": _json,
    "lower": lambda s: s.lower(),
    "upper": lambda s: s.upper(),
    "strip": lambda s: s.strip(),
    "lines": lambda s: s.splitlines(),
    "split": lambda s, sep=None: s.split(sep),
    "join": lambda sep, parts: _bounded(len(sep) * len(parts)) and sep.join(parts),
    "replace": lambda s, old, new: _bounded(len(s) * len(new)) and s.replace(old, new),
    "startswith": lambda s, p: s.startswith(p),
    "endswith": lambda s, p: s.endswith(p),
    "add_days": _add_days,
    "days_between": lambda a, b: (date.fromisoformat(b) - date.fromisoformat(a)).days,
    "weekday": lambda day: date.fromisoformat(day).weekday(),
}


def _bounded(length: int) -> bool:
    """Refuse a length beyond the bound before anything of that length is built."""
    if length > MAX_LENGTH:
        raise ExpressionError("too long")
    return True


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
            with decimal.localcontext(_CONTEXT):
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
            _bounded(len(result))
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
