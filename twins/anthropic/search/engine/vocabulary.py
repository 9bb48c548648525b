"""What tends to be mistaken for what: families of operators, functions, methods and constants."""

import ast

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">", ">=", "=="),
    ast.LtE: ("<", ">=", ">", "=="),
    ast.Gt: (">=", "<", "<=", "=="),
    ast.GtE: (">", "<=", "<", "=="),
    ast.Eq: ("!=", ">=", "<=", "in"),
    ast.NotEq: ("==", "<", ">"),
    ast.Is: ("is not", "=="),
    ast.IsNot: ("is", "!="),
    ast.In: ("not in", "=="),
    ast.NotIn: ("in", "!="),
}
COMPARISON_TEXT: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
ARITHMETIC: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-", "*", "|"),
    ast.Sub: ("+", "*", "%"),
    ast.Mult: ("/", "+", "//", "**"),
    ast.Div: ("//", "*", "%"),
    ast.FloorDiv: ("/", "%", "*"),
    ast.Mod: ("//", "/", "-"),
    ast.Pow: ("*",),
    ast.BitAnd: ("|", "^"),
    ast.BitOr: ("&", "^"),
    ast.BitXor: ("|", "&"),
    ast.LShift: (">>",),
    ast.RShift: ("<<",),
}
ARITHMETIC_TEXT: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
FAMILIES: tuple[tuple[str, ...], ...] = (
    ("floor", "ceil", "trunc", "round"),
    ("int", "round", "float", "math.ceil", "math.floor"),
    ("min", "max", "sum"),
    ("any", "all"),
    ("sorted", "reversed", "list"),
    ("strip", "lstrip", "rstrip"),
    ("lower", "upper", "casefold", "title", "capitalize"),
    ("startswith", "endswith"),
    ("find", "rfind", "index"),
    ("index", "rindex"),
    ("split", "rsplit", "splitlines"),
    ("partition", "rpartition"),
    ("append", "extend", "add", "update"),
    ("insert", "append"),
    ("append", "appendleft"),
    ("pop", "popleft"),
    ("remove", "discard"),
    ("ljust", "rjust", "center", "zfill"),
    ("isdigit", "isalpha", "isalnum", "isdecimal", "isnumeric"),
    ("match", "search", "fullmatch"),
    ("keys", "values", "items"),
    ("get", "setdefault", "pop"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset", "isdisjoint"),
    ("date", "datetime"),
    ("days", "seconds", "total_seconds()"),
    ("weekday", "isoweekday"),
    ("now", "utcnow"),
    ("dumps", "dump"),
    ("loads", "load"),
    ("bisect", "bisect_left", "bisect_right"),
    ("heappush", "heappushpop", "heapreplace"),
    ("nlargest", "nsmallest"),
    ("removeprefix", "lstrip", "removesuffix", "rstrip", "strip"),
    (
        "ROUND_HALF_UP",
        "ROUND_HALF_EVEN",
        "ROUND_HALF_DOWN",
        "ROUND_UP",
        "ROUND_DOWN",
        "ROUND_CEILING",
        "ROUND_FLOOR",
    ),
    ("DOTALL", "MULTILINE", "IGNORECASE"),
    ("ValueError", "TypeError", "KeyError", "LookupError", "IndexError", "Exception"),
    ("list", "tuple", "set", "sorted", "frozenset"),
    ("isinstance", "issubclass"),
    ("zip", "zip_longest"),
    ("permutations", "combinations", "product"),
)
SIBLINGS: dict[str, tuple[str, ...]] = {}
for _family in FAMILIES:
    for _member in _family:
        _others = tuple(name for name in _family if name != _member)
        SIBLINGS[_member] = tuple(dict.fromkeys((*SIBLINGS.get(_member, ()), *_others)))

WRAPS_METHOD = (".strip()", ".lower()", ".upper()", ".casefold()", ".copy()")
WRAPS_CALL = ("abs", "int", "str", "float", "list", "sorted", "set", "len", "round", "bool")
CONSTANTS = (0, 1, -1, 2)
